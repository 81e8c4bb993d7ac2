"""OpenTelemetry's providers, set up from its own `OTEL_` variables. Nothing is exported unless it is asked for.

Shut a provider down at the end of the process, or the last things it saw are lost.
"""

import os
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any, Final, Literal, TypeAlias

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from adapters.observability import names

Signal: TypeAlias = Literal["TRACES", "METRICS"]

_OTLP: Final = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


class UnusableExporter(Exception):
    """An `OTEL_` variable asks for what is not there; the message names the variable."""


def tracer_provider() -> TracerProvider:
    """Spans go where `OTEL_TRACES_EXPORTER` says, or to an OTLP endpoint that is set.

    Raises UnusableExporter where it asks for an exporter which is not installed.
    """
    provider = TracerProvider(resource=_resource())
    for exporter in _exporters("TRACES"):
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def meter_provider(*asked: MetricReader) -> MeterProvider:
    """Metrics go where `OTEL_METRICS_EXPORTER` says, or to an OTLP endpoint that is set; `asked` readers take them too.

    Raises UnusableExporter where it asks for an exporter which is not installed.
    """
    exporting = [PeriodicExportingMetricReader(exporter) for exporter in _exporters("METRICS")]
    return MeterProvider(metric_readers=[*exporting, *asked], resource=_resource())


def _resource() -> Resource:
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return Resource.create({} if named else {"service.name": names.SERVICE})


def _exporters(signal: Signal) -> Sequence[Any]:
    variable = f"OTEL_{signal}_EXPORTER"
    endpoint = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    asked_for = os.environ.get(variable) or ("otlp" if endpoint else "none")
    return [_exporter(signal, variable, name.strip()) for name in asked_for.split(",") if name.strip() != "none"]


def _exporter(signal: Signal, variable: str, name: str) -> Any:
    installed = entry_points(
        group=f"opentelemetry_{signal.lower()}_exporter", name=_OTLP[_protocol(signal)] if name == "otlp" else name
    )
    if not installed:
        raise UnusableExporter(f"The variable {variable} asks for {name!r}, and no such exporter is installed.")
    return next(iter(installed)).load()()


def _protocol(signal: Signal) -> str:
    variable = "OTEL_EXPORTER_OTLP_PROTOCOL"
    protocol = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL") or os.environ.get(variable) or "http/protobuf"
    if protocol not in _OTLP:
        raise UnusableExporter(f"The variable {variable} must be one of {', '.join(_OTLP)}.")
    return protocol
