"""What is known of a microgrid at one instant, before anything is shared out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain import background, demand, exposure, ledger, limits
from domain.allocation import NO_LIMIT
from domain.demand import Demands, Standing
from domain.exposure import DepartedConnector, Holdings
from domain.ledger import LedgerEntry, Sending
from domain.limits import Limit
from domain.power import Watts
from domain.power_tree import PowerTree, Site
from domain.site import SiteConfiguration
from domain.telemetry import MeterReading, Readings


@dataclass(frozen=True, slots=True)
class Memory:
    """What a microgrid remembers from cycle to cycle; nothing in a first one. Keys are connector node ids."""

    ledger: Mapping[str, LedgerEntry] = field(default_factory=dict)
    sendings: tuple[Sending, ...] = ()
    departed: tuple[DepartedConnector, ...] = ()


NO_MEMORY = Memory()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a decision depends on."""

    site: Site
    readings: Readings
    at: datetime
    memory: Memory = NO_MEMORY


@dataclass(frozen=True, slots=True)
class Situation:
    """A snapshot interpreted; lists in tree order.

    `entries` are the ledger's lines brought up to the readings, `meters` the fresh ones, `background_w` cumulative.
    """

    configuration: SiteConfiguration
    tree: PowerTree
    at: datetime
    entries: Sequence[LedgerEntry]
    demands: Demands
    holdings: Holdings
    meters: list[MeterReading | None]
    limits: list[Limit]
    background_w: list[Watts]

    def gross_capacities(self) -> list[Watts]:
        """Per node, limit in force − background: may be negative; NO_LIMIT for none."""
        return [
            NO_LIMIT if limit.limit_w is None else limit.limit_w - known
            for limit, known in zip(self.limits, self.background_w, strict=True)
        ]

    def net_capacities(self) -> list[Watts]:
        """Per node, what is left to share out: limit in force − background − reserved, never under 0."""
        return [
            gross if gross >= NO_LIMIT else max(0, gross - reserved)
            for gross, reserved in zip(self.gross_capacities(), self.holdings.reserved_below_w, strict=True)
        ]

    def free_room(self) -> list[Watts]:
        """Per node, what the exposures leave: limit in force − background − held; may be negative."""
        return [
            gross if gross >= NO_LIMIT else gross - held
            for gross, held in zip(self.gross_capacities(), self.holdings.held_below_w, strict=True)
        ]

    def overfull(self) -> list[bool]:
        """Per node, whether background and reserved alone exceed the limit in force."""
        return [
            limit.limit_w is not None and known + reserved > limit.limit_w
            for limit, known, reserved in zip(
                self.limits, self.background_w, self.holdings.reserved_below_w, strict=True
            )
        ]


def assess(snapshot: Snapshot) -> Situation:
    """Limits in force, demand, what is held and what is background, from one snapshot."""
    configuration, tree = snapshot.site.configuration, snapshot.site.tree
    settings, memory = configuration.settings, snapshot.memory
    meters = limits.fresh_meters(tree, snapshot.readings, snapshot.at, settings.meter_stale_after_s)
    in_force = limits.in_force(tree, meters)
    demands = demand.assess(tree, snapshot.readings, snapshot.at, settings.connector_stale_after_s)
    entries = ledger.heard(tree, memory.ledger, memory.sendings, demands, snapshot.readings, snapshot.at, settings)
    demands = _without_unresponsive(demands, entries)
    holdings = exposure.hold(tree, demands, entries, memory.departed, snapshot.at, settings)
    return Situation(
        configuration,
        tree,
        snapshot.at,
        entries,
        demands,
        holdings,
        meters,
        in_force,
        background.estimate(tree, in_force, meters, holdings.drawn_w),
    )


def _without_unresponsive(demands: Demands, entries: Sequence[LedgerEntry]) -> Demands:
    """Who does not do what it is told takes no part in the sharing."""
    concerned = {
        index
        for index, (entry, standing) in enumerate(zip(entries, demands.standings, strict=True))
        if entry.unresponsive and standing is Standing.WANTING
    }
    if not concerned:
        return demands
    return replace(
        demands,
        standings=[
            Standing.UNRESPONSIVE if index in concerned else standing
            for index, standing in enumerate(demands.standings)
        ],
        demands_w=[0 if index in concerned else demand for index, demand in enumerate(demands.demands_w)],
    )
