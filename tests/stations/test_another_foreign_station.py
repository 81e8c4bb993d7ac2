"""A second station that others wrote (ocppsim, a crate) at the real server, told what to do at its terminal."""

import asyncio
import fcntl
import os
import pty
import struct
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.ocpp.findings import NEVER_LAPSES
from tests.services import cargo
from tests.stations.depot import Bus, Depot, configuration, gateway_of
from tests.stations.scripted import Habits

VERSION = "0.3.0"
PATIENCE_S = 60


class Terminal:
    """Where the station reads what it is to do. What it shows is passed over."""

    def __init__(self) -> None:
        self.side, self.other_side = pty.openpty()
        fcntl.ioctl(self.other_side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        asyncio.get_running_loop().add_reader(self.side, lambda: os.read(self.side, 65536))

    def type(self, command: str) -> None:
        """A line."""
        os.write(self.side, command.encode() + b"\r")

    def close(self) -> None:
        """Nothing is shown or read any more."""
        asyncio.get_running_loop().remove_reader(self.side)
        os.close(self.side)
        os.close(self.other_side)


@asynccontextmanager
async def foreign(program: Path, url: str, home: Path) -> AsyncIterator[Terminal]:
    """The station, which checks each frame against the schemas of OCPP."""
    terminal = Terminal()
    process = await asyncio.create_subprocess_exec(
        program,
        *("--ws-url", url, "--cp-id", "cp-1", "--protocol", "1.6", "--connectors", "1", "--strict"),
        stdin=terminal.other_side,
        stdout=terminal.other_side,
        stderr=terminal.other_side,
        env=os.environ | {"HOME": str(home), "TERM": "xterm"},
    )
    try:
        yield terminal
    finally:
        process.kill()
        await process.wait()
        terminal.close()


async def soon(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(2 * cargo.PATIENCE_S)
async def test_a_second_foreign_station_keeps_its_limits_and_is_named_as_they_never_lapse(tmp_path: Path) -> None:
    program = cargo.program("ocppsim", VERSION, "A second station that others wrote needs")
    bus = Bus()
    async with (
        gateway_of(configuration({"cp-1": Habits()}), bus) as (gateway, port),
        foreign(program, f"ws://127.0.0.1:{port}", tmp_path) as terminal,
    ):
        depot = Depot(gateway, bus, port, {})

        def last(key: str) -> object:
            said = [each[key] for each in bus.readings("cp-1") if each[key] is not None]
            return said[-1] if said else None

        await asyncio.sleep(2)
        terminal.type("connect")
        await soon(lambda: last("status") == "Available")
        await asyncio.sleep(1)
        terminal.type("start 1 TAG")
        await soon(lambda: last("session"))
        deciding = asyncio.ensure_future(depot.decide_for(PATIENCE_S, 7_000))
        await soon(lambda: last("applied_limit_w") == 7_000)
        deciding.cancel()
        assert gateway.findings()[0].sentence == "controlled"
        deciding = asyncio.ensure_future(depot.decide_for(PATIENCE_S, 0))
        await soon(lambda: last("status") == "SuspendedEVSE")
        await asyncio.sleep(3)
        assert (last("status"), last("applied_limit_w")) == ("SuspendedEVSE", 0)
        said = len(bus.messages)
        await asyncio.sleep(3)
        assert len(bus.messages) - said < 10
        deciding.cancel()
        await soon(lambda: gateway.findings()[0].why == NEVER_LAPSES)
