"""How many statements a published cycle takes: counted between a worker and its database, so with any code."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy.engine import make_url

from benchmarks.bench import CONNECTORS, Bench, benched
from benchmarks.deployment import counted
from tests.e2e.stacks import Stack

DUE = 64
ROUNDS = 5
ROUND_S = 3.0
ONE_TIME_REQUESTS = (80877103, 80877102, 80877104)
"""Asking for encryption, cancelling: what comes before a connection's start, or in its place."""


class Counting:
    """A way to a database on which every statement is counted: each simple query, and each execution."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self.statements = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        from_database, to_database = await asyncio.open_connection(*self._to)
        back = asyncio.ensure_future(_passed_on(from_database, writer))
        try:
            await self._passed_on_counted(reader, to_database)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            back.cancel()
            to_database.close()
            writer.close()

    async def _passed_on_counted(self, reader: asyncio.StreamReader, to_database: asyncio.StreamWriter) -> None:
        code = ONE_TIME_REQUESTS[0]
        while code in ONE_TIME_REQUESTS:
            length, code = struct.unpack(">II", head := await reader.readexactly(8))
            to_database.write(head + await reader.readexactly(length - 8))
        while True:
            kind, length = struct.unpack(">cI", head := await reader.readexactly(5))
            to_database.write(head + await reader.readexactly(length - 4))
            self.statements += kind in (b"Q", b"E")


async def _passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await reader.read(65536):
            writer.write(some)


@asynccontextmanager
async def counting(database_url: str) -> AsyncIterator[tuple[Counting, str]]:
    """The counter, and the address of the database by its way."""
    url = make_url(database_url)
    way = Counting(url.host or "127.0.0.1", url.port or 5432)
    async with await asyncio.start_server(way.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield way, url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)


async def measured(stack: Stack) -> dict[str, Any]:
    """So many depots are due at once, some times: statements of the worker by cycle that was published."""
    async with benched(stack, DUE, {}) as bench, counting(stack.database_url) as (way, url):
        with stack.running("counted", "worker", BUSBAR_DATABASE_URL=url) as worker:
            await asyncio.to_thread(worker.has_joined)
            await bench.configure()
            before, cycles = way.statements, (await counted(bench.engine))["published"]
            for number in range(ROUNDS):
                await _said_at_once(bench, number)
                await asyncio.sleep(ROUND_S)
            cycles = (await counted(bench.engine))["published"] - cycles
            statements = way.statements - before
            worker.end(15)
    return {
        "due at once": DUE,
        "cycles published": cycles,
        "statements": statements,
        "statements a published cycle": round(statements / max(1, cycles), 2),
    }


async def _said_at_once(bench: Bench, number: int) -> None:
    """One charger of each depot."""
    await bench.say(slice(number % CONNECTORS, number % CONNECTORS + 1))
