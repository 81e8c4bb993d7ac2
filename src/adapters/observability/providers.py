"""OpenTelemetry's providers, set up from its own `OTEL_` variables. Nothing is exported unless it is asked for.

Shut a provider down at the end of the process, or the last things it saw are lost.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import entry_points
from threading import Thread
from typing import Any, Final, Literal, TypeAlias

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from adapters.observability import names

SHUT_DOWN_S: Final = 3.0
"""How long the last export may take. A demo has 5 s to end."""

Signal: TypeAlias = Literal["TRACES", "METRICS"]

_OTLP: Final = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


_logger = logging.getLogger(__name__)


class UnusableExporter(Exception):
    """An `OTEL_` variable asks for what is not there; the message names the variable."""


def tracer_provider() -> TracerProvider:
    """Spans go where `OTEL_TRACES_EXPORTER` says, or to an OTLP endpoint that is set.

    Raises UnusableExporter where it asks for an exporter which is not installed.
    """
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    for exporter in _exporters("TRACES"):
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def meter_provider(*asked: MetricReader) -> MeterProvider:
    """Metrics go where `OTEL_METRICS_EXPORTER` says, or to an OTLP endpoint that is set; `asked` readers take them too.

    Raises UnusableExporter where it asks for an exporter which is not installed.
    """
    exporting = [PeriodicExportingMetricReader(exporter) for exporter in _exporters("METRICS")]
    return MeterProvider(metric_readers=[*exporting, *asked], resource=_resource(), shutdown_on_exit=False)


async def shut_down(*providers: TracerProvider | MeterProvider) -> None:
    """Export what is left, all at once and within SHUT_DOWN_S: a collector that is away keeps no process alive."""
    loop, left = asyncio.get_running_loop(), len(providers)
    done = asyncio.Event()

    def ended() -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    def end(provider: TracerProvider | MeterProvider) -> None:
        try:
            provider.shutdown()
        finally:
            # Nobody listens any more where it took too long.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(ended)

    for provider in providers:
        # A thread of an executor would be waited for at the end of the process.
        Thread(target=end, args=(provider,), daemon=True).start()
    try:
        async with asyncio.timeout(SHUT_DOWN_S):
            await done.wait()
    except TimeoutError:
        _logger.warning("The last spans or metrics could not be exported within %.0f s", SHUT_DOWN_S)


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
