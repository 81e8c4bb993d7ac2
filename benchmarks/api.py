"""How fast the read side answers inside a live demo, and as a `busbar api` of its own beside it, and what its streams
cost; beside its answer to `/health/live`.

`make bench-api`, or `python -m benchmarks.api [--seconds N] [--speed N] [--connectors N] [--save]`.
"""

import argparse
import asyncio
import json
import os
import re
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
from pydantic_core import to_json

from benchmarks.depots import a_depot
from benchmarks.machine import machine
from domain.site.configuration import Strategy
from domain.site.site import Site
from tests.e2e.processes import running
from tests.services.processes import free_port

RESULTS = Path(__file__).parent / "results"

CONNECTORS: Final = (189, 512)
"""Sites of 300 nodes: with the connectors that hang in the tree, and without them, as a status lists nodes."""

REQUESTS_PER_S: Final = 50
STREAMS: Final = 50
TURNS: Final = 4
"""How often CPU time is taken without and with streams, so that both see the same depot."""

LEAD_IN_S: Final = 10
"""How long the demo has run before anything is measured: the first cycles are no others' measure."""

IDLE_S: Final = 3
"""How long a connection is kept for another request; the server closes those that are idle for 5 s."""

CLOCK_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
STATUS: Final = "/v1/microgrids/depot"
OVERVIEW: Final = f"{STATUS}/overview?sessions=false"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long each thing is measured")
    parser.add_argument("--speed", type=int, default=2, help="simulated seconds a second; 2: about a cycle a second")
    parser.add_argument("--connectors", type=int, help="a site with so many of them alone")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/api.json and .txt")
    arguments = parser.parse_args()

    results = {
        "machine": machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "speed": arguments.speed,
        "seconds": arguments.seconds,
        "sites": [
            _site(connectors, arguments.seconds, arguments.speed)
            for connectors in ([arguments.connectors] if arguments.connectors else CONNECTORS)
        ],
    }
    table = "\n".join(_text(results))
    print(table)
    if arguments.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "api.txt").write_text(table + "\n")
        (RESULTS / "api.json").write_text(json.dumps(results, indent=1) + "\n")


def _site(connectors: int, seconds: int, speed: int) -> dict[str, Any]:
    configuration = a_depot(connectors, Strategy())
    with TemporaryDirectory(prefix="busbar-") as folder:
        home = Path(folder)
        (home / "site.json").write_bytes(to_json(asdict(configuration)))
        variables = {
            "BUSBAR_HTTP_MAX_STREAMS": str(STREAMS),
            "BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{home / 'depot.sqlite3'}",
        }
        played = ("--site", "site.json", "--speed", str(speed))
        with running(home, "demo", *played, "--port", "0", variables=variables) as demo:
            demo.read_until("headroom")
            (address,) = re.findall(r"Serving (\S+)", demo.out.decode())
            measured = asyncio.run(_measured(address, demo.process.pid, seconds))
            with running(home, "api", "--port", str(port := free_port()), variables=variables) as alone:
                asyncio.run(_ready(f"http://127.0.0.1:{port}"))
                measured["answers_alone"] = asyncio.run(_answers(f"http://127.0.0.1:{port}", seconds))
                alone.end(signal.SIGTERM)
            measured["ended_within_s"] = round(demo.end(signal.SIGTERM), 2)
    return {"power_nodes": len(Site.of(configuration).tree.nodes), "connectors": connectors, **measured}


async def _measured(address: str, pid: int, seconds: int) -> dict[str, Any]:
    await asyncio.sleep(LEAD_IN_S)
    return {"answers": await _answers(address, seconds), "cores": await _cores(address, pid, seconds)}


async def _answers(address: str, seconds: int) -> dict[str, Any]:
    client = _Client(address)
    return {
        "/health/live": await _latencies(lambda: client.get("/health/live"), seconds),
        "status": await _latencies(lambda: client.get(STATUS), seconds),
        "status, by a reader who may have it": await _latencies(lambda: client.get(STATUS, client.etag), seconds),
        "overview": await _latencies(lambda: client.get(OVERVIEW), seconds),
    }


async def _ready(address: str) -> None:
    """Wait until it answers."""
    while True:
        with suppress(OSError):
            if await _Client(address).get("/health/ready") == 200:
                return
        await asyncio.sleep(0.1)


class _Client:
    """As many connections as are needed at once. A client that does more for its users takes longer than the server."""

    def __init__(self, address: str) -> None:
        self._url = httpx.URL(address)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []
        self.etag = ""

    async def get(self, path: str, known: str = "") -> int:
        """The status code of the answer, once all of it is there."""
        reader, writer = self._kept() or await _connected(self._url)
        condition = f"If-None-Match: {known}\r\n" if known else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._url.netloc.decode()}\r\n{condition}\r\n".encode())
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        await reader.readexactly(int(headers.get("content-length", 0)))
        self.etag = headers.get("etag", self.etag)
        self._idle.append((reader, writer, asyncio.get_running_loop().time()))
        return int(status.split()[1])

    def _kept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The connection that was used last. One that is idle for long may be closed just now."""
        while self._idle:
            reader, writer, used_at = self._idle.pop()
            if not reader.at_eof() and asyncio.get_running_loop().time() - used_at < IDLE_S:
                return reader, writer
            writer.close()
        return None


async def _connected(url: httpx.URL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(url.host, url.port)


async def _latencies(ask: Callable[[], Awaitable[int]], seconds: int) -> dict[str, Any]:
    """Of requests that are sent at their times, whether those before are answered or not; counted from these times."""
    loop = asyncio.get_running_loop()
    taken_s: list[float] = []
    late_s: list[float] = []
    codes: Counter[int] = Counter()

    async def one(due: float) -> None:
        await asyncio.sleep(due - loop.time())
        late_s.append(loop.time() - due)
        code = await ask()
        taken_s.append(loop.time() - due)
        codes[code] += 1

    begin = loop.time() + 0.1
    await asyncio.gather(*(one(begin + number / REQUESTS_PER_S) for number in range(seconds * REQUESTS_PER_S)))
    taken_s.sort()
    late_s.sort()
    return {
        "p50_ms": _ms(taken_s, 0.5),
        "p99_ms": _ms(taken_s, 0.99),
        "max_ms": _ms(taken_s, 1.0),
        "sent_late_p99_ms": _ms(late_s, 0.99),
        "codes": codes,
    }


def _ms(ordered_s: Sequence[float], share: float) -> float:
    return round(1e3 * ordered_s[min(len(ordered_s) - 1, int(share * len(ordered_s)))], 1)


async def _cores(address: str, pid: int, seconds: int) -> dict[str, Any]:
    """CPU seconds of the server in a second, without and with streams, in turns."""
    without_s, with_s, received = 0.0, 0.0, [0]
    for _ in range(TURNS):
        without_s += await _cpu_s(pid, seconds / TURNS)
        readers = [asyncio.create_task(_read(address, received)) for _ in range(STREAMS)]
        with_s += await _cpu_s(pid, seconds / TURNS)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return {
        "without_streams": round(without_s / seconds, 3),
        "with_streams": round(with_s / seconds, 3),
        "mb_received": round(received[0] / 1e6, 1),
    }


async def _cpu_s(pid: int, seconds: float) -> float:
    """CPU time of a process in the seconds from now."""
    before = _ticks(pid)
    await asyncio.sleep(seconds)
    return (_ticks(pid) - before) / CLOCK_TICKS_PER_S


def _ticks(pid: int) -> int:
    """Of all its threads, in user and system mode."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


async def _read(address: str, received: list[int]) -> None:
    """Follow a stream, counting its bytes, and do nothing else that would cost time."""
    url = httpx.URL(address)
    reader, writer = await _connected(url)
    try:
        writer.write(f"GET {STATUS}/stream HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n\r\n".encode())
        while part := await reader.read(1 << 20):
            received[0] += len(part)
    finally:
        writer.close()


def _text(results: dict[str, Any]) -> Iterator[str]:
    where = results["machine"]
    yield f"{where['processor']}, {where['cores']} cores, {where['python']}, {where['system']}"
    yield results["measured_at"]
    yield (
        f"Live demos, speed {results['speed']}; {REQUESTS_PER_S} requests/s for {results['seconds']} s each, "
        "ms from when they were due:"
    )
    for site in results["sites"]:
        total = site["power_nodes"] + site["connectors"]
        title = f"{site['power_nodes']} nodes + {site['connectors']} connectors = {total}"
        yield f"\n{title:40}{'p50':>8}{'p99':>8}{'max':>8}{'sent late, p99':>16}  answers"
        yield from _lines(site["answers"])
        yield "a `busbar api` of its own, beside the demo"
        yield from _lines(site["answers_alone"])
        before, after, received = (site["cores"][key] for key in ("without_streams", "with_streams", "mb_received"))
        yield (
            f"{STREAMS} streams cost {100 * (after - before):.1f} % of a core ({before} without, {after} with them; "
            f"{received} MB received); the demo ended within {site['ended_within_s']} s."
        )


def _lines(answers: Mapping[str, Any]) -> Iterator[str]:
    for name, each in answers.items():
        codes = ", ".join(f"{number} x {code}" for code, number in each["codes"].items())
        late = each["sent_late_p99_ms"]
        yield f"{name:40}{each['p50_ms']:8}{each['p99_ms']:8}{each['max_ms']:8}{late:16}  {codes}"


if __name__ == "__main__":
    main()
