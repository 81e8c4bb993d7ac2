"""Which depot shows that a rule is switched off. How it is, by public names, is the table of
`tests/property/test_rules_switched_off.py`; there a test of its own fails, here a whole depot is over its limit.
"""

from dataclasses import dataclass
from typing import Any

from domain.knowledge.readings import KeptReading
from domain.knowledge.sendings import Moment
from tests.property.planting import Fault, always
from tests.property.test_rules_switched_off import RULES
from tests.worlds import links, liveness, mixes, sums, swing
from tests.worlds.targeted import fault_of_scene

PROPERTIES = {
    "links": links.fault_of_seed,
    "liveness": liveness.fault_of_seed,
    "mixes": mixes.fault_of_seed,
    "sums": sums.fault_of_seed,
    "swing": swing.fault_of_seed,
}


def the_newest(right: Any) -> Any:
    return lambda moment, instant: moment.sendings[-1] if moment.sendings else None


PLANTED = {
    **{(each.name, each.fault.what): each.fault for each in RULES},
    ("R11", "nobody names a cycle"): Fault(
        KeptReading, "named_cycle_seq", "nobody names a cycle", always(property(lambda of: None))
    ),
    ("R12", "all that was sent counts as received"): Fault(
        Moment, "before", "all that was sent counts as received", the_newest
    ),
}
"""By rule and what is wrong: what a depot shows where one connector would need a rare coincidence, too."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A rule, how it is switched off, and where that is seen: a property and a seed, or a depot made for it."""

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
        return fault_of_scene(self.where) if self.seed is None else PROPERTIES[self.where](self.seed)


SEEN = (
    Seen("R9", "only the newest setpoint stands", "links", 7),
    Seen("R10", "nothing confirmed is in force", "links", 0),
    Seen("R11", "nobody names a cycle", "links", 0),
    Seen("R12", "all that was sent counts as received", "links", 74),
    Seen("R13", "a newer sending is applied at once", "links", 5),
    Seen("R13", "nobody falls back", "links", 8),
    Seen("R15", "the fallback joins when it may be in force", "heard_but_not_reached"),
    Seen("R16a", "a name confirms the newest", "links", 22),
    Seen("R16b", "a setpoint needs no grace", "links", 5),
    Seen("R17", "nobody is below its fallback", "heard_but_not_reached"),
    Seen("R19", "nothing wakes for a fallback", "nobody_speaks_often"),
    Seen("R21", "who departs holds nothing", "sums", 2),
    Seen("R25", "no meter is contradicted", "meter_in_kilowatts"),
    Seen("R27", "the background is what is left now", "take_overs_while_the_meter_is_silent"),
    Seen("R35", "a share is told as it is", "sums", 1),
)
