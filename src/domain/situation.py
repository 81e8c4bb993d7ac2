"""What is known of a microgrid at one instant, before anything is shared out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from domain import background, demand, exposure, ledger, limits, rotation, usage
from domain.allocation import NO_LIMIT
from domain.background import BackgroundMemory
from domain.demand import Demands, Standing
from domain.exposure import DepartedConnector, Holdings
from domain.ledger import LedgerEntry, Sending
from domain.limits import Limit, MeterMemory, Meters
from domain.power import Watts
from domain.power_tree import PowerTree, Site
from domain.rotation import NO_ROTATION, Rotation
from domain.site import Order, Settings, SiteConfiguration
from domain.strategy import Ranking
from domain.telemetry import MeterReading, Readings
from domain.usage import UsageMemory


@dataclass(frozen=True, slots=True)
class Memory:
    """What a microgrid remembers from cycle to cycle; nothing in a first one. Keys are node ids.

    `idle` are the connectors that were idle, for whoever takes over and has not heard them yet.
    """

    ledger: Mapping[str, LedgerEntry] = field(default_factory=dict)
    sendings: tuple[Sending, ...] = ()
    departed: tuple[DepartedConnector, ...] = ()
    meters: Mapping[str, MeterMemory] = field(default_factory=dict)
    background: Mapping[str, BackgroundMemory] = field(default_factory=dict)
    usage: Mapping[str, UsageMemory] = field(default_factory=dict)
    rotation: Rotation = NO_ROTATION
    idle: tuple[str, ...] = ()


NO_MEMORY = Memory()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a decision depends on."""

    site: Site
    readings: Readings
    at: datetime
    memory: Memory = NO_MEMORY


@dataclass(frozen=True)
class Situation:
    """A snapshot interpreted; lists in tree order. No slots: what is derived from it is kept.

    `entries` are the ledger's lines brought up to the readings, `meters` the ones relied on, `background_w` is
    cumulative. `unconfirmed`: nodes where a rise of the background forbids raises until it is confirmed. `doubt_w`:
    what room raises leave for a smaller one. `silent`: some meter is. `unheard`: connectors and circuits that count as
    last known after a take-over. `memory` is what the next cycle has to know of this one, but for what is sent.
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
    unconfirmed: list[bool]
    doubt_w: list[Watts]
    ranking: Ranking
    silent: bool
    unheard: frozenset[str]
    memory: Memory

    @cached_property
    def gross_capacities_w(self) -> list[Watts]:
        """Per node, limit in force − background: may be negative; NO_LIMIT for none."""
        return [
            NO_LIMIT if limit.limit_w is None else limit.limit_w - known
            for limit, known in zip(self.limits, self.background_w, strict=True)
        ]

    @cached_property
    def net_capacities_w(self) -> list[Watts]:
        """Per node, what is left to share out: limit in force − background − reserved, never under 0."""
        return [
            gross if gross >= NO_LIMIT else max(0, gross - reserved)
            for gross, reserved in zip(self.gross_capacities_w, self.holdings.reserved_below_w, strict=True)
        ]

    @cached_property
    def free_room_w(self) -> list[Watts]:
        """Per node, what the exposures leave: limit in force − background − held; may be negative."""
        return [
            gross if gross >= NO_LIMIT else gross - held
            for gross, held in zip(self.gross_capacities_w, self.holdings.held_below_w, strict=True)
        ]

    @cached_property
    def overfull(self) -> list[bool]:
        """Per node, whether background and reserved alone exceed the limit in force."""
        return [
            limit.limit_w is not None and known + reserved > limit.limit_w
            for limit, known, reserved in zip(
                self.limits, self.background_w, self.holdings.reserved_below_w, strict=True
            )
        ]


def assess(snapshot: Snapshot) -> Situation:
    """Limits in force, demand, ranks, what is held and what is background, from one snapshot."""
    configuration, tree, at = snapshot.site.configuration, snapshot.site.tree, snapshot.at
    settings, memory, readings = configuration.settings, snapshot.memory, snapshot.readings
    meters = limits.trusted_meters(tree, readings, memory.meters, at, settings)
    in_force = limits.in_force(tree, meters.readings, meters.last_known)
    demands = demand.assess(tree, readings, at, settings.connector_stale_after_s, memory.idle)
    entries = ledger.heard(tree, memory.ledger, memory.sendings, demands, readings, at, settings)
    demands, used = usage.without_unused(tree, demands, entries, memory.usage, settings)
    demands = _without_unresponsive(demands, entries)
    holdings = exposure.hold(tree, demands, entries, memory.departed, at, settings)
    known = background.assess(
        tree,
        in_force,
        meters.readings,
        meters.last_known,
        holdings.least_drawn_w,
        holdings.most_drawn_w,
        memory.background,
        at,
        settings,
    )
    order = Order(configuration.strategy.order)
    ranking, rotated = rotation.rank(order, tree, demands, at, memory.rotation, settings.rotation_quantum_s)
    return Situation(
        configuration,
        tree,
        at,
        entries,
        demands,
        holdings,
        meters.readings,
        in_force,
        known.cumulative_w,
        known.unconfirmed,
        known.doubt_w,
        ranking,
        _is_silent(tree, meters),
        _unheard(tree, demands, meters, readings, at, settings),
        replace(
            memory,
            meters=meters.memory,
            background=known.memory,
            usage=used,
            rotation=rotated,
            idle=demand.idle_ids(tree, demands),
        ),
    )


def _is_silent(tree: PowerTree, meters: Meters) -> bool:
    return any(
        node.metered and meter is None and index not in meters.last_known
        for index, (node, meter) in enumerate(zip(tree.nodes, meters.readings, strict=True))
    )


def _unheard(
    tree: PowerTree, demands: Demands, meters: Meters, readings: Readings, at: datetime, settings: Settings
) -> frozenset[str]:
    """What a worker that has taken over cannot have heard yet."""
    since = readings.listening_since
    if since is None or at - since >= timedelta(seconds=settings.connector_stale_after_s):
        return frozenset()
    circuits = {tree.nodes[index].node_id for index in meters.last_known}
    return frozenset(circuits).union(
        connector.node_id for connector, known in zip(tree.connectors, demands.readings, strict=True) if known is None
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
