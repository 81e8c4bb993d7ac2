"""The way up: telemetry messages (TEL-1), the newest of each connector, published in order."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.messages import registry
from adapters.messages.telemetry import CHARGE_POINT_TELEMETRY
from application.ports.bus import EventPublisher
from application.ports.clock import Time

WAITING: Final = 10_000
"""Messages that may wait while the bus is away; beyond it the oldest are given up."""

_logger = logging.getLogger(__name__)


class Uplink:
    """Publishes what the stations of one microgrid say. A message waits only until the one before it is on the bus."""

    def __init__(self, microgrid_id: str, publisher: EventPublisher, clock: Time) -> None:
        self._microgrid_id = microgrid_id
        self._publisher = publisher
        self._clock = clock
        self._waiting: dict[tuple[str, tuple[int, ...]], Mapping[str, Any]] = {}
        self._sequence = 0
        self._something = asyncio.Event()
        self.given_up = 0
        self.waits_since: timedelta | None = None
        """Since when something waits for the bus, by the steady clock; None where nothing does."""

    def put(
        self,
        charge_point_id: str,
        measured_at: datetime,
        connectors: Sequence[Mapping[str, Any]],
        control: Mapping[str, Any],
    ) -> None:
        """A message is to go up, with what its charger was found to do. One of the same connectors that still waits is
        out of date and goes.

        `sequence` is the wall clock in milliseconds: it rises over restarts.
        """
        self._sequence = max(self._sequence + 1, int(self._clock.now().timestamp() * 1000))
        key = (charge_point_id, tuple(each["connector_id"] for each in connectors))
        # The newest stands last: a message may not overtake one with a lower sequence.
        self._waiting.pop(key, None)
        self._waiting[key] = {
            "microgrid_id": self._microgrid_id,
            "charge_point_id": charge_point_id,
            "sequence": self._sequence,
            "measured_at": measured_at,
            "connectors": connectors,
            "control": control,
        }
        if self.waits_since is None:
            self.waits_since = self._clock.steady()
        if len(self._waiting) > WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.given_up += 1
        self._something.set()

    async def run(self) -> None:
        """Publish until cancelled. Raises what the publisher raises."""
        while True:
            await self._something.wait()
            await self.turn()

    async def turn(self) -> None:
        """Publish what waits."""
        self._something.clear()
        taken, self._waiting = self._waiting, {}
        if taken:
            messages = [registry.encode(CHARGE_POINT_TELEMETRY, each) for each in taken.values()]
            await self._publisher.publish(messages)
        self.waits_since = self._clock.steady() if self._waiting else None
