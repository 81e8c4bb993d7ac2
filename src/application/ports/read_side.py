"""What is projected, and what reads it."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from application.ports.notifying import Notice
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
from domain.events import CycleCompleted
from domain.site.configuration import SiteConfiguration


class EventGap(Exception):
    """An event arrived before the one that precedes it: the stream lost something."""


PositionKey: TypeAlias = tuple[str, str]
"""A projection and a microgrid."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The last event of a microgrid that a projection has applied, and the stream that it is in."""

    stream: str
    event_seq: int


class PastChanges(Protocol):
    """The part of a projector's transaction that writes what is past."""

    async def history(
        self, microgrid_id: str, since: datetime | None, until: datetime, limit: int
    ) -> Sequence[HistoryRow]:
        """The buckets of a microgrid from `since` on and before `until`, the oldest first."""
        ...

    async def buckets(self, begun: Mapping[str, datetime]) -> Sequence[HistoryRow]:
        """Of each microgrid the bucket that began then, where it is stored."""
        ...

    async def put_history(self, history: Sequence[HistoryRow]) -> None: ...

    async def prune_history(self, before: datetime) -> int:
        """Forget the oldest of these buckets, some thousand at most; returns how many."""
        ...

    async def newest_hour(self, microgrid_id: str) -> datetime | None:
        """When the newest hour of a microgrid began that is kept by the minute; None before the first."""
        ...

    async def put_hours(self, hours: Sequence[HourRow]) -> None: ...

    async def prune_hours(self, before: datetime) -> int:
        """Forget the oldest of these hours, some thousand at most; returns how many."""
        ...

    async def put_log(self, entries: Sequence[LogEntry]) -> None: ...

    async def put_notices(self, notices: Sequence[Notice]) -> None:
        """To be sent; one that waits already is left as it is."""
        ...

    async def prune_log(self, before: datetime) -> int:
        """Forget the oldest of these entries, some thousand at most; returns how many."""
        ...


class ReadModelChanges(Protocol):
    """One transaction of a projector: rows and positions, together or not at all. Each `put` is one statement."""

    @property
    def past(self) -> PastChanges: ...

    async def positions(self, microgrid_ids: Collection[str]) -> dict[PositionKey, Reached]:
        """How far each projection is with these microgrids; nobody else moves it until the transaction ends."""
        ...

    async def current_stream(self) -> str:
        """The stream that the database leads."""
        ...

    async def put_positions(self, reached: Mapping[PositionKey, Reached]) -> None:
        """Raises ConcurrentChange where `positions` did not know one that somebody else has put since."""
        ...

    async def put_statuses(self, statuses: Sequence[StatusRow]) -> None:
        """A status leaves the latest cycle where it has none, and how the microgrid stands in any case."""
        ...

    async def standings(self, microgrid_ids: Collection[str]) -> Mapping[str, Standing]:
        """How these microgrids stand, of those that a status is known of."""
        ...

    async def put_news(self, latest: Sequence[CycleRow], standings: Mapping[str, Standing]) -> None:
        """The newest cycles, one a microgrid, and how microgrids stand, with the glance and when they retired.

        A microgrid keeps what is not put of it; of no effect while it has no status.
        """
        ...

    async def put_cycles(self, cycles: Sequence[CycleRow]) -> None: ...

    async def prune_cycles(self, decided_before: datetime) -> int:
        """Forget the oldest of these cycles, some thousand at most; returns how many."""
        ...

    async def put_breaches(self, breaches: Sequence[BreachRow]) -> None:
        """A breach that is known keeps when and with which event it opened."""
        ...

    async def prune_retired(self, before: datetime) -> int:
        """Forget microgrids that retired before this instant with their breaches, but for positions; returns how many.

        Some hundred at most. What is left of their past is pruned by its own age.
        """
        ...

    async def configurations(self, microgrid_ids: Collection[str]) -> Mapping[str, SiteConfiguration]:
        """What is in force in these microgrids, of those that a status is known of."""
        ...

    async def commit(self) -> None: ...


class ReadModelTransactions(Protocol):
    """Begins transactions of a projection. Leaving one without `commit` rolls back.

    They raise StorageUnavailable at any time.
    """

    def begin(self) -> AbstractAsyncContextManager[ReadModelChanges]: ...


class ReadModel(Protocol):
    """What queries read. Every method raises StorageUnavailable."""

    async def statuses(self) -> Sequence[StatusRow]:
        """Every microgrid, in natural id order."""
        ...

    async def status(self, microgrid_id: str) -> StatusRow | None: ...

    async def glances(self) -> Sequence[GlanceRow]:
        """Every microgrid in a line, in natural id order."""
        ...

    async def cycles(self, microgrid_id: str, before: int | None, limit: int) -> Sequence[CycleCompleted]:
        """Newest first, those below `cycle_seq` `before` where it is given."""
        ...

    async def cycle_heads(self, microgrid_id: str, before: int | None, limit: int) -> Sequence[CycleHead]:
        """The same without what is long."""
        ...

    async def cycle(self, microgrid_id: str, cycle_seq: int) -> CycleCompleted | None: ...

    async def breaches(
        self, microgrid_id: str, state: BreachState, before: int | None, limit: int
    ) -> Sequence[BreachRow]:
        """Those opened last first, those below `opened_seq` `before` where it is given."""
        ...

    async def latest_breaches(self, microgrid_id: str, limit: int) -> Sequence[BreachRow]:
        """Those that are open, `limit` at most, and the last that opened, open or not; that one is the first."""
        ...

    async def open_breaches(self) -> Mapping[str, int]:
        """How many breaches are open, by microgrid; those without any are left out."""
        ...

    async def node_history(
        self, microgrid_id: str, node_id: str, since: datetime, until: datetime, limit: int
    ) -> Sequence[NodeBucket]:
        """Newest first, from `since` on and before `until`; only buckets in which the node was there."""
        ...

    async def node_hours(self, microgrid_id: str, node_id: str, before: datetime, limit: int) -> Sequence[HourRow]:
        """Newest first, those that began before an instant."""
        ...

    async def log(self, microgrid_id: str, wanted: LogQuery, limit: int) -> Sequence[LogEntry]:
        """Newest first."""
        ...


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A published event as it is kept: `data` is its JSON."""

    event_seq: int
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class NewestEvent:
    """The last event that every read model has come to, 0 before the first.

    `traceparent`: of the trace in which it was announced; None where the event is kept no longer, or had none.
    """

    event_seq: int
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest event that an answer knows of its microgrid, and the trace in which that was announced."""

    microgrid_id: str
    event_seq: int
    traceparent: str | None


class StoredEvents(Protocol):
    """The events that the read models have taken in, as long as they are kept. Raises StorageUnavailable."""

    async def newest(self, microgrid_id: str) -> NewestEvent: ...

    async def after(self, microgrid_id: str, event_seq: int, limit: int) -> Sequence[StoredEvent]:
        """The events that follow, ascending and gap-free; the first is a later one where that is all that is kept."""
        ...
