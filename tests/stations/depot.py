"""A depot of scripted stations on the real server of a gateway, with a bus that keeps what goes up."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from adapters.clock import SystemClock
from adapters.messages.registry import read
from adapters.ocpp.gateway import Gateway
from adapters.ocpp.memory import LinkMemory
from adapters.ocpp.passwords import Passwords
from adapters.ocpp.server import Server
from application.event_types import CYCLE_COMPLETED
from application.ports.bus import Message, PublishedEvent
from domain.knowledge.readings import ChargePointTelemetry
from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, SiteConfiguration
from tests.stations.scripted import RATING_W, Habits, Station

VALID_S, REFRESH_S, GRACE_S = 8, 3, 3
FALLBACK_W = 4_200
"""Of each connector."""


@dataclass(slots=True)
class Bus:
    """What went up, read as the service reads it."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    async def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            assert isinstance(read("busbar.telemetry", message), ChargePointTelemetry), message
            self.messages.append(from_json(message.value or b""))

    def readings(self, charge_point_id: str) -> list[dict[str, Any]]:
        """Of one charge point, each with the `at` of its message."""
        return [
            each | {"at": datetime.fromisoformat(message["measured_at"])}
            for message in self.messages
            if message["charge_point_id"] == charge_point_id
            for each in message["connectors"]
        ]


def configuration(habits: Mapping[str, Habits], fallbacks: Mapping[str, int] | None = None) -> SiteConfiguration:
    """A charge point for each; `fallbacks` of its connectors where they are others than usual."""
    return SiteConfiguration(
        "depot",
        "Depot",
        1,
        settings=Settings(setpoint_valid_for_s=VALID_S, refresh_interval_s=REFRESH_S, apply_grace_s=GRACE_S),
        circuits=(Circuit("gc-1", None, "Grid connection", 4_000_000),),
        charge_points=tuple(
            ChargePoint(
                name,
                "gc-1",
                RATING_W * each.connectors,
                tuple(Connector(number, RATING_W) for number in range(1, each.connectors + 1)),
                (fallbacks or {}).get(name, FALLBACK_W) * each.connectors,
            )
            for name, each in habits.items()
        ),
    )


@dataclass(slots=True)
class Depot:
    """`offered`: what the cycles brought, with the instant; all connectors are told the same."""

    gateway: Gateway
    bus: Bus
    port: int
    stations: dict[str, Station]
    offered: list[tuple[datetime, int]] = field(default_factory=list)
    cycle_seq: int = 0

    def decide(self, limit_w: int, valid_for_s: int = VALID_S) -> None:
        """A cycle in which every connector is told the same."""
        self.cycle_seq += 1
        now = datetime.now(UTC)
        self.offered.append((now, limit_w))
        setpoints = [
            {
                "charge_point_id": each.charge_point_id,
                "connector_id": connector.connector_id,
                "limit_w": limit_w,
                "valid_for_s": valid_for_s,
            }
            for each in self.gateway.configuration.charge_points
            for connector in each.connectors
        ]
        data = {"cycle_seq": self.cycle_seq, "decided_at": now.isoformat(), "setpoints": setpoints}
        self.gateway.receive(PublishedEvent("depot", self.cycle_seq, CYCLE_COMPLETED, json.dumps(data), "stream"))

    async def decide_for(self, seconds: float, limit_w: int) -> None:
        """A cycle a second."""
        for _ in range(round(seconds)):
            self.decide(limit_w)
            await asyncio.sleep(1)

    def permitted_w(self, at: datetime, fallback_w: int) -> float:
        """What a connector may be at: of what it was told in the last grace the highest, later its fallback."""
        standing = [w for told, w in self.offered if told <= at < told + timedelta(seconds=GRACE_S + 1.5)]
        if standing:
            return max(standing)
        earlier = [(told, w) for told, w in self.offered if told <= at]
        if not earlier or at >= earlier[-1][0] + timedelta(seconds=VALID_S + 2):
            return fallback_w
        return max(earlier[-1][1], fallback_w)


@asynccontextmanager
async def gateway_of(
    site: SiteConfiguration,
    bus: Bus,
    memory: Path | str = ":memory:",
    *,
    port: int = 0,
    passwords: Passwords | None = None,
) -> AsyncIterator[tuple[Gateway, int]]:
    """A gateway that listens; when it ends no word is said to any station."""
    clock = SystemClock()
    links = LinkMemory(memory, site.microgrid_id)
    gateway = Gateway(site, bus, clock, links)
    running = asyncio.ensure_future(gateway.run())
    try:
        async with Server(gateway, passwords, clock).listening("127.0.0.1", port) as bound:
            yield gateway, bound
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        links.close()


@asynccontextmanager
async def living(stations: Sequence[Station]) -> AsyncIterator[None]:
    """Stations that connect, and go on without a gateway."""
    lives = [asyncio.ensure_future(each.live()) for each in stations]
    try:
        yield
    finally:
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)


@asynccontextmanager
async def depot_of(habits: Mapping[str, Habits], fallbacks: Mapping[str, int] | None = None) -> AsyncIterator[Depot]:
    """A depot with a station a name."""
    bus = Bus()
    async with AsyncExitStack() as stack:
        gateway, port = await stack.enter_async_context(gateway_of(configuration(habits, fallbacks), bus))
        stations = {name: Station(name, f"ws://127.0.0.1:{port}", each) for name, each in habits.items()}
        await stack.enter_async_context(living(list(stations.values())))
        yield Depot(gateway, bus, port, stations)
