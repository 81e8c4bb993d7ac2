"""Which depot shows that a rule is switched off. How it is, by public names, is the table of
`tests/property/test_rules_switched_off.py`; there a test of its own fails, here a whole depot is over its limit, or
does what the rule is there to prevent.
"""

from dataclasses import dataclass, replace
from typing import Any

from domain.knowledge import background, meters
from domain.knowledge.meters import MeterMemory
from domain.knowledge.readings import KeptReading
from domain.knowledge.sendings import Moment
from tests.property.planting import Fault, always, asked, asked_given
from tests.property.test_rules_switched_off import RULES
from tests.scenes import table as field
from tests.worlds import effects, links, liveness, mixes, sums, swing, targeted

PROPERTIES = {
    "coarse links": links.fault_of_coarse_seed,
    "links": links.fault_of_seed,
    "liveness": liveness.fault_of_seed,
    "mixes": mixes.fault_of_seed,
    "sums": sums.fault_of_seed,
    "swing": swing.fault_of_seed,
}


def fault_of_place(name: str) -> str | None:
    """What is wrong in a depot made for a rule, or what a scene from the field misses."""
    if name in field.SCENES:
        scene = field.SCENES[name]
        return next(scene.kept.missed(scene.play()), None)
    return targeted.fault_of_scene(name) if name in targeted.SCENES else effects.fault_of_depot(name)


def the_newest(right: Any) -> Any:
    return lambda moment, instant: moment.sendings[-1] if moment.sendings else None


def just_read(of: Any) -> dict[str, MeterMemory]:
    return {circuit_id: replace(known, read_at=of.at) for circuit_id, known in of.memory.items()}


def safe_below_default(tree: Any) -> Any:
    nodes = [
        replace(each, safe_operating_capacity_w=min(each.safe_operating_capacity_w or 0, each.default_capacity_w - 1))
        if each.metered and each.default_capacity_w
        else each
        for each in tree.nodes
    ]
    return replace(tree, nodes=nodes)


PLANTED = {
    **{(each.name, each.fault.what): each.fault for each in RULES},
    ("R11", "nobody names a cycle"): Fault(
        KeptReading, "named_cycle_seq", "nobody names a cycle", always(property(lambda of: None))
    ),
    ("R12", "all that was sent counts as received"): Fault(
        Moment, "before", "all that was sent counts as received", the_newest
    ),
    ("R22", "what a meter showed once is known for ever"): Fault(
        meters, "relied_on", "what a meter showed once is known for ever", asked_given(memory=just_read)
    ),
    ("R24", "every fresh meter is relied on"): Fault(
        meters, "relied_on", "every fresh meter is relied on", asked(first=always(True))
    ),
    ("R28", "nothing is in doubt"): Fault(
        background, "Background", "nothing is in doubt", asked(unconfirmed=always(False), doubt_w=always(0))
    ),
    ("R29", "a safe capacity is always below the default one"): Fault(
        background, "assess", "a safe capacity is always below the default one", asked(tree=safe_below_default)
    ),
}
"""By rule and what is wrong: what a depot shows where one connector would need a rare coincidence, too."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A rule, how it is switched off, and where that is seen: a property and a seed, a depot or a scene made for it."""

    rule: str
    what: str
    where: str
    seed: int | None = None

    def __str__(self) -> str:
        return f"{self.rule}, {self.what}"

    @property
    def planted(self) -> Fault:
        return PLANTED[self.rule, self.what]

    def fault(self) -> str | None:
        """What is wrong in that depot; nothing with the rule in place."""
        return fault_of_place(self.where) if self.seed is None else PROPERTIES[self.where](self.seed)


SEEN = (
    Seen("R4", "power that is not known is none", "a_meter_above_power_that_nobody_knows"),
    Seen("R5", "nobody refuses", "refuses_to_be_lowered"),
    Seen("R6", "everything is plausible", "F5a a charger says thousandfold"),
    Seen("R7", "a live charge point makes all its demands fresh", "sessions_that_nobody_says_have_ended"),
    Seen("R8", "sendings go by the newest configuration", "validity_shortened"),
    Seen("R9", "only the newest setpoint stands", "links", 7),
    Seen("R10", "nothing confirmed is in force", "links", 0),
    Seen("R11", "nobody names a cycle", "links", 0),
    Seen("R12", "all that was sent counts as received", "links", 74),
    Seen("R13", "a newer sending is applied at once", "links", 5),
    Seen("R13", "nobody falls back", "links", 8),
    Seen("R14", "what a configuration lowers counts no more", "ratings_lowered_while_vehicles_pause"),
    Seen("R15", "the fallback joins when it may be in force", "heard_but_not_reached"),
    Seen("R16a", "a name confirms the newest", "links", 22),
    Seen("R16b", "a setpoint needs no grace", "links", 5),
    Seen("R16c", "the report is the confirmed limit", "coarse links", 0),
    Seen("R17", "nobody is below its fallback", "heard_but_not_reached"),
    Seen("R18", "everyone holds the fallback for itself", "outlets_that_share_a_fallback"),
    Seen("R19", "nothing wakes for a fallback", "nobody_speaks_often"),
    Seen("R20", "who is idle holds nothing", "sockets_that_never_rest"),
    Seen("R21", "who departs holds nothing", "sums", 2),
    Seen("R22", "what a meter showed once is known for ever", "take_overs_while_the_meter_is_silent"),
    Seen("R22", "what was known once is for ever", "over_while_workers_come_and_go"),
    Seen("R23", "who was not heard draws nothing", "ignores_its_limit_out_of_reach"),
    Seen("R24", "every fresh meter is relied on", "sums", 136),
    Seen("R25", "no meter is contradicted", "meter_in_kilowatts"),
    Seen("R26", "everyone draws what it reads", "sessions_that_nobody_says_have_ended"),
    Seen("R27", "the background is what is left now", "take_overs_while_the_meter_is_silent"),
    Seen("R28", "nothing is in doubt", "a_building_rises_behind_chargers_out_of_reach"),
    Seen("R29", "a safe capacity is always below the default one", "limit_lowered_below_the_safe_one"),
    Seen("R31", "everyone demands in full", "F15a a dual charger"),
    Seen("R32", "nobody follows", "a_vehicle_that_draws_a_third"),
    Seen("R33", "nobody stands by", "F15a a dual charger"),
    Seen("R34", "a factor rises slowly", "F2i told 92 %, a reading a minute"),
    Seen("R35", "a share is told as it is", "sums", 1),
    Seen("R36", "a setpoint is in force at once", "swing x3, 3 of 20"),
    Seen("R37", "nothing above the setpoint is bearable", "F2i told 92 %, a reading a minute"),
    Seen("R38", "no report is over", "says_that_it_ignores_its_limit"),
    Seen("R39", "a new setpoint restarts the time", "told_anew_every_few_seconds"),
    Seen("R40", "no factor explains anything", "F2j told 70 %"),
    Seen("R41", "all that obey again take part at once", "swing x3"),
)
"""A rule that is left out is seen in some depot."""
