"""The cycles that are due: decided in memory, committed together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.box import DueCycle
from application.decisions import ATTEMPTS, Decision, Decisions
from application.mailbox import Mailbox
from application.owned_partitions import OwnedPartitions
from application.parking import NOT_OF_ONE_MICROGRID
from application.ports.clock import Clock
from application.ports.observing import Counters, CycleNotes, Stage, Tracing
from application.ports.persistence import ConcurrentChange
from domain.events import CycleCompleted
from domain.knowledge.readings import Readings
from domain.microgrid import Decide
from domain.sharing import rebalance

AT_ONCE: Final = 64
"""Cycles of one transaction."""

LONGEST: Final = timedelta(milliseconds=100)
"""How long cycles are decided before those that are go into a transaction, however many are due."""

GIVES_WAY: Final = timedelta(milliseconds=10)
"""How long cycles are decided before others may run, above all whoever takes in what arrives."""


@dataclass(frozen=True, slots=True)
class _Decided:
    """A cycle that was decided; what it came to is not true yet."""

    due: DueCycle
    decision: Decision
    notes: CycleNotes

    @property
    def is_change(self) -> bool:
        return self.decision.change.microgrid != self.due.microgrid

    @property
    def published(self) -> CycleCompleted | None:
        events = self.decision.change.events
        return next((event for event in events if isinstance(event, CycleCompleted)), None)


class Cycles:
    """Decides for the microgrids of the mailbox. `count`: how many cycles there were; `begun` and `ended`: turns."""

    def __init__(
        self,
        mailbox: Mailbox,
        owned: OwnedPartitions,
        decisions: Decisions,
        tracing: Tracing,
        counters: Counters,
        clock: Clock,
        decide: Decide = rebalance.decide,
    ) -> None:
        self._mailbox = mailbox
        self._owned = owned
        self._decisions = decisions
        self._tracing = tracing
        self._counters = counters
        self._clock = clock
        self._decide = decide
        self._contested: Counter[str] = Counter()
        self.count = 0
        self.begun = self.ended = 0

    async def turn(self) -> bool:
        """Decide what is due, the earliest first, or as much as one turn takes; returns whether anything was due.

        A microgrid whose cycle fails is parked; all others go on. Raises Fenced where somebody else owns one of the
        partitions: the group has to be joined anew, as this member and the group disagree on who reads what.
        """
        self.begun += 1
        due = self._mailbox.next_due()
        is_due = due is not None and due <= self._clock.steady()
        if is_due:
            await self._run_some()
        self.ended = self.begun
        return is_due

    async def _run_some(self) -> None:
        async with self._decisions.one_at_a_time:
            decided = await self._decide_some()
            changes = [each.decision for each in decided if each.is_change]
            failed = await self._decisions.commit(changes, self._owned.epoch_of)
            for each in decided:
                await self._settle(each, failed.get(each.due.microgrid_id))

    async def _decide_some(self) -> Sequence[_Decided]:
        decided: list[_Decided] = []
        began = gave_way = self._clock.steady()
        for due in self._mailbox.due():
            try:
                decided.append(self._run(due))
            except NOT_OF_ONE_MICROGRID:
                raise
            except Exception as error:
                self._park(due, error)
            steady = self._clock.steady()
            if len(decided) == AT_ONCE or steady - began >= LONGEST:
                break
            if steady - gave_way >= GIVES_WAY:
                await self._clock.sleep_until(self._clock.now())
                gave_way = self._clock.steady()
        return decided

    def _run(self, due: DueCycle) -> _Decided:
        """Decide once; a cycle without news changes only what is remembered."""
        microgrid_id = due.microgrid_id
        with (
            self._tracing.cycle_span(microgrid_id, due.traceparent, due.conflated) as traceparent,
            self._counters.cycle(microgrid_id) as notes,
        ):
            change = due.microgrid.run_cycle(due.readings, due.trigger, due.at, self._decide)
            if change.plan_fault is not None:
                self._counters.refused_plan(microgrid_id, change.plan_fault)
            # A cycle that is not published has the outcome of the one published last, else it would have been.
            if change.microgrid.state.published is not None:
                outcome = change.microgrid.state.published.outcome
                input_age = _input_age(due.readings, due.at)
                open_breaches = [each.breach_id for each in due.microgrid.open_breaches]
                notes.decided(outcome, input_age, change.events, open_breaches)
        return _Decided(due, Decision(change, traceparent), notes)

    async def _settle(self, decided: _Decided, error: Exception | None) -> None:
        due = decided.due
        match error:
            case None:
                microgrid = decided.decision.stored if decided.is_change else decided.decision.change.microgrid
                self._mailbox.decided(due, microgrid, decided.published)
                self._contested.pop(due.microgrid_id, None)
                decided.notes.committed()
                self.count += 1
            case ConcurrentChange():
                await self._begin_anew(due, error)
            case _:
                self._park(due, error)

    async def _begin_anew(self, due: DueCycle, error: ConcurrentChange) -> None:
        """What is kept is not what is stored: read it, and decide on that with the next turn."""
        self._contested[due.microgrid_id] += 1
        if self._contested[due.microgrid_id] == ATTEMPTS:
            raise error
        self._mailbox.put_back(due)
        await self._owned.read([due.microgrid_id])

    def _park(self, due: DueCycle, error: Exception) -> None:
        parked = self._mailbox.failed(due)
        self._counters.parked(Stage.CYCLE, due.microgrid_id, error, parked.times)


def _input_age(readings: Readings, at: datetime) -> timedelta | None:
    measured_at = [*readings.heard_at.values(), *(meter.measured_at for meter in readings.meters.values())]
    return at - max(measured_at) if measured_at else None
