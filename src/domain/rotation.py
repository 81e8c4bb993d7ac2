"""Who has been served how much, and ranks that last (contract section 5, `allocation.md`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain import strategy
from domain.demand import STATUSES_WITH_DEMAND, Demands, Standing, asked_w
from domain.power import Watts
from domain.power_tree import PowerTree
from domain.site import Order
from domain.strategy import GREEDY, Ranking
from domain.telemetry import DEFAULT_PRIORITY, KeptReading

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """What a connector took in its current session, in watt-seconds, and since when its target is above 0."""

    session_id: str | None
    served_ws: int = 0
    on_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claimant:
    """A connector with demand: what of it ranks a greedy order anew when it changes."""

    node_id: str
    session_id: str | None
    departs_at: datetime | None
    priority: int


@dataclass(frozen=True, slots=True)
class KeptRanks:
    """The ranks of a greedy order: all connectors by rank, and who had demand when they were made."""

    ranked_at: datetime
    order: Order
    node_ids: tuple[str, ...]
    claimants: tuple[Claimant, ...]


@dataclass(frozen=True, slots=True)
class Rotation:
    """What ranks depend on from cycle to cycle. Records are by connector node id.

    `counted_at`: up to when the records count what was served.
    """

    records: Mapping[str, ServiceRecord] = field(default_factory=dict)
    counted_at: datetime | None = None
    kept: KeptRanks | None = None


NO_ROTATION = Rotation()


def rank(
    order: Order, tree: PowerTree, demands: Demands, at: datetime, memory: Rotation, quantum_s: int
) -> tuple[Ranking, Rotation]:
    """Tiers, weights and ranks of a strategy's order, and the memory with the ranks that are kept.

    Within a tier who is on and inside its rotation quantum goes first, then who was served least, then natural id
    order. A greedy order keeps its ranks for a quantum, unless a connector gained or lost demand or a departure or
    priority changed. Without memory this is `strategy.rank`.
    """
    inside_since = at - timedelta(seconds=quantum_s)
    if order not in GREEDY:
        ranking = strategy.rank(order, demands.readings, _ratings_w(tree), at)
        return _by_service(ranking, tree, demands, memory.records, inside_since), replace(memory, kept=None)

    claimants, kept = _claimants(tree, demands, memory.kept), memory.kept
    if kept is not None and (kept.order, kept.claimants) == (order, claimants) and kept.ranked_at > inside_since:
        return strategy.one_after_another(_kept_order(tree, kept)), memory
    ranking = strategy.rank(order, demands.readings, _ratings_w(tree), at)
    by_rank = tuple(tree.connectors[index].node_id for index in ranking.order)
    return ranking, replace(memory, kept=KeptRanks(at, order, by_rank, claimants))


def served(
    memory: Rotation, tree: PowerTree, demands: Demands, targets_w: Sequence[Watts | None], at: datetime, longest_s: int
) -> Rotation:
    """The memory after a cycle that decided these targets (None: nothing was decided for this connector).

    Every connector is taken to have drawn its newest reading's power since the cycle before, or for `longest_s`
    where that is longer ago. A new session begins at 0. One that cannot be seen stays on or off.
    """
    elapsed = timedelta(0) if memory.counted_at is None else at - memory.counted_at
    elapsed_us = max(timedelta(0), min(elapsed, timedelta(seconds=longest_s))) // MICROSECOND
    records: dict[str, ServiceRecord] = {}
    wanting, idle = Standing.WANTING, Standing.IDLE
    for connector, known, standing, target in zip(
        tree.connectors, demands.readings, demands.standings, targets_w, strict=True
    ):
        record = memory.records.get(connector.node_id)
        if known is not None:
            record = _after_reading(record, known, elapsed_us)
        if record is not None:
            if standing is wanting or standing is idle:
                record = _switched(record, standing is wanting and bool(target), at)
            records[connector.node_id] = record
    return replace(memory, records=records, counted_at=at)


def _ratings_w(tree: PowerTree) -> list[Watts]:
    return [connector.max_power_w for connector in tree.connectors]


def _by_service(
    ranking: Ranking,
    tree: PowerTree,
    demands: Demands,
    records: Mapping[str, ServiceRecord],
    inside_since: datetime,
) -> Ranking:
    if not records:
        return ranking
    keys: list[tuple[int, bool, int]] = []
    for tier, connector, known in zip(ranking.tiers, tree.connectors, demands.readings, strict=True):
        record = records.get(connector.node_id)
        if record is None or (known is not None and record.session_id != _session_id(known)):
            keys.append((tier, True, 0))
        else:
            inside = record.on_since is not None and record.on_since > inside_since
            keys.append((tier, not inside, record.served_ws))
    return replace(ranking, order=sorted(range(len(keys)), key=keys.__getitem__))


def _claimants(tree: PowerTree, demands: Demands, kept: KeptRanks | None) -> tuple[Claimant, ...]:
    """Who has demand, however old its reading; one that is not heard (after a take-over) counts as before."""
    before = {} if kept is None else {claimant.node_id: claimant for claimant in kept.claimants}
    claimants = []
    for connector, known in zip(tree.connectors, demands.readings, strict=True):
        if known is None:
            claimant = before.get(connector.node_id)
            if claimant is not None:
                claimants.append(claimant)
        elif asked_w(known, connector.max_power_w):
            session = known.reading.session
            claimants.append(
                Claimant(connector.node_id, None, None, DEFAULT_PRIORITY)
                if session is None
                else Claimant(connector.node_id, session.session_id, session.departs_at, session.priority)
            )
    return tuple(claimants)


def _kept_order(tree: PowerTree, kept: KeptRanks) -> list[int]:
    """The kept ranks as indices; connectors that a configuration added since come last."""
    added = {connector.node_id: index for index, connector in enumerate(tree.connectors)}
    order = [added.pop(node_id) for node_id in kept.node_ids if node_id in added]
    return order + list(added.values())


def _after_reading(record: ServiceRecord | None, known: KeptReading, elapsed_us: int) -> ServiceRecord | None:
    """The record of the session that a reading shows; None where it shows none."""
    session_id = _session_id(known)
    if session_id is None and known.reading.status not in STATUSES_WITH_DEMAND:
        return None
    if record is None or record.session_id != session_id:
        return ServiceRecord(session_id)
    taken_ws = known.reading.power_w * elapsed_us // 1_000_000
    return ServiceRecord(session_id, record.served_ws + taken_ws, record.on_since) if taken_ws else record


def _switched(record: ServiceRecord, is_on: bool, at: datetime) -> ServiceRecord:
    if is_on == (record.on_since is not None):
        return record
    return ServiceRecord(record.session_id, record.served_ws, at if is_on else None)


def _session_id(known: KeptReading) -> str | None:
    return None if known.reading.session is None else known.reading.session.session_id
