"""What is fuzzed: API, bus, and commands that read files. A turn of each sends some of it and looks at the answers."""

import asyncio
import json
import random
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from adapters.messages.replay import LONGEST_GAP, read_input
from application.replay import BEGINNING, Input
from tests.e2e.processes import Ended, run
from tests.e2e.stacks import PARTITIONS, configuration, reading
from tests.faults.load import DEPOTS
from tests.fuzz import mutations

ANSWERED_S: Final = 20.0
_SOUND: Final = datetime(2026, 11, 22, 8, tzinfo=UTC)
REQUESTS, MESSAGES, LINES = 60, 100, 200
DEPOT: Final = DEPOTS[0]

METHODS: Final = ("GET", "GET", "GET", "GET", "HEAD", "POST", "DELETE", "OPTIONS", "TRACE", "G\x00T")
PATHS: Final = (
    "/v1/microgrids",
    "/v1/microgrids/{}",
    "/v1/microgrids/{}/overview",
    "/v1/microgrids/{}/cycles",
    "/v1/microgrids/{}/cycles/{}",
    "/v1/microgrids/{}/breaches",
    "/v1/microgrids/{}/history/{}",
    "/v1/microgrids/{}/log",
    "/v1/microgrids/{}/sessions",
    "/v1/microgrids/{}/stream",
    "/metrics",
    "/openapi.json",
    "/",
    "/{}",
)
QUERIES: Final = ("limit", "cursor", "from", "to", "step", "state", "code", "node_id", "type", "fields")
HEADERS: Final = ("Accept", "Accept-Encoding", "If-None-Match", "Last-Event-ID", "Authorization", "Origin", "Cookie")
TYPES: Final = (
    "site.configuration.v1",
    "charge_point.telemetry.v1",
    "circuit.telemetry.v1",
    "busbar.cycle.completed.v1",
)
TOPICS: Final = ("configuration", "telemetry", "telemetry", "events")


class Wrong(Exception):
    """Something answered as nothing may; the message says to what."""


class Api:
    """Requests on connections of their own, some of them no HTTP at all."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.statuses: Counter[int] = Counter()

    async def turn(self, rng: random.Random) -> None:
        await asyncio.gather(*[self._ask(_request(rng)) for _ in range(REQUESTS)])

    async def _ask(self, request: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(request)
            line = await asyncio.wait_for(reader.readline(), ANSWERED_S)
        except (TimeoutError, ConnectionError):
            line = b""
        finally:
            writer.transport.abort()
        status = int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0
        self.statuses[status] += 1
        if status >= 500 and status not in (501, 503):
            raise Wrong(f"{status} to {request[:500]!r}")


def _request(rng: random.Random) -> bytes:
    def part() -> str:
        return rng.choice((DEPOT, "gc", "cp-1", "cp-1/1", "1", mutations.in_a_path(rng), mutations.in_a_path(rng)))

    path = rng.choice(PATHS)
    path = path.format(*[part() for _ in range(path.count("{}"))])
    asked = [f"{rng.choice(QUERIES)}={part()}" for _ in range(rng.randrange(0, 4))]
    headers = [f"{rng.choice(HEADERS)}: {part()}" for _ in range(rng.randrange(0, 3))]
    first = f"{rng.choice(METHODS)} {path}{'?' if asked else ''}{'&'.join(asked)} HTTP/1.1"
    raw = "\r\n".join([first, "Host: 127.0.0.1", "Connection: close", *headers, "", ""]).encode()
    return mutations.noise(rng, raw) if rng.random() < 0.1 else raw


class Bus:
    """Messages on every topic that is read, in any partition, some of them nearly sound."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str) -> None:
        self._producer = producer
        self._prefix = prefix
        self.sent = 0

    async def turn(self, rng: random.Random) -> None:
        sending = []
        for _ in range(MESSAGES):
            topic = rng.choice(TOPICS)
            key, value, headers = hostile_message(rng, topic)
            partition = rng.randrange(PARTITIONS) if rng.random() < 0.3 else None
            with suppress(KafkaError, ValueError, AssertionError):  # what the client does not send at all
                sent = self._producer.send(f"{self._prefix}.{topic}", value, key, partition, headers=headers)
                sending.append(await sent)
        # What the brokers do not take is not there to be read: a compacted topic takes none without a key.
        answers = await asyncio.gather(*sending, return_exceptions=True)
        self.sent += sum(not isinstance(answer, BaseException) for answer in answers)


def hostile_message(rng: random.Random, topic: str) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]:
    microgrid_id = rng.choice(("fuzzed-1", "fuzzed-2", mutations.text(rng)[:60]))
    sound = configuration(microgrid_id, rng.randrange(1, 1000)) if topic == "configuration" else reading(microgrid_id)
    of_topic = "site.configuration.v1" if topic == "configuration" else "charge_point.telemetry.v1"
    kind = of_topic if rng.random() < 0.8 else rng.choice(TYPES)
    headers = [("ce_type", kind.encode()), ("ce_specversion", b"1.0"), ("content-type", b"application/json")]
    for _ in range(rng.randrange(0, 3)):
        headers.append(
            (mutations.text(rng)[:50].encode(errors="replace").decode(), mutations.text(rng).encode(errors="replace"))
        )
    rng.shuffle(headers)
    key = rng.choice((microgrid_id, microgrid_id, mutations.text(rng))).encode(errors="surrogatepass")
    value = None if rng.random() < 0.02 else mutations.document(rng, sound)
    return (None if rng.random() < 0.05 else key), value, headers[: rng.randrange(1, len(headers) + 1)]


class Files:
    """Lines and files to the commands that read them, each to its end."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.read = 0

    async def turn(self, rng: random.Random) -> None:
        snapshots = [line(mutations.document(rng, snapshot(rng))) for _ in range(LINES)]
        ended = await asyncio.to_thread(run, self._home, "rebalance", stdin=b"".join(snapshots))
        _require(ended, (0, 2), "rebalance")
        if len(ended.lines) != len(snapshots) or not all(isinstance(json.loads(line), dict) for line in ended.lines):
            raise Wrong(f"rebalance answered {len(snapshots)} lines with {len(ended.lines)}")
        messages = [line(mutations.document(rng, replayed(rng))) for _ in range(LINES)]
        played = b"".join(each for each in messages if not goes_on_for_days(each))
        _require(await asyncio.to_thread(run, self._home, "replay", stdin=played), (0, 2), "replay")
        site = self._home / "site.json"
        site.write_bytes(mutations.document(rng, configuration("depot")))
        _require(await asyncio.to_thread(run, self._home, "check", str(site)), (0, 1, 2), "check")
        self.read += 2 * LINES + 1


def line(document: bytes) -> bytes:
    """A document as one line."""
    return document.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"


def snapshot(rng: random.Random) -> dict[str, Any]:
    """A sound line for `busbar rebalance`."""
    del rng
    return {"configuration": configuration("depot"), "at": "2026-11-22T08:00:00Z", "telemetry": [reading("depot")]}


def replayed(rng: random.Random) -> dict[str, Any]:
    """A sound line for `busbar replay`."""
    at = {"at": f"2026-11-22T08:{rng.randrange(60):02}:00Z"}
    return rng.choice(
        (
            {**at, "type": "site.configuration.v1", "data": configuration("depot", rng.randrange(1, 9))},
            {**at, "type": "charge_point.telemetry.v1", "data": reading("depot")},
            {**at, "take_over": True},
            at,
        )
    )


def goes_on_for_days(message: bytes) -> bool:
    """Whether a line of `busbar replay` is so far from the sound ones that the cycles between them take minutes.

    They are played and told one after the other, which is right, and no more hostile than those of an hour.
    """
    given = read_input(message, BEGINNING)
    return isinstance(given, Input) and timedelta(days=1) < abs(given.at - _SOUND) < 3 * LONGEST_GAP


def _require(ended: Ended, codes: tuple[int, ...], command: str) -> None:
    if ended.code not in codes or b"Traceback" in ended.err:
        raise Wrong(f"{command} ended with {ended.code}: {ended.err.decode(errors='replace')[-1500:]}")
