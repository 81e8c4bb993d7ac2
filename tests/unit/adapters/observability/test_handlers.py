"""What is counted and traced around the handlers: cycles that became true, and events in the span of their decision."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from adapters.observability.handlers import ObservedAnswer, ObservedRun
from application.answering import answer
from application.box import DueCycle
from application.cycles import run
from application.decisions import Decision
from application.ports.bus import Message, Position, Received
from domain.microgrid import Microgrid
from tests.builders import EIGHT, a_configuration
from tests.fakes.observation import HandedOnTraces, RememberedCounts
from tests.unit.application.service import Service
from tests.unit.application.telemetry import a_charger_says
from tests.unit.application.test_figures import Kept

CAUSE, SPAN = (f"00-{'a' * 32}-{digit * 16}-01" for digit in "12")


class Spans(HandedOnTraces):
    """What is decided stands in a span of its own."""

    @contextmanager
    def cycle_span(self, microgrid_id: str, traceparent: str | None, conflated: object = ()) -> Iterator[str | None]:
        assert traceparent == CAUSE
        yield SPAN

    @contextmanager
    def configuration_span(self, microgrid_id: str, traceparent: str | None) -> Iterator[str | None]:
        assert traceparent == CAUSE
        yield SPAN


def a_due_cycle() -> DueCycle:
    """Of a depot that was heard in a trace."""
    kept = Kept()
    kept.open("depot")
    kept.mailbox.post(a_charger_says(), CAUSE)
    (cycle,) = kept.mailbox.due()
    return cycle


def test_events_of_a_cycle_belong_to_its_span() -> None:
    assert run(a_due_cycle()).traceparent == CAUSE
    assert ObservedRun(run, Spans(), RememberedCounts())(a_due_cycle()).traceparent == SPAN


def test_the_answer_to_a_configuration_belongs_to_its_span() -> None:
    offered = Received(
        Position("busbar.configuration", 0, 7), Message(None, (), None), a_configuration(), traceparent=CAUSE
    )
    decided = ObservedAnswer(answer, Spans(), RememberedCounts())(Microgrid("depot"), offered, EIGHT, has_room=True)
    assert isinstance(decided, Decision)
    assert decided.traceparent == SPAN


async def test_a_cycle_that_is_not_committed_counts_for_nothing() -> None:
    service = Service()
    worker = await service.start()
    await service.offer(a_configuration())
    await worker.take_in()
    service.transactions.faults["depot"] = ValueError("no room")
    assert await worker.decide()
    assert service.counts.cycles == {}
    assert [failure for _, _, failure in service.counts.failures] == ["ValueError 1"]

    service.transactions.faults.clear()
    await service.offer(replace(a_configuration(), version=2))
    while await worker.turn():
        pass
    assert service.counts.cycles == {"published": 1}
