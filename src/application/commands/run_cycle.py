"""Run one rebalance cycle for a microgrid."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from application.ports import Counters, Epoch, Tracing, Transactions
from domain.events import CycleCompleted, Trigger
from domain.knowledge.readings import Readings
from domain.microgrid import Decide, Microgrid
from domain.sharing import rebalance


@dataclass(frozen=True, slots=True)
class RunCycle:
    """A cycle is due. `traceparent` is that of the newest reading behind it, `conflated` are those of others."""

    microgrid_id: str
    readings: Readings
    trigger: Trigger
    at: datetime
    epoch: Epoch
    traceparent: str | None = None
    conflated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a cycle: it was `published` where there was something to say; when the next one has to be."""

    published: CycleCompleted | None = None
    wakes_at: datetime | None = None


class RunCycleHandler:
    """Commits the decision and the event that announces it; a cycle without news changes only what is remembered."""

    def __init__(
        self, transactions: Transactions, tracing: Tracing, counters: Counters, decide: Decide = rebalance.decide
    ) -> None:
        self._transactions = transactions
        self._tracing = tracing
        self._counters = counters
        self._decide = decide

    async def handle(self, command: RunCycle) -> Ran:
        """Decide once. Raises ConcurrentChange and Fenced."""
        with (
            self._tracing.cycle_span(command.microgrid_id, command.traceparent, command.conflated) as traceparent,
            self._counters.cycle(command.microgrid_id) as notes,
        ):
            async with self._transactions.begin(command.epoch) as transaction:
                microgrid = await transaction.microgrids.get(command.microgrid_id)
                if microgrid is None:
                    return Ran()
                change = microgrid.run_cycle(command.readings, command.trigger, command.at, self._decide)
                if change.plan_fault is not None:
                    self._counters.refused_plan(command.microgrid_id, change.plan_fault)
                if change.microgrid != microgrid:
                    await transaction.microgrids.save(change.microgrid)
                    await transaction.outbox.append(change.events, traceparent, microgrid.workspace_id)
                    await transaction.commit()
            # A cycle that is not published has the outcome of the one published last, else it would have been.
            if change.microgrid.state.published is not None:
                outcome = change.microgrid.state.published.outcome
                input_age = _input_age(command.readings, command.at)
                notes.decided(outcome, input_age, change.events, _open_breaches(microgrid))
        published = next((event for event in change.events if isinstance(event, CycleCompleted)), None)
        return Ran(published, change.microgrid.wakes_at(command.at))


def _open_breaches(microgrid: Microgrid) -> set[str]:
    known = (each.announced for each in microgrid.state.breaches.exceedances.values())
    return {announced.breach_id for announced in known if announced is not None}


def _input_age(readings: Readings, at: datetime) -> timedelta | None:
    measured_at = [*readings.heard_at.values(), *(meter.measured_at for meter in readings.meters.values())]
    return at - max(measured_at) if measured_at else None
