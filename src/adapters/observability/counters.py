"""What is counted instead of being answered, as OpenTelemetry metrics."""

import logging
from collections.abc import Mapping

from opentelemetry.metrics import MeterProvider

from adapters.observability import names
from application.ports import Position, Stage
from domain.telemetry import Receipt

_logger = logging.getLogger(__name__)


class OpenTelemetryCounters:
    """Counters of the application, made by this provider."""

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter(names.SERVICE)
        self._cycles = meter.create_counter(names.CYCLES, "{cycle}", "Cycles, by whether they had news")
        self._refused_plans = meter.create_counter(names.REFUSED_PLANS, "{plan}", "Plans the certificate refused")
        self._readings = meter.create_counter(names.READINGS, "{reading}", "Readings, by what became of them")
        self._outdated = meter.create_counter(
            names.OUTDATED_CONFIGURATIONS, "{configuration}", "Configurations not newer than the applied one"
        )
        self._tombstones = meter.create_counter(names.TOMBSTONES, "{message}", "Null values, which change nothing")
        self._parked = meter.create_counter(names.PARKED, "{failure}", "Failures that parked a microgrid, by stage")
        self._dead_letters = meter.create_counter(names.DEAD_LETTERS, "{message}", "Unreadable messages, by code")

    def readings(self, microgrid_id: str, receipts: Mapping[Receipt, int]) -> None:
        for receipt, number in receipts.items():
            self._readings.add(number, {names.RECEIPT: receipt.value})

    def outdated_configuration(self, microgrid_id: str) -> None:
        self._outdated.add(1)

    def tombstone(self) -> None:
        self._tombstones.add(1)

    def dead_letter(self, code: str) -> None:
        self._dead_letters.add(1, {names.ERROR_TYPE: code})

    def cycle(self, microgrid_id: str, published: bool) -> None:
        self._cycles.add(1, {names.PUBLISHED: published})

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
        place = f"{position.topic}/{position.partition}@{position.offset}"
        _logger.error(
            "a message could not be taken in: %s", place, exc_info=error, extra={names.MICROGRID_ID: microgrid_id}
        )
