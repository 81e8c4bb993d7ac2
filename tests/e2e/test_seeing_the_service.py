"""What an operator sees of a running service: health, metrics, traces and logs of real processes."""

import asyncio
import json
import re
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.messages import registry
from application.ports.bus import Message
from tests.e2e.collectors import Collector, Span, collecting
from tests.e2e.processes import PATIENCE_S
from tests.e2e.stacks import Process, Stack, a_prefix, configuration, reading, until
from tests.services import kafka
from tests.services.kafka import Broker
from tests.services.postgresql import PostgresqlServer
from tests.services.processes import free_port, listens

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CAUSE = "b7ad6b7169203331"
ASKED_TRACE_ID = "9c1f2e3d4b5a69788796a5b4c3d2e1f0"
CALLERS_TRACE_ID = "11112222333344445555666677778888"
REFUSED_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
ENDED_S = 30.0
REFRESH_S = 2
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"

GAUGES_OF_A_WORKER = {
    "busbar_consumer_distance",
    "busbar_cycle_newest_age_seconds",
    "busbar_cycle_oldest_due_age_seconds",
    "busbar_degraded_microgrids",
    "busbar_microgrids",
    "busbar_open_breaches",
    "busbar_silent_chargers",
    "busbar_undecided_microgrids",
}
OF_A_WORKER = GAUGES_OF_A_WORKER | {
    "busbar_consumer_lag_seconds_count",
    "busbar_cycle_duration_seconds_count",
    "busbar_cycle_input_age_seconds_count",
    "busbar_cycles_total",
    "busbar_outbox_oldest_age_seconds",
    "busbar_readings_total",
}
COUNTED_BY_A_PROJECTOR = {"busbar_consumer_lag_seconds_count", "busbar_projected_events_total"}
OF_A_PROJECTOR = COUNTED_BY_A_PROJECTOR | {"busbar_consumer_distance"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A process, and where it answers for itself."""

    process: Process
    address: str

    def answer(self, path: str) -> str:
        return httpx.get(self.address + path, timeout=PATIENCE_S).text

    def status(self, path: str) -> int:
        return httpx.get(self.address + path, timeout=PATIENCE_S).status_code

    def metrics(self) -> dict[str, float]:
        """By name, summed over attributes."""
        values: dict[str, float] = {}
        for line in httpx.get(f"{self.address}/metrics", timeout=PATIENCE_S).text.splitlines():
            if not line.startswith("#"):
                name, value = re.split(r"[{ ]", line)[0], line.rsplit(" ", 1)[1]
                values[name] = values.get(name, 0.0) + float(value)
        return values

    def is_ready(self) -> bool:
        return self.status("/health/ready") == 200

    def is_not_ready(self) -> bool:
        return self.status("/health/ready") == 503


@contextmanager
def seen(stack: Stack, command: str, name: str, **variables: str) -> Iterator[Seen]:
    """A process of the stack once it serves its health, which it does before it waits for anything."""
    with stack.running(name, command, "--port", "0", BUSBAR_LOG_FORMAT="json", **variables) as process:
        until(lambda: "are served at" in process.log.read_text(), process.log)
        served = re.search(r"are served at (http://[0-9.:]+)/", process.log.read_text())
        assert served is not None
        yield Seen(process, served[1])


@dataclass(frozen=True, slots=True)
class Service:
    """A deployment of a worker and a projector whose telemetry is collected, on a broker of its own."""

    stack: Stack
    broker: Broker
    collector: Collector
    worker: Seen
    projector: Seen


@pytest.fixture(scope="module")
def service(postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with ExitStack() as opened:
        url = opened.enter_context(postgresql.new_database())
        broker = opened.enter_context(kafka.broker())
        stack = Stack(tmp_path_factory.mktemp("seen"), broker.bootstrap_servers, url, a_prefix())
        assert stack.run("migrate").code == 0
        collector = opened.enter_context(collecting())
        exporting = {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
        }
        worker, projector = (
            opened.enter_context(seen(stack, command, command, OTEL_SERVICE_NAME=f"busbar-{command}", **exporting))
            for command in ("worker", "project")
        )
        for process in (worker, projector):
            until(process.is_ready, process.process.log)
        yield Service(stack, broker, collector, worker, projector)


def publish_traced(stack: Stack, topic: str, kind: str, payload: Mapping[str, Any], trace_id: str) -> None:
    """Send a message inside a trace."""

    async def send() -> None:
        publisher = KafkaPublisher(Connection(stack.bootstrap_servers), f"{stack.prefix}.{topic}")
        plain = registry.encode(kind, payload)
        traceparent = ("traceparent", f"00-{trace_id}-{CAUSE}-01".encode())
        await publisher.publish([Message(plain.key, (*plain.headers, traceparent), plain.value)])
        await publisher.close()

    asyncio.run(send())


def test_one_trace_leads_from_a_reading_through_cycle_and_publish_to_the_projection(service: Service) -> None:
    stack, log = service.stack, service.worker.process.log
    before = service.worker.metrics()
    stack.publish("configuration", "site.configuration.v1", [configuration("depot")])
    until(lambda: service.worker.metrics().get("busbar_cycles_total", 0) > before.get("busbar_cycles_total", 0), log)
    publish_traced(stack, "telemetry", "charge_point.telemetry.v1", reading("depot"), TRACE_ID)

    def named() -> dict[str, Span]:
        return {span.name: span for span in service.collector.spans if span.trace_id == TRACE_ID}

    published, processed = (f"{operation} {stack.prefix}.events" for operation in ("publish", "process"))
    until(lambda: {"busbar.cycle", published, processed} <= named().keys(), log)
    spans = named()
    cycle, publish, process = spans["busbar.cycle"], spans[published], spans[processed]
    assert (cycle.service, publish.service, process.service) == ("busbar-worker", "busbar-worker", "busbar-project")
    assert cycle.parent_id == CAUSE
    assert publish.parent_id == process.parent_id == cycle.span_id
    assert (publish.kind, process.kind) == (SentSpan.SPAN_KIND_PRODUCER, SentSpan.SPAN_KIND_CONSUMER)
    assert publish.attributes["messaging.destination.name"] == f"{stack.prefix}.events"
    assert "/depot/" in publish.attributes["cloudevents.event_id"]
    assert process.attributes["busbar.microgrid.id"] == "depot"


def test_a_request_is_linked_to_the_decision_that_it_shows_and_stands_in_the_trace_of_its_caller(
    service: Service,
) -> None:
    stack, log = service.stack, service.projector.process.log
    stack.publish("configuration", "site.configuration.v1", [configuration("asked")])
    sequence = count(1)

    def decided() -> dict[str, Span]:
        """The cycles of this trace, by their span."""
        return {
            span.span_id: span
            for span in service.collector.spans
            if (span.name, span.trace_id) == ("busbar.cycle", ASKED_TRACE_ID)
        }

    exporting = {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": service.collector.address}
    with seen_api(stack, OTEL_SERVICE_NAME="busbar-api", OTEL_BSP_SCHEDULE_DELAY="100", **exporting) as address:
        caller = {"traceparent": f"00-{CALLERS_TRACE_ID}-{CAUSE}-01"}

        def linked() -> list[Span]:
            """After one more reading of that trace, as the next cycle without one is of another."""
            told = reading("asked", next(sequence))
            publish_traced(stack, "telemetry", "charge_point.telemetry.v1", told, ASKED_TRACE_ID)
            httpx.get(f"{address}/v1/microgrids/asked", headers=caller, timeout=PATIENCE_S)
            spans = [each for each in service.collector.spans if each.service == "busbar-api"]
            return [each for each in spans if set(each.linked) & decided().keys()]

        until(lambda: bool(linked()), log)
        request = linked()[0]
    assert request.name == "GET /v1/microgrids/{microgrid_id}"
    assert (request.trace_id, request.parent_id, request.kind) == (CALLERS_TRACE_ID, CAUSE, SentSpan.SPAN_KIND_SERVER)
    assert request.attributes["busbar.microgrid.id"] == "asked"


@contextmanager
def seen_api(stack: Stack, **variables: str) -> Iterator[str]:
    """The address of an API of the stack."""
    port = free_port()
    with stack.running("api", "api", "--port", str(port), **variables) as process:
        until(lambda: listens(port), process.log)
        yield f"http://127.0.0.1:{port}"


def test_metrics_of_each_process_tell_what_it_did_to_whoever_asks_and_to_the_collector(service: Service) -> None:
    service.stack.publish("configuration", "site.configuration.v1", [configuration("counted")])
    service.stack.publish("telemetry", "charge_point.telemetry.v1", [reading("counted")])
    for process, names in ((service.worker, OF_A_WORKER), (service.projector, OF_A_PROJECTOR)):
        until(lambda process=process, names=names: names <= process.metrics().keys(), process.process.log)  # type: ignore[misc]
    before = service.worker.metrics(), service.projector.metrics()
    service.stack.publish("telemetry", "charge_point.telemetry.v1", [reading("counted", 2)])

    def more(name: str, process: Seen, than: Mapping[str, float]) -> bool:
        return process.metrics()[name] > than[name]

    for name in ("busbar_readings_total", "busbar_cycles_total", "busbar_cycle_duration_seconds_count"):
        until(lambda name=name: more(name, service.worker, before[0]), service.worker.process.log)  # type: ignore[misc]
    for name in COUNTED_BY_A_PROJECTOR:
        until(lambda name=name: more(name, service.projector, before[1]), service.projector.process.log)  # type: ignore[misc]
    assert {*service.worker.metrics(), *service.projector.metrics()} <= {*documented(), "target_info"}
    collected = {("busbar-worker", "busbar.cycle.duration"), ("busbar-project", "busbar.projected_events")}
    until(lambda: collected <= service.collector.metrics, service.worker.process.log)


def documented() -> Iterator[str]:
    """The metrics of `docs/operations.md` as Prometheus has them."""
    ends = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
    for row in re.finditer(r"\| `([a-z_.]+)` \| (counter|histogram|gauge)(, s)? \|", OPERATIONS.read_text()):
        name = row[1].replace(".", "_") + ("_seconds" if row[3] else "")
        yield from (name + end for end in ends[row[2]])


def test_a_worker_whose_cycles_wait_for_a_database_shows_it_and_is_not_ready_until_they_are_decided(
    service: Service,
) -> None:
    service.stack.publish("configuration", "site.configuration.v1", [configuration("waiting")])
    worker, log = service.worker, service.worker.process.log
    until(lambda: worker.metrics().get("busbar_microgrids", 0) > 0, log)
    until(lambda: worker.metrics()["busbar_undecided_microgrids"] == 0, log)
    until(lambda: worker.metrics()["busbar_silent_chargers"] > 0, log)
    until(worker.is_ready, log)

    with locked(service.stack.database_url, "microgrid_state"):
        until(lambda: "The newest cycle is older than twice its interval" in worker.answer("/health/ready"), log)
        seen = worker.metrics()
        assert seen["busbar_undecided_microgrids"] > 0
        assert seen["busbar_cycle_newest_age_seconds"] > REFRESH_S
        assert seen["busbar_cycle_oldest_due_age_seconds"] > REFRESH_S
        assert worker.is_not_ready()
    until(worker.is_ready, log)
    assert worker.metrics()["busbar_undecided_microgrids"] == 0


@contextmanager
def locked(database_url: str, table: str) -> Iterator[None]:
    """Somebody holds a table for themselves: a restore, say, or a migration by hand."""
    with asyncio.Runner() as runner:
        engine = create_async_engine(database_url)
        holding = runner.run(engine.connect().start())
        runner.run(holding.execute(text(f"LOCK TABLE {table}")))
        try:
            yield
        finally:
            runner.run(holding.close())
            runner.run(engine.dispose())


def test_a_refusal_is_a_line_in_the_log_of_the_trace_that_led_to_it(service: Service) -> None:
    refused = configuration("refused", circuits=[])
    publish_traced(service.stack, "configuration", "site.configuration.v1", refused, REFUSED_TRACE_ID)
    log = service.worker.process.log
    until(lambda: "Configuration refused" in log.read_text(), log)
    (line,) = [json.loads(line) for line in log.read_text().splitlines() if "Configuration refused" in line]
    assert line["trace_id"] == REFUSED_TRACE_ID
    assert len(line["span_id"]) == 16
    assert line["attributes"]["busbar.microgrid.id"] == "refused"
    assert "no_grid_connection" in line["attributes"]["busbar.configuration.faults"]


def test_readiness_falls_with_the_broker_and_comes_back_with_it_while_the_process_stays_alive(
    service: Service,
) -> None:
    processes = (service.worker, service.projector)
    service.broker.kill()
    for process in processes:
        until(process.is_not_ready, process.process.log)
        assert process.status("/health/live") == 200
    service.broker.start()
    for process in processes:
        until(process.is_ready, process.process.log)


def test_a_process_started_without_brokers_says_that_it_is_alive_and_not_ready(service: Service) -> None:
    away = f"127.0.0.1:{free_port()}"
    with seen(service.stack, "project", "waiting", BUSBAR_KAFKA_BOOTSTRAP_SERVERS=away) as waiting:
        until(lambda: "cannot be reached" in waiting.process.log.read_text(), waiting.process.log)
        assert waiting.is_not_ready()
        assert waiting.status("/health/live") == 200
        assert waiting.status("/v1/microgrids") == 404
        other_host = httpx.get(f"{waiting.address}/metrics", headers={"Host": "example.org"}, timeout=PATIENCE_S)
        assert other_host.status_code == 421
        assert waiting.process.end(signal.SIGTERM) < ENDED_S
        assert waiting.process.code == 0


def test_a_collector_that_never_answers_keeps_no_process_alive(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        exporting = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "60",
            "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "60",
            "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "60",
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
        }
        with seen(service.stack, "project", "unheard", **exporting) as unheard:
            until(unheard.is_ready, unheard.process.log)
            assert unheard.process.end(signal.SIGTERM) < ENDED_S
            assert unheard.process.code == 0
