"""The cycles that are due: decided in memory, committed together."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, TypeAlias

from application.box import DueCycle
from application.decisions import ATTEMPTS, Committing, Decision
from application.mailbox import Mailbox
from application.owned_partitions import OwnedPartitions
from application.parking import NOT_OF_ONE_MICROGRID
from application.ports.clock import Clock
from application.ports.observing import Counters, Stage
from application.ports.persistence import ConcurrentChange
from domain.microgrid import Decide
from domain.sharing import rebalance

AT_ONCE: Final = 64
"""Cycles of one transaction."""

LONGEST: Final = timedelta(milliseconds=100)
"""How long cycles are decided before those that are go into a transaction, however many are due."""

GIVES_WAY: Final = timedelta(milliseconds=10)
"""How long cycles are decided before others may run, above all whoever takes in what arrives."""


Run: TypeAlias = Callable[[DueCycle], Decision]
"""What a due cycle comes to; that is not true yet."""


def run(due: DueCycle, decide: Decide = rebalance.decide) -> Decision:
    """Decide once; a cycle without news changes only what is remembered."""
    change = due.microgrid.run_cycle(due.readings, due.trigger, due.at, decide)
    return Decision(change, due.traceparent, is_change=change.microgrid != due.microgrid, cycle=due)


class Cycles:
    """Decides for the microgrids of the mailbox. `count`: how many cycles there were; `begun` and `ended`: turns."""

    def __init__(
        self,
        mailbox: Mailbox,
        owned: OwnedPartitions,
        decisions: Committing,
        run: Run,
        counters: Counters,
        clock: Clock,
    ) -> None:
        self._mailbox = mailbox
        self._owned = owned
        self._decisions = decisions
        self._run = run
        self._counters = counters
        self._clock = clock
        self._contested: Counter[str] = Counter()
        self.count = 0
        self.begun = self.ended = 0

    async def turn(self) -> bool:
        """Decide what is due, the earliest first, or as much as one turn takes; returns whether anything was due.

        A microgrid whose cycle fails is parked; all others go on. Raises Fenced where somebody else owns one of the
        partitions: the group has to be joined anew, as this member and the group disagree on who reads what.
        """
        self.begun += 1
        is_due = self.is_due()
        if is_due:
            await self._run_some()
        self.ended = self.begun
        return is_due

    def is_due(self) -> bool:
        """Whether a cycle is due by now."""
        due = self._mailbox.next_due()
        return due is not None and due <= self._clock.steady()

    async def _run_some(self) -> None:
        async with self._decisions.one_at_a_time:
            decided = await self._decide_some()
            failed = await self._decisions.commit([decision for _, decision in decided], self._owned.epoch_of)
            for due, decision in decided:
                await self._settle(due, decision, failed.get(due.microgrid_id))

    async def _decide_some(self) -> Sequence[tuple[DueCycle, Decision]]:
        decided: list[tuple[DueCycle, Decision]] = []
        began = gave_way = self._clock.steady()
        for due in self._mailbox.due():
            try:
                decided.append((due, self._run(due)))
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

    async def _settle(self, due: DueCycle, decision: Decision, error: Exception | None) -> None:
        match error:
            case None:
                self._mailbox.decided(due, decision.stored, decision.published)
                self._contested.pop(due.microgrid_id, None)
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
