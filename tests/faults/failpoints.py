"""Places in a worker at which it is killed or stopped by its own hand, the n-th time it passes there."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from application.box import DueCycle
from application.decisions import Decisions
from application.mailbox import Mailbox
from application.ports.clock import Time
from application.ports.ownership import Epoch
from application.ports.persistence import (
    MicrogridRepository,
    Outbox,
    PendingEvent,
    PendingEvents,
    Transactions,
    UnitOfWork,
)
from domain.events import DomainEvent

BEFORE_DECIDING: Final = "before-deciding"
BEFORE_COMMIT: Final = "before-commit"
BEFORE_OFFSETS: Final = "after-commit-before-offsets"
BEFORE_MARK: Final = "after-publish-before-mark"
FAILPOINTS: Final = (BEFORE_DECIDING, BEFORE_COMMIT, BEFORE_OFFSETS, BEFORE_MARK)


@dataclass(slots=True)
class Failpoint:
    """Where a process signals itself, and at which passing.

    `draining` is held while the relay is at the database: who is stopped inside a transaction is thrown out by the
    server, and then decides nothing when it wakes.
    """

    name: str
    passing: int
    by: signal.Signals = signal.SIGKILL
    draining: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __deepcopy__(self, _memo: object) -> Self:
        """Containers copy what they are given: there is one in a process, however often a worker joins anew."""
        return self

    def is_ahead(self, name: str) -> bool:
        return name == self.name and self.passing > 0

    def passed(self, name: str) -> None:
        if name != self.name:
            return
        self.passing -= 1
        if self.passing == 0:
            print(f"reached {name}", file=sys.stderr, flush=True)
            os.kill(os.getpid(), self.by)


class FailingMailbox(Mailbox):
    """A mailbox that passes a failpoint before cycles are taken from it, and while nobody is inside a transaction.

    Until then nothing is due: else a worker that is to stop before its first decision makes it while its relay reads.
    """

    def __init__(self, time: Time, failpoint: Failpoint, decisions: Callable[[], Decisions]) -> None:
        super().__init__(time)
        self._failpoint = failpoint
        self._decisions = decisions
        self._is_taken_from = False

    def next_due(self) -> timedelta | None:
        due = super().next_due()
        if due is None or due > self._time.steady() or self._is_taken_from:
            return due
        if not (self._failpoint.draining.locked() or self._decisions().one_at_a_time.locked()):
            self._failpoint.passed(BEFORE_DECIDING)
            return due
        return None if self._failpoint.is_ahead(BEFORE_DECIDING) else due

    def due(self) -> Iterator[DueCycle]:
        self._is_taken_from = True
        try:
            yield from super().due()
        finally:
            self._is_taken_from = False


class FailingTransactions:
    """Transactions that pass a failpoint before they commit something to announce, and after they did."""

    def __init__(self, real: Transactions, failpoint: Failpoint) -> None:
        self._real = real
        self._failpoint = failpoint

    @asynccontextmanager
    async def begin(self, epochs: Epoch | Mapping[str, Epoch]) -> AsyncIterator[UnitOfWork]:
        async with self._real.begin(epochs) as transaction:
            yield _FailingUnitOfWork(transaction, self._failpoint)


class _FailingUnitOfWork:
    def __init__(self, real: UnitOfWork, failpoint: Failpoint) -> None:
        self._real = real
        self._failpoint = failpoint
        self._announces = False

    @property
    def microgrids(self) -> MicrogridRepository:
        return self._real.microgrids

    @property
    def outbox(self) -> Outbox:
        return self

    def append(
        self, events: Sequence[DomainEvent], traceparent: str | None, workspace_id: str | None
    ) -> Sequence[PendingEvent]:
        self._announces = self._announces or bool(events)
        return self._real.outbox.append(events, traceparent, workspace_id)

    def mark_published(self, events: Collection[PendingEvent]) -> None:
        if events:
            self._failpoint.passed(BEFORE_MARK)
        self._real.outbox.mark_published(events)

    async def commit(self) -> None:
        if self._announces:
            self._failpoint.passed(BEFORE_COMMIT)
        await self._real.commit()
        if self._announces:
            self._failpoint.passed(BEFORE_OFFSETS)


class FailingPendingEvents:
    """PendingEvents that pass a failpoint when events are published and not yet marked."""

    def __init__(self, real: PendingEvents, failpoint: Failpoint) -> None:
        self._real = real
        self._failpoint = failpoint

    async def pending(self, microgrids: Collection[str], limit: int) -> Sequence[PendingEvent]:
        async with self._failpoint.draining:
            return await self._real.pending(microgrids, limit)

    async def mark_published(self, events: Collection[PendingEvent], at: datetime) -> None:
        self._failpoint.passed(BEFORE_MARK)
        async with self._failpoint.draining:
            await self._real.mark_published(events, at)

    async def republish_after(self, positions: Mapping[str, int]) -> int:
        async with self._failpoint.draining:
            return await self._real.republish_after(positions)

    async def prune(self, published_before: datetime) -> int:
        async with self._failpoint.draining:
            return await self._real.prune(published_before)
