"""`busbar gateway ocpp` on a real broker with a real worker: chargers that connect are balanced, whatever restarts."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import environment, run
from tests.e2e.stacks import Stack, a_prefix, configuration, readiness
from tests.services.kafka import Broker
from tests.services.postgresql import PostgresqlServer
from tests.services.processes import free_port
from tests.stations.depot import living
from tests.stations.scripted import RATING_W, Station

CAPACITY_W, FALLBACK_W = 20_000, 4_600
PATIENCE_S = 60
ENDED_S = 30


def site() -> dict[str, Any]:
    """Two chargers that could draw 44 kW together on a connection of 20."""
    charger = {
        "circuit_id": "gc",
        "max_power_w": RATING_W,
        "fallback_power_w": FALLBACK_W,
        "connectors": [{"connector_id": 1, "max_power_w": RATING_W, "min_power_w": 4_140}],
    }
    return configuration(
        "ocpp",
        settings={"refresh_interval_s": 10, "setpoint_valid_for_s": 30, "apply_grace_s": 5},
        circuits=[{"circuit_id": "gc", "parent_id": None, "name": "Grid", "default_capacity_w": CAPACITY_W}],
        charge_points=[{"charge_point_id": name, **charger} for name in ("cp-1", "cp-2")],
    )


@pytest.fixture(scope="module")
def stack(
    kafka_broker: Broker, postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    with postgresql.new_database() as url:
        stack = Stack(tmp_path_factory.mktemp("stack"), kafka_broker.bootstrap_servers, url, a_prefix())
        assert stack.run("migrate").code == 0
        yield stack


@pytest.fixture
async def stations() -> AsyncIterator[tuple[int, list[Station]]]:
    """A port where a gateway is to listen, and stations that try to connect there."""
    port = free_port()
    stations = [Station(name, f"ws://127.0.0.1:{port}") for name in ("cp-1", "cp-2")]
    async with living(stations):
        yield port, stations


async def soon(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def drawn_w(stations: list[Station]) -> float:
    return sum(station.bays[0].watts for station in stations)


async def test_chargers_share_a_limit_over_a_killed_gateway_until_it_is_told_to_end(
    stack: Stack, stations: tuple[int, list[Station]]
) -> None:
    port, chargers = stations
    file = stack.home / "site.json"
    file.write_text(json.dumps(site()))
    arguments = ("gateway", "ocpp", "--site", str(file), "--listen", f"127.0.0.1:{port}", "--data", str(stack.home))
    async with AsyncExitStack() as running:
        running.enter_context(stack.running("worker", "worker", "--port", "0"))
        configured = await asyncio.to_thread(stack.run, "configure", str(file), "--wait", "30s")
        assert configured.code == 0, configured.err
        health = free_port()
        first = stack.running("first", *arguments, "--port", str(health))
        process = running.enter_context(first)
        await soon(lambda: all(charger.told for charger in chargers))
        # What a charger is told it applies a moment later.
        await asyncio.sleep(1)
        await asyncio.gather(*(charger.plug_in() for charger in chargers))
        await soon(lambda: CAPACITY_W * 0.9 < drawn_w(chargers) <= CAPACITY_W)
        assert (await asyncio.to_thread(readiness, health))[0] == 200
        process.end(signal.SIGKILL)
        await soon(lambda: drawn_w(chargers) <= 2 * FALLBACK_W)
        again = running.enter_context(stack.running("again", *arguments, "--port", "0"))
        await soon(lambda: CAPACITY_W * 0.9 < drawn_w(chargers) <= CAPACITY_W)
        assert await asyncio.to_thread(again.end, signal.SIGTERM) < ENDED_S
        assert again.code == 0
    over = [
        (one[0], one[1] + other[1])
        for one, other in zip(chargers[0].bays[0].drawn, chargers[1].bays[0].drawn, strict=False)
        if one[1] + other[1] > CAPACITY_W + 500
    ]
    assert over == []


def test_without_the_extra_one_sentence_names_the_way_to_get_it(home: Path) -> None:
    (home / "site.json").write_text(json.dumps(site()))
    code = (
        "import sys; sys.modules['websockets'] = None; sys.argv[0] = 'busbar'\n"
        "from importlib import util; found = util.find_spec\n"
        "util.find_spec = lambda name, *a: None if name == 'websockets' else found(name, *a)\n"
        "from entrypoints.cli.main import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "gateway", "ocpp", "--site", "site.json"],
        cwd=home,
        env=environment(home),
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b".[ocpp]" in ended.stderr
    assert ended.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--listen", "0.0.0.0:8180"), "--passwords"),
        (("--listen", "nowhere"), "no address"),
        (("--passwords", "site.json"), "line 1"),
        ((), "BUSBAR_KAFKA_BOOTSTRAP_SERVERS"),
    ],
)
def test_what_cannot_be_used_is_refused_with_one_sentence(home: Path, options: tuple[str, ...], names: str) -> None:
    (home / "site.json").write_text(json.dumps(site()))
    ended = run(home, "gateway", "ocpp", "--site", "site.json", *options)
    assert ended.code == 2
    assert names in ended.err.decode()
    assert ended.err.count(b"\n") == 1


def test_a_password_is_printed_as_its_hash(home: Path) -> None:
    made = run(home, "gateway", "password", "cp-1")
    given = run(home, "gateway", "password", "cp-1", "--from-stdin", stdin=b"secret\n")
    assert made.out.startswith(b"cp-1 scrypt$")
    assert (given.code, given.err) == (0, b"")
    assert b"secret" not in given.out
