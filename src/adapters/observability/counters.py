"""What is counted and measured instead of being answered, as OpenTelemetry metrics."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from adapters.observability import names
from application.ports.bus import Position, Unreadable
from application.ports.observing import Stage
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import CycleCompleted, DomainEvent
from domain.knowledge.readings import Receipt
from domain.sharing.plan import Outcome
from domain.site.configuration import Fault

DURATIONS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SILENT_S = 60.0
"""How long the log is silent of dead letters of a code after it told of one."""

AGES_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 90, 120, 300, 900)

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class TimedCycle:
    """A cycle while it is timed."""

    outcome: Outcome | None = None


class OpenTelemetryCounters:
    """Counters of the application, made by this provider."""

    def __init__(self, provider: MeterProvider, now: Callable[[], datetime]) -> None:
        self._now = now
        self._waiting_since: tuple[datetime | None, ...] = ()
        self._unsaid: Counter[str] = Counter()
        self._silent_until: dict[str, float] = {}
        meter = provider.get_meter(names.SERVICE)
        self._cycles = meter.create_counter(names.CYCLES, "{cycle}", "Cycles, by whether they had news")
        self._durations = meter.create_histogram(
            names.CYCLE_DURATION,
            "s",
            "Time that it took to decide a cycle, by outcome or error",
            explicit_bucket_boundaries_advisory=DURATIONS_S,
        )
        self._input_ages = meter.create_histogram(
            names.INPUT_AGE,
            "s",
            "Age of the newest reading when a cycle was decided on it",
            explicit_bucket_boundaries_advisory=AGES_S,
        )
        self._breaches = meter.create_counter(names.BREACHES, "{breach}", "Breaches that opened, escalated or cleared")
        self._refused_plans = meter.create_counter(names.REFUSED_PLANS, "{plan}", "Plans the certificate refused")
        self._readings = meter.create_counter(names.READINGS, "{reading}", "Readings, by what became of them")
        self._outdated = meter.create_counter(
            names.OUTDATED_CONFIGURATIONS, "{configuration}", "Configurations that were answered before"
        )
        self._tombstones = meter.create_counter(names.TOMBSTONES, "{message}", "Null values, which change nothing")
        self._parked = meter.create_counter(names.PARKED, "{failure}", "Failures that parked a microgrid, by stage")
        self._dead_letters = meter.create_counter(names.DEAD_LETTERS, "{message}", "Unreadable messages, by code")
        self._refused_letters = meter.create_counter(
            names.REFUSED_LETTERS, "{message}", "Dead letters that the bus did not take"
        )
        meter.create_observable_gauge(
            names.OUTBOX_AGE, [self._observe_waiting], "s", "Age of the oldest event that is not known to be published"
        )
        self._notices = meter.create_counter(
            names.NOTICES, "{notice}", "Deliveries of log entries to the webhook, by what became of them"
        )
        self._projected = meter.create_counter(
            names.PROJECTED_EVENTS, "{event}", "Events that reached the read models, by whether they came again"
        )

    def readings(self, receipts: Mapping[Receipt, int]) -> None:
        for receipt, number in receipts.items():
            self._readings.add(number, {names.RECEIPT: receipt.value})

    def outdated_configuration(self, microgrid_id: str) -> None:
        self._outdated.add(1)

    def refused_configuration(self, microgrid_id: str, faults: Sequence[Fault]) -> None:
        """It is answered by an event, so a line in the log is enough."""
        codes = sorted({fault.code for fault in faults})
        _logger.warning("Configuration refused", extra={names.MICROGRID_ID: microgrid_id, names.FAULTS: codes})

    def notified(self) -> None:
        self._notices.add(1, {names.RESULT: "delivered"})

    def not_notified(self, microgrid_id: str, error: Exception, times: int, *, is_given_up: bool) -> None:
        """The first time in a row is a line in the log too, and each that is given up."""
        self._notices.add(1, {names.RESULT: "given_up" if is_given_up else "failed"})
        said = {names.MICROGRID_ID: microgrid_id}
        if is_given_up:
            _logger.error("A notice was given up, the webhook did not take it for a day: %s", error, extra=said)
        elif times == 1:
            _logger.warning("The webhook does not take a notice, it is tried again: %s", error, extra=said)

    def tombstone(self) -> None:
        self._tombstones.add(1)

    def dead_letter(self, position: Position, letter: Unreadable) -> None:
        """Also a warning in the log, the first of a code and one a minute: senders can make up any number of them."""
        code, now = letter.code, time.monotonic()
        self._dead_letters.add(1, {names.ERROR_TYPE: code})
        self._unsaid[code] += 1
        if now >= self._silent_until.get(code, now):
            about = {names.ERROR_TYPE: code, names.NUMBER: self._unsaid.pop(code)}
            _logger.warning("A message was put aside: %s: %s", _place(position), letter.detail, extra=about)
            self._silent_until[code] = now + SILENT_S

    def refused_letter(self, position: Position, error: Exception) -> None:
        """An error in the log too: what nobody could read is nowhere but where it lay."""
        self._refused_letters.add(1)
        _logger.error("a dead letter was refused: %s: %s", _place(position), error)

    @contextmanager
    def cycle(self) -> Iterator[TimedCycle]:
        """A cycle that fails is timed under its error."""
        timed, began = TimedCycle(), time.perf_counter()
        try:
            yield timed
        except Exception as error:
            self._durations.record(time.perf_counter() - began, {names.ERROR_TYPE: type(error).__qualname__})
            raise
        if timed.outcome is not None:
            self._durations.record(time.perf_counter() - began, {names.OUTCOME: timed.outcome.value})

    def decided(
        self,
        microgrid_id: str,
        outcome: Outcome,
        input_age: timedelta | None,
        events: Sequence[DomainEvent],
        *,
        open_breaches: Collection[str],
    ) -> None:
        if input_age is not None:
            self._input_ages.record(max(0.0, input_age.total_seconds()))
        published = any(isinstance(event, CycleCompleted) for event in events)
        self._cycles.add(1, {names.PUBLISHED: published})
        for event in events:
            if isinstance(event, ConstraintBreached | ConstraintCleared):
                transition = _transition(event, open_breaches)
                self._breaches.add(1, {names.TRANSITION: transition, names.SEVERITY: event.severity.value})
        about = {names.MICROGRID_ID: microgrid_id, names.OUTCOME: outcome.value}
        _logger.debug("Cycle decided", extra=about | {names.PUBLISHED: published})

    def refused_plan(self, microgrid_id: str, fault: str) -> None:
        """Also an error in the log: the allocator is wrong, and somebody has to look."""
        self._refused_plans.add(1)
        _logger.error("the certificate refused a plan: %s", fault, extra={names.MICROGRID_ID: microgrid_id})

    def parked(self, stage: Stage, microgrid_id: str, error: Exception, times: int) -> None:
        """Also an error in the log, with its traceback, when it begins."""
        self._parked.add(1, {names.STAGE: stage.value, names.ERROR_TYPE: type(error).__qualname__})
        about = {names.MICROGRID_ID: microgrid_id, names.STAGE: stage.value}
        if times == 1:
            _logger.error("a microgrid failed and is parked", exc_info=error, extra=about)
        else:
            _logger.info("a parked microgrid failed %d times in a row: %s", times, error, extra=about)

    def not_taken(self, microgrid_id: str, position: Position, error: Exception) -> None:
        """An error in the log; what is counted is the dead letter."""
        about = {names.MICROGRID_ID: microgrid_id}
        _logger.error("a message could not be taken in: %s", _place(position), exc_info=error, extra=about)

    def waiting(self, since: datetime | None) -> None:
        self._waiting_since = (since,)

    def _observe_waiting(self, _options: CallbackOptions) -> Iterable[Observation]:
        """Nothing by who publishes nothing."""
        for since in self._waiting_since:
            yield Observation(0.0 if since is None else max(0.0, (self._now() - since).total_seconds()))

    def projected(self, news: int, duplicates: int) -> None:
        for number, duplicate in ((news, False), (duplicates, True)):
            if number:
                self._projected.add(number, {names.DUPLICATE: duplicate})


def _place(position: Position) -> str:
    return f"{position.topic}/{position.partition}@{position.offset}"


def _transition(event: ConstraintBreached | ConstraintCleared, open_breaches: Collection[str]) -> str:
    match event:
        case ConstraintCleared():
            return "cleared"
        case ConstraintBreached(breach_id=known) if known in open_breaches:
            return "escalated"
        case ConstraintBreached():
            return "opened"
