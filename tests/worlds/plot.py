"""What is drawn of a random depot, while it is being drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import Any

from domain.site.configuration import ChargePoint, Circuit, Settings, SiteConfiguration, Strategy
from tests.worlds.depot import Depot, Gauge, Visit
from tests.worlds.edits import Edit, timeline
from tests.worlds.habits import Habits, Outage, Span, Steps

NAMED_AFTER_S = 180
"""By then a charger that names cycles has named one; before that it is one like the others."""


@dataclass(slots=True)
class Plot:
    """A depot that is being drawn. All faults end before `quiet_s`, and from then on nobody comes, goes or changes."""

    draw: Random
    quiet_s: int
    settings: Settings = field(default_factory=Settings)
    circuits: list[Circuit] = field(default_factory=list)
    charge_points: list[ChargePoint] = field(default_factory=list)
    strategy: Strategy = field(default_factory=Strategy)
    habits: dict[str, Habits] = field(default_factory=dict)
    outages: dict[str, tuple[Outage, ...]] = field(default_factory=dict)
    refusals: dict[str, tuple[Span, ...]] = field(default_factory=dict)
    there: dict[str, Span] = field(default_factory=dict)
    mutes: dict[tuple[str, int], tuple[Span, ...]] = field(default_factory=dict)
    misreads: dict[str, tuple[Span, ...]] = field(default_factory=dict)
    buildings: dict[str, Steps] = field(default_factory=dict)
    gauges: dict[str, Gauge] = field(default_factory=dict)
    late_s: int = 0
    unknown: bool = False
    max_import_w: int | None = None
    visits: dict[tuple[str, int], tuple[Visit, ...]] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    take_overs: set[int] = field(default_factory=set)
    absent: list[Span] = field(default_factory=list)

    def chance(self, of_a_hundred: int) -> bool:
        return self.draw.random() * 100 < of_a_hundred

    def second(self, first: int = 0, last: int | None = None) -> int:
        """Some second in which a fault may happen."""
        return self.draw.randint(first, max(first, self.quiet_s if last is None else last))

    def span(self, shortest: int, longest: int) -> Span:
        start = self.second(NAMED_AFTER_S, self.quiet_s - shortest)
        return Span(start, min(self.quiet_s, start + self.draw.randint(shortest, longest)))

    def calm(self, start: int, end: int) -> bool:
        """Whether what is sent reaches every charger and is obeyed between these, as long before as one is missed."""
        if any(each.loses for each in self.habits.values()):
            return False
        begin = start - self.settings.connector_stale_after_s - self.settings.apply_grace_s
        spans = [*self.outages.values(), *self.refusals.values()]
        return not any(each.start < end and begin < each.end for of_charger in spans for each in of_charger)

    def become(self, identifiers: Sequence[str], **habits: Any) -> None:
        """Have chargers take on other habits."""
        for each in identifiers:
            self.habits[each] = replace(self.habits[each], **habits)

    def depot(self, seed: int) -> Depot:
        """What was drawn, as data. Where buildings rise, it takes a minute until chargers make room.

        By a clock that is behind everything is seen so much later; what is lost, or in no worker's mail, has to come
        again.
        """
        behind_s = max([0, *(-ahead for each in self.habits.values() for _, ahead in each.clock)])
        again_s = (
            30
            if len(self.take_overs) + len(self.absent) > 10 or any(each.loses for each in self.habits.values())
            else 0
        )
        rises = any(len(steps) > 1 for steps in self.buildings.values())
        drawn = SiteConfiguration(
            microgrid_id="depot",
            name="Depot",
            version=0,
            max_import_w=self.max_import_w,
            strategy=self.strategy,
            settings=self.settings,
            circuits=tuple(self.circuits),
            charge_points=tuple(self.charge_points),
        )
        return Depot(
            seed=seed,
            configurations=timeline(drawn, self.edits),
            habits=self.habits,
            visits=self.visits,
            buildings=self.buildings,
            gauges=self.gauges,
            outages=self.outages,
            refusals=self.refusals,
            there=self.there,
            mutes=self.mutes,
            misreads=self.misreads,
            take_overs=frozenset([*self.take_overs, *(each.end for each in self.absent)]),
            absent=tuple(self.absent),
            late_s=self.late_s,
            reaction_s=60 + behind_s + again_s if rises else 30,
        )

    def path(self, circuit_id: str | None) -> list[str]:
        """A circuit and those above it."""
        parents = {each.circuit_id: each.parent_id for each in self.circuits}
        path = []
        while circuit_id is not None:
            path.append(circuit_id)
            circuit_id = parents[circuit_id]
        return path

    def below(self, circuit_id: str) -> tuple[int, int, int]:
        """The fallbacks at and below a circuit, the most that its buildings draw, and how many chargers it has."""
        chargers = [each for each in self.charge_points if circuit_id in self.path(each.circuit_id)]
        buildings = [steps for each, steps in self.buildings.items() if circuit_id in self.path(each)]
        buildings_w = sum(max(watts for _, watts in steps) for steps in buildings)
        return sum(each.fallback_w for each in chargers), buildings_w, len(chargers)

    def rises_below(self, circuit_id: str, span: Span) -> bool:
        """Whether a building at or below a circuit draws more from some second of a span on."""
        below = [steps for each, steps in self.buildings.items() if circuit_id in self.path(each)]
        return any(after[0] in span and after[1] > before[1] for steps in below for before, after in pairwise(steps))
