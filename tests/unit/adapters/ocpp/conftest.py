"""A station of the gateway in virtual time, with what it says upward."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from pydantic_core import from_json

from adapters.clock import VirtualClock
from adapters.ocpp.kept import Kept
from adapters.ocpp.memory import LinkMemory
from adapters.ocpp.station import Station
from adapters.ocpp.uplink import Uplink
from domain.site.configuration import ChargePoint, Connector, Settings
from tests.builders import EIGHT
from tests.fakes.bus import RememberedMessages


@dataclass(slots=True)
class Bench:
    """A charge point of two connectors of 22 kW each."""

    clock: VirtualClock
    published: RememberedMessages
    uplink: Uplink
    station: Station
    memory: LinkMemory

    async def said(self) -> list[dict[str, Any]]:
        """What went up since it was last asked, message by message."""
        await self.uplink.turn()
        said, self.published.messages = self.published.messages, []
        return [from_json(message.value or b"") for message in said]

    async def readings(self) -> list[dict[str, Any]]:
        """The same, connector by connector, with the time of the message."""
        return [each | {"at": said["measured_at"]} for said in await self.said() for each in said["connectors"]]


def meter_value(at: datetime, *sampled: dict[str, Any]) -> list[dict[str, Any]]:
    """A MeterValues payload as the package hands it over."""
    return [{"timestamp": at.isoformat().replace("+00:00", "Z"), "sampled_value": list(sampled)}]


def power(watts: float) -> dict[str, Any]:
    return {"value": str(watts), "measurand": "Power.Active.Import", "unit": "W", "context": "Sample.Periodic"}


@pytest.fixture
def bench() -> Bench:
    clock, published = VirtualClock(EIGHT), RememberedMessages()
    memory = LinkMemory(":memory:", "depot")
    uplink = Uplink("depot", published, clock)
    connectors = (Connector(1, 22_000), Connector(2, 22_000))
    charge_point = ChargePoint("cp-1", "f-1", 44_000, connectors, fallback_power_w=8_400)
    station = Station(charge_point, Settings(), Kept(), memory=memory, uplink=uplink, clock=clock)
    return Bench(clock, published, uplink, station, memory)
