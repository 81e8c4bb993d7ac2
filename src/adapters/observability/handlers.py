"""What is counted, logged and traced around the handlers, so that these say nothing but what they do."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from application.answering import Answer, Answered
from application.box import DueCycle
from application.cycles import Run
from application.decisions import Committing, Decision
from application.ports.bus import Received
from application.ports.observing import Counters, Tracing
from application.ports.ownership import Epoch
from domain.microgrid import Microgrid


class ObservedRun:
    """Run that times another, under a span in the trace of what caused the cycle; its events belong to that span."""

    def __init__(self, inner: Run, tracing: Tracing, counters: Counters) -> None:
        self._inner = inner
        self._tracing = tracing
        self._counters = counters

    def __call__(self, due: DueCycle) -> Decision:
        span = self._tracing.cycle_span(due.microgrid_id, due.traceparent, due.conflated)
        with span as traceparent, self._counters.cycle() as timed:
            decision = self._inner(due)
            if decision.change.plan_fault is not None:
                self._counters.refused_plan(due.microgrid_id, decision.change.plan_fault)
            timed.outcome = decision.outcome
        return replace(decision, traceparent=traceparent)


class ObservedAnswer:
    """Answer under a span in the trace of the message that offers the configuration; a refusal is in that trace too."""

    def __init__(self, inner: Answer, tracing: Tracing, counters: Counters) -> None:
        self._inner = inner
        self._tracing = tracing
        self._counters = counters

    def __call__(self, microgrid: Microgrid, received: Received, at: datetime, *, has_room: bool) -> Answered:
        microgrid_id = microgrid.microgrid_id
        with self._tracing.configuration_span(microgrid_id, received.traceparent) as traceparent:
            answered = self._inner(microgrid, received, at, has_room=has_room)
            match answered:
                case None:
                    self._counters.outdated_configuration(microgrid_id)
                case Decision():
                    for refused in answered.refusals:
                        self._counters.refused_configuration(microgrid_id, refused.faults)
                    return replace(answered, traceparent=traceparent)
        return answered


class CountedDecisions:
    """Committing that counts the cycles which became true."""

    def __init__(self, inner: Committing, counters: Counters) -> None:
        self._inner = inner
        self._counters = counters

    @property
    def one_at_a_time(self) -> asyncio.Lock:
        return self._inner.one_at_a_time

    async def commit(self, decisions: Sequence[Decision], epoch_of: Callable[[str], Epoch]) -> Mapping[str, Exception]:
        """What failed, by microgrid. Raises Fenced and StorageUnavailable."""
        failed = await self._inner.commit(decisions, epoch_of)
        for decision in decisions:
            if decision.cycle is not None and decision.outcome is not None and decision.microgrid_id not in failed:
                self._counters.decided(
                    decision.microgrid_id,
                    decision.outcome,
                    _input_age(decision.cycle),
                    decision.change.events,
                    open_breaches=[each.breach_id for each in decision.cycle.microgrid.open_breaches],
                )
        return failed


def _input_age(cycle: DueCycle) -> timedelta | None:
    """How old the newest reading was, None where there is none."""
    readings = cycle.readings
    measured_at = [*readings.heard_at.values(), *(meter.measured_at for meter in readings.meters.values())]
    return cycle.at - max(measured_at) if measured_at else None
