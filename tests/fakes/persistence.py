"""The persistence ports in memory. Transactions queue for one writer's place, as they do on SQLite."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from application.ports.bus import Message
from application.ports.notifying import Notice
from application.ports.ownership import Epoch, Fenced
from application.ports.persistence import ConcurrentChange, PendingEvent
from application.ports.read_side import NewestEvent, PositionKey, Reached, StoredEvent
from application.queries.history import bucket_of
from application.queries.log import LogEntry, LogQuery
from application.queries.rows import (
    BreachRow,
    BreachState,
    CycleHead,
    CycleRow,
    GlanceRow,
    HistoryRow,
    HourRow,
    NodeBucket,
    StatusRow,
)
from application.queries.standing import Standing
from domain.events import CycleCompleted, DomainEvent
from domain.microgrid import Microgrid
from domain.site.configuration import SiteConfiguration
from domain.site.identifiers import natural_key

Encode: TypeAlias = Callable[..., Message]

STREAM = "a-stream"

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An event in the outbox."""

    message: Message
    created_at: datetime
    published_at: datetime | None = None


@dataclass(slots=True)
class Tables:
    """What is stored, by primary key."""

    epochs: dict[int, int] = field(default_factory=dict)
    microgrids: dict[str, Microgrid] = field(default_factory=dict)
    outbox: dict[tuple[str, int], OutboxRow] = field(default_factory=dict)
    positions: dict[PositionKey, Reached] = field(default_factory=dict)
    statuses: dict[str, StatusRow] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    cycles: dict[tuple[str, int], CycleCompleted] = field(default_factory=dict)
    breaches: dict[tuple[str, str], BreachRow] = field(default_factory=dict)
    history: dict[tuple[str, datetime], HistoryRow] = field(default_factory=dict)
    hours: dict[tuple[str, str, datetime], HourRow] = field(default_factory=dict)
    log: dict[tuple[str, datetime, int], LogEntry] = field(default_factory=dict)
    notices: dict[tuple[str, int], Notice] = field(default_factory=dict)
    stream: str = STREAM


class InMemoryTransaction:
    """Changes a copy of the tables, which takes their place on commit."""

    def __init__(self, database: "InMemoryDatabase") -> None:
        self._database = database
        self.tables = Tables(
            dict(database.tables.epochs),
            dict(database.tables.microgrids),
            dict(database.tables.outbox),
            dict(database.tables.positions),
            dict(database.tables.statuses),
            dict(database.tables.standings),
            dict(database.tables.cycles),
            dict(database.tables.breaches),
            dict(database.tables.history),
            dict(database.tables.hours),
            dict(database.tables.log),
            dict(database.tables.notices),
            database.tables.stream,
        )

    async def commit(self) -> None:
        self._database.tables = self.tables


class InMemoryDatabase:
    """What all fakes of one test share."""

    def __init__(self) -> None:
        self.tables = Tables()
        self._writer = asyncio.Lock()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[InMemoryTransaction]:
        async with self._writer:
            yield InMemoryTransaction(self)


class InMemoryOwnership:
    """Epochs in a dict."""

    def __init__(self, database: InMemoryDatabase) -> None:
        self._database = database

    async def claim(self, partitions: Collection[int]) -> Sequence[Epoch]:
        async with self._database.begin() as transaction:
            epochs = transaction.tables.epochs
            epochs.update({partition: epochs.get(partition, 0) + 1 for partition in partitions})
            await transaction.commit()
            return [Epoch(partition, epochs[partition]) for partition in sorted(partitions)]


class InMemoryStreams:
    """The name of the current stream."""

    def __init__(self, database: InMemoryDatabase) -> None:
        self._database = database

    async def current(self) -> str:
        return self._database.tables.stream

    async def begin(self, stream_id: str | None = None) -> str:
        async with self._database.begin() as transaction:
            transaction.tables.stream = stream_id or f"{transaction.tables.stream}+"
            await transaction.commit()
            return transaction.tables.stream


class InMemoryMicrogridRepository:
    """Microgrids in a dict."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def newest_events(self) -> Mapping[str, int]:
        return {microgrid_id: each.state.event_seq for microgrid_id, each in self._tables.microgrids.items()}

    async def get(self, microgrid_id: str) -> Microgrid | None:
        return self._tables.microgrids.get(microgrid_id)

    async def get_all(self, microgrid_ids: Collection[str]) -> Sequence[Microgrid]:
        return [self._tables.microgrids[each] for each in microgrid_ids if each in self._tables.microgrids]

    async def save(self, *microgrids: Microgrid) -> None:
        for microgrid in microgrids:
            stored = self._tables.microgrids.get(microgrid.microgrid_id)
            if microgrid.version != (stored.version if stored else 0):
                raise ConcurrentChange(microgrid.microgrid_id)
            self._tables.microgrids[microgrid.microgrid_id] = replace(
                microgrid, version=microgrid.version + 1, seen=None
            )

    async def save_states(self, *microgrids: Microgrid) -> None:
        for microgrid in microgrids:
            stored = self._tables.microgrids.get(microgrid.microgrid_id)
            await self.save(replace(microgrid, site=stored.site if stored else None))


class InMemoryOutbox:
    """Encoded events in a dict."""

    def __init__(self, tables: Tables, encode: Encode, now: Callable[[], datetime]) -> None:
        self._tables = tables
        self._encode = encode
        self._now = now
        self._appended: list[PendingEvent] = []
        self._published: list[PendingEvent] = []

    def append(
        self, events: Sequence[DomainEvent], traceparent: str | None, workspace_id: str | None
    ) -> Sequence[PendingEvent]:
        about = {"stream": self._tables.stream, "traceparent": traceparent, "workspace_id": workspace_id}
        pending = [
            PendingEvent(event.microgrid_id, event.event_seq, self._encode(event, **about), self._now())
            for event in events
        ]
        self._appended += pending
        return pending

    def mark_published(self, events: Collection[PendingEvent]) -> None:
        self._published += events

    def write(self) -> None:
        for event in self._appended:
            if event.key in self._tables.outbox:
                raise ValueError(f"event {event.key} is in the outbox already")
            self._tables.outbox[event.key] = OutboxRow(event.message, event.created_at)
        for event in self._published:
            if event.key in self._tables.outbox:
                self._tables.outbox[event.key] = replace(self._tables.outbox[event.key], published_at=self._now())


class InMemoryUnitOfWork:
    """A transaction over microgrids and outbox."""

    def __init__(self, transaction: InMemoryTransaction, encode: Encode, now: Callable[[], datetime]) -> None:
        self._transaction = transaction
        self.microgrids = InMemoryMicrogridRepository(transaction.tables)
        self.outbox = InMemoryOutbox(transaction.tables, encode, now)

    async def commit(self) -> None:
        self.outbox.write()
        await self._transaction.commit()


class InMemoryTransactions:
    """Begins units of work. `now` says when an event was written, and when it was marked as published."""

    def __init__(self, database: InMemoryDatabase, encode: Encode, now: Callable[[], datetime]) -> None:
        self._database = database
        self._encode = encode
        self._now = now

    @asynccontextmanager
    async def begin(self, epochs: Epoch | Mapping[str, Epoch]) -> AsyncIterator[InMemoryUnitOfWork]:
        async with self._database.begin() as transaction:
            for epoch in (epochs,) if isinstance(epochs, Epoch) else epochs.values():
                if transaction.tables.epochs.get(epoch.partition) != epoch.number:
                    raise Fenced(epoch)
            yield InMemoryUnitOfWork(transaction, self._encode, self._now)


class InMemoryPendingEvents:
    """The outbox from the relay's side."""

    def __init__(self, database: InMemoryDatabase) -> None:
        self._database = database

    async def pending(self, microgrids: Collection[str], limit: int) -> Sequence[PendingEvent]:
        rows = sorted(self._database.tables.outbox.items())
        unpublished = [
            PendingEvent(*key, row.message, row.created_at)
            for key, row in rows
            if row.published_at is None and key[0] in microgrids
        ]
        return unpublished[:limit]

    async def mark_published(self, events: Collection[PendingEvent], at: datetime) -> None:
        async with self._outbox() as outbox:
            for event in events:
                key = event.microgrid_id, event.event_seq
                if key in outbox:
                    outbox[key] = replace(outbox[key], published_at=at)

    async def republish_after(self, positions: Mapping[str, int]) -> int:
        async with self._outbox() as outbox:
            beyond = {
                (microgrid_id, event_seq): replace(row, published_at=None)
                for (microgrid_id, event_seq), row in outbox.items()
                if row.published_at is not None and event_seq > positions.get(microgrid_id, 0)
            }
            outbox.update(beyond)
            return len(beyond)

    async def prune(self, published_before: datetime) -> int:
        async with self._outbox() as outbox:
            old = [
                key
                for key, row in outbox.items()
                if row.published_at is not None and row.published_at < published_before
            ]
            for key in old:
                del outbox[key]
            return len(old)

    @asynccontextmanager
    async def _outbox(self) -> AsyncIterator[dict[tuple[str, int], OutboxRow]]:
        async with self._database.begin() as transaction:
            yield transaction.tables.outbox
            await transaction.commit()


class InMemoryPastChanges:
    """The part of it that writes what is past."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def history(
        self, microgrid_id: str, since: datetime | None, until: datetime, limit: int
    ) -> Sequence[HistoryRow]:
        found = [
            row
            for (of, at), row in sorted(self._tables.history.items())
            if of == microgrid_id and (since is None or at >= since) and at < until
        ]
        return found[:limit]

    async def buckets(self, begun: Mapping[str, datetime]) -> Sequence[HistoryRow]:
        return [self._tables.history[key] for key in begun.items() if key in self._tables.history]

    async def put_history(self, history: Sequence[HistoryRow]) -> None:
        self._tables.history.update({(row.microgrid_id, row.at): row for row in history})

    async def prune_history(self, before: datetime) -> int:
        return _forget(self._tables.history, [key for key in self._tables.history if key[1] < before])

    async def newest_hour(self, microgrid_id: str) -> datetime | None:
        return max([hour for of, _, hour in self._tables.hours if of == microgrid_id], default=None)

    async def put_hours(self, hours: Sequence[HourRow]) -> None:
        self._tables.hours.update({(each.microgrid_id, each.node_id, each.hour): each for each in hours})

    async def prune_hours(self, before: datetime) -> int:
        return _forget(self._tables.hours, [key for key in self._tables.hours if key[2] < before])

    async def put_log(self, entries: Sequence[LogEntry]) -> None:
        self._tables.log.update({(each.microgrid_id, each.at, each.number): each for each in entries})

    async def put_notices(self, notices: Sequence[Notice]) -> None:
        for each in notices:
            self._tables.notices.setdefault((each.entry.microgrid_id, each.entry.number), each)

    async def prune_log(self, before: datetime) -> int:
        return _forget(self._tables.log, [key for key in self._tables.log if key[1] < before])


def _forget(table: dict[Key, Any], keys: Collection[Key]) -> int:
    for key in keys:
        del table[key]
    return len(keys)


class InMemoryReadModelChanges:
    """A transaction of a projector."""

    def __init__(self, transaction: InMemoryTransaction) -> None:
        self._transaction = transaction
        self._tables = transaction.tables
        self._locked: set[PositionKey] = set()
        self.past = InMemoryPastChanges(transaction.tables)

    async def positions(self, microgrid_ids: Collection[str]) -> dict[PositionKey, Reached]:
        known = {key: reached for key, reached in self._tables.positions.items() if key[1] in microgrid_ids}
        self._locked.update(known)
        return known

    async def current_stream(self) -> str:
        return self._tables.stream

    async def put_positions(self, reached: Mapping[PositionKey, Reached]) -> None:
        if any(key in self._tables.positions for key in reached.keys() - self._locked):
            raise ConcurrentChange("another projector has begun with one of these microgrids")
        self._tables.positions.update(reached)

    async def put_statuses(self, statuses: Sequence[StatusRow]) -> None:
        for status in statuses:
            known = self._tables.statuses.get(status.microgrid_id)
            latest_cycle = status.latest_cycle or (known.latest_cycle if known else None)
            self._tables.statuses[status.microgrid_id] = replace(
                status, latest_cycle=latest_cycle, glance=known.glance if known else None
            )

    async def standings(self, microgrid_ids: Collection[str]) -> Mapping[str, Standing]:
        return {each: standing for each, standing in self._tables.standings.items() if each in microgrid_ids}

    async def put_news(self, latest: Sequence[CycleRow], standings: Mapping[str, Standing]) -> None:
        for row in latest:
            known = self._tables.statuses.get(row.cycle.microgrid_id)
            if known:
                self._tables.statuses[row.cycle.microgrid_id] = replace(known, latest_cycle=row.cycle)
        for microgrid_id, standing in standings.items():
            known = self._tables.statuses.get(microgrid_id)
            if known:
                self._tables.statuses[microgrid_id] = replace(known, glance=standing.glance)
                self._tables.standings[microgrid_id] = standing

    async def put_cycles(self, cycles: Sequence[CycleRow]) -> None:
        self._tables.cycles.update({(row.cycle.microgrid_id, row.cycle.cycle_seq): row.cycle for row in cycles})

    async def prune_cycles(self, decided_before: datetime) -> int:
        old = [key for key, cycle in self._tables.cycles.items() if cycle.decided_at < decided_before]
        for key in old:
            del self._tables.cycles[key]
        return len(old)

    async def put_breaches(self, breaches: Sequence[BreachRow]) -> None:
        for breach in breaches:
            key = breach.microgrid_id, breach.breach_id
            known = self._tables.breaches.get(key, breach)
            self._tables.breaches[key] = replace(breach, opened_seq=known.opened_seq, opened_at=known.opened_at)

    async def prune_retired(self, before: datetime) -> int:
        old = [
            each
            for each, standing in self._tables.standings.items()
            if standing.retired_at is not None and standing.retired_at < before
        ]
        for each in old:
            del self._tables.standings[each], self._tables.statuses[each]
        _forget(self._tables.breaches, [key for key in self._tables.breaches if key[0] in old])
        return len(old)

    async def configurations(self, microgrid_ids: Collection[str]) -> Mapping[str, SiteConfiguration]:
        return {each: row.configuration for each, row in self._tables.statuses.items() if each in microgrid_ids}

    async def commit(self) -> None:
        await self._transaction.commit()


class InMemoryWaitingNotices:
    """Notices in a dict."""

    def __init__(self, database: InMemoryDatabase) -> None:
        self._database = database

    async def microgrids(self) -> Sequence[str]:
        return sorted({microgrid_id for microgrid_id, _ in self._database.tables.notices})

    async def of(self, microgrid_id: str, limit: int) -> Sequence[Notice]:
        found = [notice for (of, _), notice in sorted(self._database.tables.notices.items()) if of == microgrid_id]
        return found[:limit]

    async def done(self, notice: Notice) -> None:
        async with self._database.begin() as transaction:
            transaction.tables.notices.pop((notice.entry.microgrid_id, notice.entry.number), None)
            await transaction.commit()


class InMemoryReadModelTransactions:
    """Begins transactions of a projection."""

    def __init__(self, database: InMemoryDatabase) -> None:
        self._database = database

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[InMemoryReadModelChanges]:
        async with self._database.begin() as transaction:
            yield InMemoryReadModelChanges(transaction)


class InMemoryReadModel:
    """What queries read."""

    def __init__(self, database: InMemoryDatabase) -> None:
        self._database = database

    async def statuses(self) -> Sequence[StatusRow]:
        statuses = self._database.tables.statuses
        return [statuses[microgrid_id] for microgrid_id in sorted(statuses, key=natural_key)]

    async def status(self, microgrid_id: str) -> StatusRow | None:
        return self._database.tables.statuses.get(microgrid_id)

    async def glances(self) -> Sequence[GlanceRow]:
        return [
            GlanceRow(each.microgrid_id, each.workspace_id, each.name, each.glance) for each in await self.statuses()
        ]

    async def cycles(self, microgrid_id: str, before: int | None, limit: int) -> Sequence[CycleCompleted]:
        found = [
            cycle
            for cycle in self._database.tables.cycles.values()
            if cycle.microgrid_id == microgrid_id and (before is None or cycle.cycle_seq < before)
        ]
        return sorted(found, key=lambda cycle: -cycle.cycle_seq)[:limit]

    async def cycle_heads(self, microgrid_id: str, before: int | None, limit: int) -> Sequence[CycleHead]:
        return [CycleHead.of(cycle) for cycle in await self.cycles(microgrid_id, before, limit)]

    async def cycle(self, microgrid_id: str, cycle_seq: int) -> CycleCompleted | None:
        return self._database.tables.cycles.get((microgrid_id, cycle_seq))

    async def breaches(
        self, microgrid_id: str, state: BreachState, before: int | None, limit: int
    ) -> Sequence[BreachRow]:
        found = [
            breach
            for breach in self._database.tables.breaches.values()
            if breach.microgrid_id == microgrid_id
            and state in (BreachState.ALL, BreachState.OPEN if breach.cleared_at is None else BreachState.CLOSED)
            and (before is None or breach.opened_seq < before)
        ]
        return sorted(found, key=lambda breach: -breach.opened_seq)[:limit]

    async def latest_breaches(self, microgrid_id: str, limit: int) -> Sequence[BreachRow]:
        opened = await self.breaches(microgrid_id, BreachState.OPEN, None, limit)
        last = await self.breaches(microgrid_id, BreachState.ALL, None, 1)
        return [*(each for each in last if each not in opened), *opened]

    async def open_breaches(self) -> Mapping[str, int]:
        breaches = self._database.tables.breaches.values()
        return Counter(breach.microgrid_id for breach in breaches if breach.cleared_at is None)

    async def node_history(
        self, microgrid_id: str, node_id: str, since: datetime, until: datetime, limit: int
    ) -> Sequence[NodeBucket]:
        found = [
            bucket_of(row.at, row.nodes[node_id])
            for row in self._database.tables.history.values()
            if row.microgrid_id == microgrid_id and since <= row.at < until and node_id in row.nodes
        ]
        return sorted(found, key=lambda bucket: bucket.at, reverse=True)[:limit]

    async def node_hours(self, microgrid_id: str, node_id: str, before: datetime, limit: int) -> Sequence[HourRow]:
        found = [
            row
            for (of, node, hour), row in self._database.tables.hours.items()
            if (of, node) == (microgrid_id, node_id) and hour < before
        ]
        return sorted(found, key=lambda row: row.hour, reverse=True)[:limit]

    async def log(self, microgrid_id: str, wanted: LogQuery, limit: int) -> Sequence[LogEntry]:
        found = [
            each
            for each in self._database.tables.log.values()
            if each.microgrid_id == microgrid_id
            and wanted.since <= each.at < wanted.until
            and wanted.code in (None, each.code)
            and wanted.node_id in (None, each.node_id)
            and (wanted.after is None or (each.at, each.number) < wanted.after)
        ]
        return sorted(found, key=lambda each: (each.at, each.number), reverse=True)[:limit]

    async def projected(self, projections: Collection[str]) -> dict[str, int]:
        positions = self._database.tables.positions
        return {
            microgrid_id: min(positions[projection, microgrid_id].event_seq for projection in projections)
            for microgrid_id in {microgrid_id for _, microgrid_id in positions}
            if all((projection, microgrid_id) in positions for projection in projections)
        }


class InMemoryStoredEvents:
    """The outbox from the read side."""

    def __init__(self, database: InMemoryDatabase) -> None:
        self._database = database

    async def newest(self, microgrid_id: str) -> NewestEvent:
        positions = self._database.tables.positions
        reached = min((each.event_seq for (_, of), each in positions.items() if of == microgrid_id), default=0)
        row = self._database.tables.outbox.get((microgrid_id, reached))
        value = None if row is None else dict(row.message.headers).get("traceparent")
        return NewestEvent(reached, None if value is None else value.decode())

    async def after(self, microgrid_id: str, event_seq: int, limit: int) -> Sequence[StoredEvent]:
        newest = (await self.newest(microgrid_id)).event_seq
        return [
            StoredEvent(seq, (dict(row.message.headers)["ce_type"] or b"").decode(), row.message.value or b"")
            for (of, seq), row in sorted(self._database.tables.outbox.items())
            if of == microgrid_id and event_seq < seq <= newest
        ][:limit]
