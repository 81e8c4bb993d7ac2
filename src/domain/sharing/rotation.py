"""Who has been served how much, and ranks that last (FILL-11, FILL-12)."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta

from domain.knowledge.demand import Standing, asked_w, has_demand
from domain.knowledge.lines import Line
from domain.knowledge.readings import DEFAULT_PRIORITY, KeptReading
from domain.knowledge.situation import Situation
from domain.sharing import strategy
from domain.sharing.strategy import GREEDY, Ranking
from domain.site.configuration import Order
from domain.site.power import WattHours, Watts
from domain.site.power_tree import PowerTree
from domain.values import value

MICROSECOND = timedelta(microseconds=1)
W_US_PER_WH = 3_600_000_000


@value
class ServiceRecord:
    """What a connector took in its current session, and since when its target is above 0.

    `served_w_us`, in watt-microseconds: each reading's power until the next one, up to the newest, which was taken at
    `read_at` and had `power_w`, 0 where that is not known; no `read_at` where none was counted yet.
    """

    session_id: str | None
    served_w_us: int = 0
    on_since: datetime | None = None
    read_at: datetime | None = None
    power_w: Watts = 0

    @property
    def served_wh(self) -> WattHours:
        return self.served_w_us // W_US_PER_WH


@value
class Claimant:
    """A connector with demand: what of it ranks a greedy order anew when it changes."""

    node_id: str
    session_id: str | None
    departs_at: datetime | None
    priority: int


@value
class KeptRanks:
    """The ranks of a greedy order: all connectors by rank, and who had demand when they were made."""

    ranked_at: datetime
    order: Order
    node_ids: tuple[str, ...]
    claimants: tuple[Claimant, ...]


@value
class Rotation:
    """What ranks depend on from cycle to cycle. Records are by connector node id."""

    records: Mapping[str, ServiceRecord] = field(default_factory=dict)
    kept: KeptRanks | None = None


NO_ROTATION = Rotation()


def rank(situation: Situation, memory: Rotation) -> tuple[Ranking, Rotation]:
    """Tiers, weights and ranks of a strategy's order, and the memory with the ranks that are kept.

    Within a tier a connector that is on and inside its rotation quantum goes first, then the one served least, then
    natural id order. A greedy order keeps its ranks for a quantum, unless a connector gained or lost demand or a
    departure or priority changed, or a session became done (R33b). Without memory this is `strategy.rank`.
    """
    order, lines, at = situation.site.order, situation.lines, situation.at
    inside_since = at - situation.windows.rotation_quantum
    if order not in GREEDY:
        ranking = by_service(_ranked(order, lines, at), lines, memory.records, inside_since)
        return ranking, replace(memory, kept=None)
    claimants, kept = _claimants(lines, memory.kept), memory.kept
    if kept is not None and (kept.order, kept.claimants) == (order, claimants) and kept.ranked_at > inside_since:
        return strategy.one_after_another(_kept_order(situation.tree, kept)), memory
    ranking = _ranked(order, lines, at)
    by_rank = tuple([lines[index].connector.node_id for index in ranking.order])
    return ranking, replace(memory, kept=KeptRanks(at, order, by_rank, claimants))


def served(memory: Rotation, situation: Situation, targets_w: Sequence[Watts]) -> Rotation:
    """The memory after a cycle that decided these targets; who is given spare room alone is not on (R33a).

    A connector is taken to have drawn each reading's power until the next one; where that took longer than
    `connector_stale_after_s`, nobody knows. A new session begins at 0. One that cannot be seen stays on or off.
    """
    at, longest = situation.at, situation.windows.connector_stale_after
    records: dict[str, ServiceRecord] = {}
    before, wanting, idle = memory.records, Standing.WANTING, Standing.IDLE
    for line, target in zip(situation.lines, targets_w, strict=True):
        node_id, standing, known = line.connector.node_id, line.standing, line.known
        record = before.get(node_id)
        if known is not None and (record is None or not _has_counted(record, known)):
            record = _after_reading(record, known, line.power_w or 0, longest)
        if record is not None:
            is_on = target > 0 and standing is wanting
            if is_on != (record.on_since is not None) and standing in (wanting, idle):
                since = at if is_on else None
                record = ServiceRecord(
                    record.session_id, record.served_w_us, since, record.read_at, power_w=record.power_w
                )
            records[node_id] = record
    return replace(memory, records=records)


def _ranked(order: Order, lines: Sequence[Line], at: datetime) -> Ranking:
    return strategy.rank(order, [line.known for line in lines], [line.connector.max_power_w for line in lines], at)


def by_service(
    ranking: Ranking, lines: Sequence[Line], records: Mapping[str, ServiceRecord], inside_since: datetime
) -> Ranking:
    """The ranking with the ranks inside a tier by who is on inside its quantum, then by who was served least."""
    if not records:
        return ranking
    keys: list[tuple[int, bool, int]] = []
    for tier, line in zip(ranking.tiers, lines, strict=True):
        record, known = records.get(line.connector.node_id), line.known
        if record is None or (known is not None and record.session_id != _session_id(known)):
            keys.append((tier, True, 0))
        else:
            on_since = record.on_since
            keys.append((tier, on_since is None or on_since <= inside_since, record.served_w_us))
    return replace(ranking, order=sorted(range(len(keys)), key=keys.__getitem__))


def _claimants(lines: Sequence[Line], kept: KeptRanks | None) -> tuple[Claimant, ...]:
    """Who has demand, however old its reading; one that is not heard (after a take-over) counts as before."""
    before = {} if kept is None else {claimant.node_id: claimant for claimant in kept.claimants}
    claimants = []
    for line in lines:
        node_id = line.connector.node_id
        if line.known is None:
            claimant = before.get(node_id)
            if claimant is not None:
                claimants.append(claimant)
        elif asked_w(line.known, line.connector.max_power_w):
            session = line.known.reading.session
            claimants.append(
                Claimant(node_id, None, None, DEFAULT_PRIORITY)
                if session is None
                else Claimant(node_id, session.session_id, strategy.departure(session), session.priority)
            )
    return tuple(claimants)


def _kept_order(tree: PowerTree, kept: KeptRanks) -> list[int]:
    """The kept ranks as indices; connectors that a configuration added since come last."""
    added = {connector.node_id: index for index, connector in enumerate(tree.connectors)}
    order = [added.pop(node_id) for node_id in kept.node_ids if node_id in added]
    return order + list(added.values())


def _after_reading(
    record: ServiceRecord | None, known: KeptReading, power_w: Watts, longest: timedelta
) -> ServiceRecord | None:
    """The record of the session that a reading of this power shows; None where it shows none."""
    session_id, read_at = _session_id(known), known.measured_at
    if session_id is None and not has_demand(known.reading):
        return None
    if record is None or record.session_id != session_id:
        return ServiceRecord(session_id, read_at=read_at, power_w=power_w)
    served_w_us, last_at = record.served_w_us, record.read_at
    if last_at is not None:
        if read_at <= last_at:
            return record
        gap = read_at - last_at
        served_w_us += record.power_w * (gap // MICROSECOND) if gap <= longest else 0
    return ServiceRecord(session_id, served_w_us, record.on_since, read_at, power_w=power_w)


def _has_counted(record: ServiceRecord, known: KeptReading) -> bool:
    """Whether this very reading is in a record of its session already."""
    session = known.reading.session
    return record.read_at is known.measured_at and session is not None and record.session_id == session.session_id


def _session_id(known: KeptReading) -> str | None:
    session = known.reading.session
    return None if session is None else session.session_id
