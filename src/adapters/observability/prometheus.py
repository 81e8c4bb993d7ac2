"""Metrics for whoever comes and asks, in Prometheus' text format."""

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest


class PrometheusMetrics:
    """What a meter provider that was given this `reader` has counted."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.reader = PrometheusMetricReader(registry=self._registry)

    def text(self) -> bytes:
        """All of it, as of now."""
        return generate_latest(self._registry)
