"""Links to the real server: who is let in, what a hostile station can do, what outlives a cut and a restart."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from adapters.clock import SystemClock
from adapters.messages.configuration import configuration_to
from adapters.ocpp import server
from adapters.ocpp.gateway import Gateway
from adapters.ocpp.memory import LinkMemory
from adapters.ocpp.passwords import Passwords, hashed
from adapters.ocpp.server import NotLoopback, Server
from adapters.ocpp.spoken import ALONE
from application.event_types import CONFIGURATION_APPLIED
from application.ports.bus import PublishedEvent
from tests.specification import ROOT
from tests.stations.depot import FALLBACK_W, VALID_S, Bus, Depot, configuration, depot_of, gateway_of, living
from tests.stations.scripted import Habits, Station

PATIENCE_S = 10


async def soon(holds: Callable[[], object]) -> None:
    """Wait for what has to hold in a while."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.fixture
async def depot() -> AsyncIterator[Depot]:
    async with depot_of({"cp-1": Habits(), "cp-2": Habits()}) as depot:
        yield depot


async def opened(port: int, path: str, protocol: str = "ocpp1.6", **headers: str) -> ClientConnection:
    return await connect(
        f"ws://127.0.0.1:{port}/{path}",
        subprotocols=[Subprotocol(protocol)],
        additional_headers=headers,
        proxy=None,
        max_size=None,
    )


# --- who is let in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["ocpp2.0.1", "ocpp2.1", "chat"])
async def test_a_station_of_another_ocpp_is_refused_with_a_sentence(depot: Depot, protocol: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await opened(depot.port, "cp-1", protocol)
    assert refused.value.response.status_code == 400
    assert refused.value.response.body == f"{ALONE}\n".encode()


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/gateway.md"])
def test_who_brings_a_depot_reads_beforehand_which_stations_are_not_served(page: str) -> None:
    assert "tations of OCPP 2.0.1 are not served" in ALONE
    assert "tations of OCPP 2.0.1 are not served" in (ROOT / page).read_text()


async def test_a_station_that_the_site_does_not_have_is_not_found(depot: Depot) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await opened(depot.port, "cp-3")
    assert refused.value.response.status_code == 404


async def test_stations_connect_by_their_own_password_alone(tmp_path: Path) -> None:
    (tmp_path / "passwords").write_text(f"{hashed('cp-1', 'right')}\n{hashed('cp-2', 'other')}\n")
    passwords = Passwords.read(tmp_path / "passwords")
    async with gateway_of(configuration({"cp-1": Habits()}), Bus(), passwords=passwords) as (gateway, port):
        wrong = [Station("cp-1", f"ws://127.0.0.1:{port}", password=each) for each in ("wrong", "other")]
        for station in (*wrong, Station("cp-1", f"ws://127.0.0.1:{port}")):
            with pytest.raises(InvalidStatus) as refused:
                await station.connected()
            assert refused.value.response.status_code == 401
        right = Station("cp-1", f"ws://127.0.0.1:{port}", password="right")
        async with living([right]):
            await soon(lambda: gateway.findings()[0].why is None)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "chargers.example"])
async def test_beyond_this_machine_passwords_are_asked_for(host: str) -> None:
    clock = SystemClock()
    gateway = Gateway(configuration({"cp-1": Habits()}), Bus(), clock, LinkMemory(":memory:", "depot"))
    with pytest.raises(NotLoopback):
        async with Server(gateway, None, clock).listening(host, 0):
            pass


async def test_sockets_are_counted_before_they_have_said_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SPARE", 2)
    async with gateway_of(configuration({"cp-1": Habits()}), Bus()) as (_, port):
        streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        assert await asyncio.wait_for(streams[3][0].read(), PATIENCE_S) == b""
        for _, writer in streams:
            writer.close()
        station = Station("cp-1", f"ws://127.0.0.1:{port}")
        async with living([station]):
            await soon(lambda: station.told)


# --- what a hostile station can do -------------------------------------------------------------------------------

DEEP = "[" * 50_000
HOSTILE: list[str | bytes] = [
    "",
    "{}",
    "[]",
    "[2]",
    "null",
    "\x00",
    b"\xff\xfe",
    DEEP,
    json.dumps([2, "1", ["Heartbeat"], {}]),
    json.dumps([2, {}, "Heartbeat", {}]),
    json.dumps([2, "1", "Heartbeat", []]),
    json.dumps([2, "1", "Heartbeat", "text"]),
    json.dumps([[2], "1", "Heartbeat", {}]),
    json.dumps([7, "1", "Heartbeat", {}]),
    json.dumps([3, "1", {}]),
    json.dumps([3, None, None]),
    json.dumps([4, "1", "X", "", {}]),
    json.dumps([2, "1", "NoSuchAction", {}]),
    json.dumps([2, "1", "StatusNotification", {"connectorId": "one", "status": 7}]),
    json.dumps([2, "1", "StatusNotification", {"connectorId": 1, "status": "X" * 10_000}]),
    json.dumps([2, "1", "StatusNotification", {"connectorId": 10**400, "status": "Available"}]),
    json.dumps([2, "1", "StatusNotification", {"connectorId": 1, "status": "A\x00B"}]),
    json.dumps([2, "1", "StatusNotification", {"connectorId": 1, "status": "\ud800"}]),
    json.dumps([2, "1", "MeterValues", {"connectorId": 1, "meterValue": {"a": 1}}]),
    json.dumps([2, "1", "MeterValues", {"connectorId": 1, "transactionId": 10**30, "meterValue": []}]),
    json.dumps(
        [2, "1", "MeterValues", {"connectorId": 1, "meterValue": [{"sampledValue": [{"value": "1e999", "unit": []}]}]}]
    ),
    json.dumps(
        [2, "1", "StartTransaction", {"connectorId": 1, "idTag": {"a": []}, "meterStart": "x", "timestamp": []}]
    ),
    json.dumps([2, "1", "StopTransaction", {"transactionId": []}]),
]


async def test_no_frame_ends_the_gateway_or_the_link_of_another_station(depot: Depot) -> None:
    await soon(lambda: all(station.told for station in depot.stations.values()))
    hostile = await opened(depot.port, "cp-1")
    for frame in HOSTILE:
        await hostile.send(frame)
    await hostile.send(json.dumps([2, "last", "Heartbeat", {}]))
    async with asyncio.timeout(PATIENCE_S):
        async for answer in hostile:
            if json.loads(answer)[1] == "last":
                break
    await hostile.close()
    depot.decide(7_000)
    await soon(lambda: any(each["stack_level"] == 1 for each in depot.stations["cp-2"].told))
    await soon(lambda: depot.stations["cp-1"].link is not None)
    assert [each.why for each in depot.gateway.findings()].count("not_connected") <= 1


async def test_a_frame_that_is_too_large_ends_its_link_alone(depot: Depot) -> None:
    hostile = await opened(depot.port, "cp-1")
    await hostile.send("x" * (server.FRAME_BYTES + 1))
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(_receive_for_ever(hostile), PATIENCE_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_nothing_but_nonsense_is_given_up(monkeypatch: pytest.MonkeyPatch, depot: Depot) -> None:
    monkeypatch.setattr("adapters.ocpp.link.NONSENSE", 20)
    hostile = await opened(depot.port, "cp-1")
    for _ in range(40):
        await hostile.send("nonsense")
    with pytest.raises(ConnectionClosed):
        await asyncio.wait_for(_receive_for_ever(hostile), PATIENCE_S)


async def _receive_for_ever(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


# --- what goes down ----------------------------------------------------------------------------------------------


def setpoints(station: Station) -> list[dict[str, Any]]:
    return [each for each in station.told if each["stack_level"] == 1]


def limit(profile: dict[str, Any]) -> float:
    return float(profile["charging_schedule"]["charging_schedule_period"][0]["limit"])


async def test_the_fallback_comes_before_anything_else(depot: Depot) -> None:
    depot.decide(7_000)
    station = depot.stations["cp-1"]
    await soon(lambda: any(limit(each) == 7_000 for each in setpoints(station)))
    assert (station.told[0]["stack_level"], limit(station.told[0])) == (0, FALLBACK_W)


async def test_the_newest_is_passed_on_again_when_a_link_is_back_with_what_is_left_of_it(depot: Depot) -> None:
    station = depot.stations["cp-1"]
    await station.plug_in()
    depot.decide(7_000)
    decided_at = depot.offered[-1][0]
    await soon(lambda: any(limit(each) == 7_000 for each in setpoints(station)))
    await station.cut()
    station.told.clear()
    await soon(lambda: any(limit(each) == 7_000 for each in setpoints(station)))
    ends = datetime.fromisoformat(setpoints(station)[-1]["valid_to"])
    assert ends == (decided_at + timedelta(seconds=VALID_S)).replace(microsecond=0)


async def test_one_call_at_a_time_and_the_newest_goes_next(depot: Depot) -> None:
    station = depot.stations["cp-1"]
    await station.plug_in()
    depot.decide(5_000)
    await soon(lambda: any(limit(each) == 5_000 for each in setpoints(station)))
    station.answers_after_s = 1
    station.told.clear()
    for limit_w in (6_000, 7_000, 8_000, 9_000):
        depot.decide(limit_w)
        await asyncio.sleep(0.1)
    await soon(lambda: any(limit(each) == 9_000 for each in setpoints(station)))
    assert [limit(each) for each in setpoints(station)] == [6_000, 9_000]


async def test_what_a_cycle_brought_is_named_as_soon_as_it_is_in_force_and_no_sooner(depot: Depot) -> None:
    station = depot.stations["cp-1"]
    await station.plug_in()
    depot.decide(7_000)

    def named() -> list[Any]:
        return [each["applied_cycle_seq"] for each in depot.bus.readings("cp-1") if each["applied_cycle_seq"]]

    await soon(named)
    assert set(named()) == {depot.cycle_seq}
    limits = [each["applied_limit_w"] for each in depot.bus.readings("cp-1") if each["applied_limit_w"] is not None]
    assert limits[-1] == 7_000


async def test_a_setpoint_that_no_cycle_renews_is_taken_back_from_a_station_that_never_lapses() -> None:
    async with depot_of({"cp-1": Habits(lapses_by=frozenset())}) as depot:
        station = depot.stations["cp-1"]
        await station.plug_in()
        depot.decide(9_000)
        await soon(lambda: round(station.bays[0].watts) == 9_000)
        await asyncio.sleep(VALID_S)
        await soon(lambda: round(station.bays[0].watts) == FALLBACK_W)
        assert "ClearChargingProfile" in station.calls


async def test_a_setpoint_that_is_to_lapse_sooner_than_the_one_before_lapses_sooner(depot: Depot) -> None:
    station = depot.stations["cp-1"]
    await station.plug_in()
    depot.decide(9_000, valid_for_s=600)
    await soon(lambda: round(station.bays[0].watts) == 9_000)
    depot.decide(9_000, valid_for_s=2)
    await soon(lambda: round(station.bays[0].watts) == FALLBACK_W)


async def test_a_refusal_names_its_cycle() -> None:
    async with depot_of({"cp-1": Habits(refuses=True)}) as depot:
        await depot.stations["cp-1"].plug_in()
        depot.decide(7_000)
        await soon(lambda: [each for each in depot.bus.readings("cp-1") if each["refused_cycle_seq"] == 1])


# --- what outlives ------------------------------------------------------------------------------------------------


async def test_a_session_goes_on_over_a_restart_of_the_gateway_with_a_station_that_says_nothing(tmp_path: Path) -> None:
    site, memory = configuration({"cp-1": Habits()}), tmp_path / "links.db"
    async with AsyncExitStack() as stack:
        first, bus = AsyncExitStack(), Bus()
        gateway, port = await first.enter_async_context(gateway_of(site, bus, memory))
        station = Station("cp-1", f"ws://127.0.0.1:{port}", Habits(says_states=False, triggers=False))
        await stack.enter_async_context(living([station]))
        await station.plug_in()
        Depot(gateway, bus, port, {}).decide(7_000)
        await soon(lambda: round(station.bays[0].watts) == 7_000)
        await first.aclose()
        again = Bus()
        gateway, _ = await stack.enter_async_context(gateway_of(site, again, memory, port=port))
        await soon(lambda: [each for each in again.readings("cp-1") if each["power_w"]])
        reading = again.readings("cp-1")[-1]
        assert reading["session"]["session_id"] == bus.readings("cp-1")[-1]["session"]["session_id"]
        assert reading["status"] == "Charging"
        assert len([each for each in station.told if each["stack_level"] == 0]) <= 4


async def test_a_newer_configuration_brings_a_new_fallback_and_ends_the_link_of_who_is_gone(depot: Depot) -> None:
    await soon(lambda: all(station.told for station in depot.stations.values()))
    (kept, _), changed = depot.gateway.configuration.charge_points, 6_000
    newer = replace(depot.gateway.configuration, version=2, charge_points=(replace(kept, fallback_power_w=changed),))
    data = to_json({"configuration": configuration_to(newer)}).decode()
    depot.gateway.receive(PublishedEvent("depot", 1, CONFIGURATION_APPLIED, data, "stream"))
    await soon(lambda: changed in map(limit, depot.stations["cp-1"].told))
    await soon(lambda: depot.stations["cp-2"].link is None)
    assert not depot.gateway.knows("cp-2")
