"""The chargers of a simulated depot as stations on the real server of a gateway (CLI-36)."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from adapters.messages.configuration import read_configuration
from adapters.ocpp.gateway import Gateway
from adapters.ocpp.passwords import Passwords, hashed
from adapters.simulation.habits import Chargers
from application.event_types import CYCLE_COMPLETED
from application.ports.bus import PublishedEvent
from tests.e2e.stacks import configuration
from tests.stations.depot import Bus, gateway_of
from tests.stations.played import played

PATIENCE_S: Final = 30
SPEED: Final = 10
"""Simulated time is quick: vehicles begin to draw ten seconds after they came."""

FALLBACK_W: Final = 4_600


def site() -> dict[str, Any]:
    charger = {"circuit_id": "gc", "max_power_w": 22_000, "fallback_power_w": FALLBACK_W}
    connectors = [{"connector_id": 1, "max_power_w": 22_000, "min_power_w": 4_140}]
    return configuration(
        "played",
        circuits=[{"circuit_id": "gc", "parent_id": None, "name": "Grid", "default_capacity_w": 44_000}],
        charge_points=[{"charge_point_id": name, **charger, "connectors": connectors} for name in ("cp-1", "cp-2")],
    )


async def soon(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def tell(gateway: Gateway, cycle_seq: int, limit_w: int, valid_for_s: int = 60) -> None:
    setpoints = [
        {"charge_point_id": name, "connector_id": 1, "limit_w": limit_w, "valid_for_s": valid_for_s}
        for name in ("cp-1", "cp-2")
    ]
    data = {"cycle_seq": cycle_seq, "decided_at": datetime.now(UTC).isoformat(), "setpoints": setpoints}
    gateway.receive(PublishedEvent("played", cycle_seq, CYCLE_COMPLETED, json.dumps(data), "stream"))


async def test_stations_obey_report_and_fall_back_at_a_reboot_until_they_are_told_again() -> None:
    bus = Bus()
    async with (
        gateway_of(read_configuration(site()), bus) as (gateway, port),
        played(site(), f"ws://127.0.0.1:{port}", speed=SPEED, chargers=Chargers.IDEAL) as stations,
    ):
        sockets = {socket.outlet.key[0]: socket for socket in stations.depot.plant.sockets}
        await soon(lambda: any(socket.power_w for socket in sockets.values()))
        charging = next(name for name, socket in sockets.items() if socket.power_w)
        await soon(lambda: sockets[charging].power_w == FALLBACK_W)
        tell(gateway, 1, 9_000)
        await soon(lambda: sockets[charging].power_w == 9_000)
        await soon(lambda: any(each["power_w"] == 9_000 for each in bus.readings(charging)))
        session = next(each["session"] for each in reversed(bus.readings(charging)))
        stations.by_id[charging].reboot()
        await soon(lambda: sockets[charging].power_w == FALLBACK_W)
        await soon(lambda: sockets[charging].power_w == 9_000)
        tell(gateway, 2, 6_000, valid_for_s=3)
        await soon(lambda: sockets[charging].power_w == 6_000)
        await soon(lambda: sockets[charging].power_w == FALLBACK_W)
        assert bus.readings(charging)[-1]["session"] == session
        assert [each.why for each in gateway.findings()] == [None, None]
        assert stations.never_connected() == []


async def test_a_station_without_its_password_is_not_let_in_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "passwords").write_text(hashed("cp-1", "secret"))
    passwords = Passwords.read(tmp_path / "passwords")
    async with (
        gateway_of(read_configuration(site()), Bus(), passwords=passwords) as (_, port),
        played(site(), f"ws://127.0.0.1:{port}", {"cp-1": "secret", "cp-2": "guess"}) as stations,
    ):
        await soon(lambda: stations.by_id["cp-1"].was_connected and stations.by_id["cp-2"].trouble)
        (missing,) = stations.never_connected()
        assert missing.node_id == "cp-2"
        assert "401" in missing.message
