"""What is measured: a depot of some size under some strategy, ready for one decision and for one cycle."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import to_jsonable_python

from benchmarks.depots import AT, a_depot, telemetry_of
from domain.events import Trigger
from domain.knowledge.readings import Readings
from domain.knowledge.situation import Situation
from domain.microgrid import Change, Microgrid
from domain.sharing import allocation, rebalance, rotation, targets
from domain.sharing.claims import Claims, Fill
from domain.sharing.plan import Plan
from domain.sharing.rotation import NO_ROTATION, Rotation
from domain.sharing.strategy import Ranking
from domain.sharing.targets import Targets
from domain.site.configuration import Order, SiteConfiguration, Strategy, Unit
from domain.site.power import Watts
from domain.site.site import Site

LATER = AT + timedelta(seconds=5)


@dataclass(frozen=True)
class Filling:
    """One fill: its question and its answer."""

    parents: Sequence[int]
    capacities_w: Sequence[Watts]
    claims: Claims
    fill: Fill

    def again(self) -> Fill:
        """The fill alone, from claims that are there already."""
        return allocation.fill(self.parents, self.capacities_w, self.claims)


@dataclass(frozen=True)
class Case:
    """One depot under one strategy. `microgrid` decides its first cycle at AT, `decided_once` its second at LATER."""

    situation: Situation
    ranking: Ranking
    microgrid: Microgrid
    decided_once: Microgrid
    readings: Readings
    later_readings: Readings

    def decide(self) -> Targets:
        """Net capacities, demands and ranks to targets: the claims, the fill, and inside charge points theirs."""
        return targets.decide(
            self.situation.tree,
            self.ranking,
            self.situation.site.unit,
            capacities_w=self.situation.net_capacities_w,
            demands_w=[line.demand_w for line in self.situation.lines],
            minimums_w=[line.minimum_w for line in self.situation.lines],
        )

    def first_cycle(self) -> Change:
        """Readings to events in a first cycle: limits, both fills, the certificate, the figures, the event."""
        return self.microgrid.run_cycle(self.readings, Trigger.MANUAL, AT)

    def next_cycle(self) -> Change:
        """The same five seconds later: every device has spoken again, every setpoint is remembered."""
        return self.decided_once.run_cycle(self.later_readings, Trigger.MANUAL, LATER)

    def filling(self) -> Filling:
        """The fill over the connectors."""
        parents, capacities_w = self.situation.tree.parents, self.situation.net_capacities_w
        claims = self.decide().claims
        return Filling(parents, capacities_w, claims, allocation.fill(parents, capacities_w, claims))


def cases(connectors: int, strategies: list[tuple[Unit, Order]]) -> Iterator[tuple[tuple[Unit, Order], Case]]:
    """The cases of one size, on the same tree and readings."""
    configuration = a_depot(connectors, Strategy())
    site = Site.of(configuration)
    readings, later = _heard(site, AT), _heard(site, AT, LATER)
    for unit, order in strategies:
        chosen = replace(configuration, strategy=Strategy(unit.value, order.value))
        yield (unit, order), _case(Site.of(chosen), readings, later)


def _heard(site: Site, *instants: datetime) -> Readings:
    readings = Readings()
    for at in instants:
        for message in telemetry_of(site.configuration, at):
            readings.receive(message, site.tree, at)
    return readings


def _case(site: Site, readings: Readings, later: Readings) -> Case:
    seen: list[Situation] = []

    def decide(situation: Situation, memory: Rotation, before: Plan | None) -> Plan:
        seen.append(situation)
        return rebalance.decide(situation, memory, before)

    microgrid = Microgrid(site.configuration.microgrid_id, site)
    decided = microgrid.run_cycle(readings, Trigger.MANUAL, AT, decide)
    if decided.plan_fault is not None:
        raise AssertionError(decided.plan_fault)
    ranking, _ = rotation.rank(seen[0], NO_ROTATION)
    return Case(seen[0], ranking, microgrid, decided.microgrid, readings, later)


def snapshot_line(configuration: SiteConfiguration) -> bytes:
    """The depot as a line of `busbar rebalance`, without its end."""
    snapshot: dict[str, Any] = {
        "configuration": asdict(configuration),
        "at": AT,
        "telemetry": [asdict(message) for message in telemetry_of(configuration)],
    }
    return json.dumps(to_jsonable_python(snapshot), separators=(",", ":")).encode()
