"""A depot whose loads are watched, in the states that breaches are tried in."""

from dataclasses import replace
from typing import Any

from domain.breaches.breach import NO_BREACHES, BreachEvent, watch
from domain.breaches.constraint import ConstraintBreached
from domain.breaches.observation import observe
from domain.knowledge.demand import Standing
from domain.knowledge.lines import Line
from domain.site.configuration import ChargePoint, Circuit
from tests.builders import EIGHT
from tests.unit.domain.depot import Depot, charger, grid

HOLD_S = 5
GRACE_S = 20
KW = 1000


class WatchedDepot(Depot):
    """A depot whose loads are watched. Everybody is told the rating unless something else is said.

    `reserved`: who is so although it is heard, `unheard`: who is last known after a take-over.
    """

    def __init__(self, *parts: Circuit | ChargePoint, **settings: Any) -> None:
        super().__init__(*parts, **settings)
        self.memory = NO_BREACHES
        self.told: dict[str, int] = {}
        self.reserved: frozenset[str] = frozenset()
        self.unheard: frozenset[str] = frozenset()
        self.cycle_seq = 0
        self.event_seq = 0

    def watch(self) -> tuple[BreachEvent, ...]:
        """One cycle now."""
        situation = self.situation()
        self.cycle_seq += 1
        told = [self.told.get(each.node_id, each.max_power_w) for each in situation.tree.connectors]
        lines = [
            replace(line, told_w=each, exposure_w=max(each, line.power_w or 0), standing=self._standing(line))
            for line, each in zip(situation.lines, told, strict=True)
        ]
        observed = observe(replace(situation, lines=lines, unheard=self.unheard))
        watched = watch(observed, self.memory, self.cycle_seq, self.event_seq)
        self.memory = watched.memory
        self.event_seq += len(watched.events)
        return watched.events

    def _standing(self, line: Line) -> Standing:
        return Standing.RESERVED if line.connector.node_id in self.reserved else line.standing

    def announces(self, kind: type = ConstraintBreached) -> Any:
        """The one event of a cycle now."""
        (event,) = self.watch()
        assert type(event) is kind
        return event

    def metered(self, power_w: int, after_s: float = 0, circuit_id: str = "gc-1") -> tuple[BreachEvent, ...]:
        """A cycle on a reading of the meter that is as old as the cycle."""
        self.later(after_s)
        self.meters(circuit_id, power_w)
        return self.watch()

    def reconfigure(self, *parts: Circuit | ChargePoint, **changes: Any) -> None:
        """A newer configuration made of these parts."""
        self.configuration = replace(
            self.configuration,
            version=self.configuration.version + 1,
            circuits=tuple(part for part in parts if isinstance(part, Circuit)),
            charge_points=tuple(part for part in parts if isinstance(part, ChargePoint)),
            **changes,
        )
        change = self.microgrid.configure(self.configuration, EIGHT)
        assert change.microgrid is not self.microgrid
        self.microgrid = change.microgrid


def a_metered_depot(capacity_w: int = 100 * KW, safe_w: int | None = None) -> WatchedDepot:
    """A metered connection and one charger; what the meter shows is the observed load."""
    return WatchedDepot(grid("gc-1", capacity_w, safe_w, metered=True), charger("cp-1", "gc-1", 150 * KW))


def a_breached_depot() -> WatchedDepot:
    """The same with 120 kW on 100 kW, announced 5 s after eight."""
    depot = a_metered_depot()
    depot.metered(120 * KW)
    assert len(depot.metered(120 * KW, after_s=HOLD_S)) == 1
    return depot


def two_chargers(*circuits: Circuit) -> WatchedDepot:
    circuits = circuits or (grid("gc-1", 100 * KW),)
    return WatchedDepot(*circuits, charger("cp-1", "gc-1", 150 * KW), charger("cp-2", "gc-1", 150 * KW))


def breach_of(depot: WatchedDepot, node_id: str, *readings: tuple[str, int]) -> ConstraintBreached:
    """The breach that these readings, `cp-1/1` or a meter's, come to when they are taken again and again."""
    for _ in range(2):
        depot.later(HOLD_S)
        for source, power_w in readings:
            if "/" in source:
                depot.hears(source, power_w)
            else:
                depot.meters(source, power_w)
        events = depot.watch()
    (event,) = (event for event in events if event.node_id == node_id)
    assert isinstance(event, ConstraintBreached)
    return event
