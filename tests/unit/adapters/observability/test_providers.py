"""OpenTelemetry's own variables decide what is exported; without them nothing is (ENV-3)."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from adapters.observability.providers import UnusableExporter, meter_provider, tracer_provider

A_CYCLE = """
from datetime import UTC, datetime
from adapters.observability.counters import OpenTelemetryCounters
from adapters.observability.providers import UnusableExporter, meter_provider, tracer_provider
from adapters.observability.tracing import OpenTelemetryTracing
spans, metrics = tracer_provider(), meter_provider()
with OpenTelemetryTracing(spans).cycle_span("malaga", None) as traceparent:
    assert traceparent is not None
OpenTelemetryCounters(metrics, lambda: datetime.now(UTC)).tombstone()
spans.shutdown()
metrics.shutdown()
"""


def exported(**variables: str) -> str:
    """What a process with these variables writes to standard output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path)} | variables
    return subprocess.run(
        [sys.executable, "-c", A_CYCLE], env=environment, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(autouse=True)
def without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tuple(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


def test_nothing_is_exported_unless_it_is_asked_for() -> None:
    assert exported() == ""


def test_each_signal_goes_to_the_exporter_that_is_named_for_it() -> None:
    written = exported(OTEL_TRACES_EXPORTER="console", OTEL_METRICS_EXPORTER="none")
    assert '"name": "busbar.cycle"' in written
    assert '"name": "busbar.tombstones"' not in written
    written = exported(OTEL_METRICS_EXPORTER="console")
    assert '"name": "busbar.cycle"' not in written
    assert '"name": "busbar.tombstones"' in written


def test_the_service_is_called_busbar_unless_its_operator_says_otherwise() -> None:
    name = '"service.name": "busbar'
    assert f'{name}"' in exported(OTEL_TRACES_EXPORTER="console")
    assert f'{name}-perth"' in exported(OTEL_TRACES_EXPORTER="console", OTEL_SERVICE_NAME="busbar-perth")


@pytest.mark.parametrize(
    ("provider", "variables", "complaint"),
    [
        (tracer_provider, {"OTEL_TRACES_EXPORTER": "pigeon"}, "OTEL_TRACES_EXPORTER asks for 'pigeon'"),
        (meter_provider, {"OTEL_METRICS_EXPORTER": "console, pigeon"}, "OTEL_METRICS_EXPORTER asks for 'pigeon'"),
        (
            tracer_provider,
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "morse"},
            "OTEL_EXPORTER_OTLP_PROTOCOL must be one of http/protobuf, grpc",
        ),
    ],
)
def test_an_exporter_that_cannot_be_had_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, provider: Callable[[], object], variables: dict[str, str], complaint: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnusableExporter, match=complaint):
        provider()
