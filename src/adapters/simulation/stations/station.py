"""A station over all its links to a gateway: it connects, says what its charger reports, and obeys what it is told."""

import asyncio
import base64
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Final

from ocpp.exceptions import OCPPError
from ocpp.v16 import ChargePoint
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from adapters.simulation.charger import Charger
from adapters.simulation.delivery import Delivery
from adapters.simulation.layout import Payload
from adapters.simulation.pace import Pace
from adapters.simulation.stations.answers import Answers
from adapters.simulation.stations.bay import Bay
from adapters.simulation.stations.dialects import Dialect
from adapters.simulation.stations.sayings import PERIODIC, TRIGGERED, Sayings
from adapters.simulation.times import rfc3339

ANSWERED_S: Final = 10
"""How long a gateway may take to answer."""

TRIES_AGAIN_S: Final = 1.0

WAITING: Final = 100
"""Messages that wait for their turn on a link; beyond it the oldest are lost."""

_frames = logging.getLogger("adapters.simulation.stations.frames")
_frames.setLevel(logging.CRITICAL)
"""What the package logs: every frame, and a traceback for each that is wrong."""

_logger = logging.getLogger(__name__)


class Station:
    """Of one charger. `trouble` says why it is not connected, where it is not and was not let in."""

    def __init__(
        self,
        charger: Charger,
        dialect: Dialect,
        url: str,
        *,
        password: str | None,
        pace: Pace,
        clock: Callable[[], datetime],
    ) -> None:
        self.bays = [Bay(socket) for socket in charger.sockets]
        self.was_connected = False
        self.trouble: str | None = None
        self._charger = charger
        self._dialect = dialect
        self._id = charger.station.charge_point_id
        self._url = f"{url.rstrip('/')}/{self._id}"
        self._password = password
        self._pace = pace
        self._is_reachable = asyncio.Event()
        self._is_reachable.set()
        self._something = asyncio.Event()
        self._answers = Answers(charger, self.bays, dialect, pace=pace, clock=clock, wake=self._something.set)
        self._socket: ClientConnection | None = None
        self._reports: deque[Payload] = deque(maxlen=WAITING)
        self._begins = True
        self._newest = 0
        self._now = pace.start
        self._told = 0

    @property
    def is_linked(self) -> bool:
        """Whether there is a link now."""
        return self._socket is not None

    # --- second by second --------------------------------------------------------------------------------------

    def delivery(self, now: datetime, wall: datetime) -> Delivery | None:
        """What is new of what its charger has to obey, at an instant of the depot and on the wall."""
        news = [each for bay in self.bays if (each := bay.news(wall, self._pace)) is not None]
        if not news:
            return None
        self._told += 1
        return Delivery(self._id, self._told, now, tuple(news))

    def tick(self, now: datetime, *, reachable: bool) -> None:
        """Let the second pass that ends now, in which a link is possible or not."""
        self._now = now
        for bay in self.bays:
            bay.tick()
        if not reachable and self._is_reachable.is_set():
            self._is_reachable.clear()
            self.cut()
        elif reachable:
            self._is_reachable.set()

    def report(self, payload: Payload) -> None:
        """Say what the charger reports. What is measured while there is no link is lost."""
        if self._socket is not None:
            self._reports.append(payload)
            self._something.set()

    def cut(self) -> None:
        """Let the link die without a word."""
        if self._socket is not None:
            self._socket.transport.abort()

    def reboot(self) -> None:
        """Begin anew: without setpoints, with what holds without an end; sessions and transactions go on."""
        for bay in self.bays:
            bay.forget_setpoints()
        self._charger.forget_setpoints()
        self._begins = True
        self.cut()

    # --- links -------------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Connect, and again whenever the link is gone, until cancelled."""
        while True:
            await self._is_reachable.wait()
            try:
                await self._connected()
            except InvalidStatus as refusal:
                body = (refusal.response.body or b"").decode(errors="replace")
                self.trouble = f"it is refused with {refusal.response.status_code}: {body}".strip()
            except (OSError, TimeoutError, InvalidHandshake) as error:
                self.trouble = f"no gateway answers ({type(error).__name__})"
            except (ConnectionClosed, OCPPError) as error:
                _logger.info("The link of %s ended: %s", self._id, error)
            await asyncio.sleep(TRIES_AGAIN_S)

    async def _connected(self) -> None:
        async with connect(
            self._url,
            subprotocols=[Subprotocol("ocpp1.6")],
            additional_headers=self._authorization(),
            compression=None,
            close_timeout=1,
            proxy=None,
        ) as socket:
            link = ChargePoint(self._id, socket, ANSWERED_S, _frames)
            link.route_map = self._answers.routes()
            self._socket, self.was_connected, self.trouble = socket, True, None
            self._reports.clear()
            self._charger.reconnect(begins=self._begins)
            works = [
                asyncio.ensure_future(link.start()),
                asyncio.ensure_future(self._speak(Sayings(link, self._dialect.meters, self._pace))),
            ]
            try:
                done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
            finally:
                self._socket = None
                for each in works:
                    each.cancel()
                for each in works:
                    with suppress(asyncio.CancelledError, ConnectionClosed, OCPPError, TimeoutError):
                        await each

    def _authorization(self) -> dict[str, str]:
        if self._password is None:
            return {}
        basic = base64.b64encode(f"{self._id}:{self._password}".encode()).decode()
        return {"Authorization": f"Basic {basic}"}

    async def _speak(self, sayings: Sayings) -> None:
        """Say one thing after another: each call is answered before the next one."""
        if self._begins:
            beats_every_s = ceil(await sayings.boot() * self._pace.speed)
            self._charger.habits = replace(self._charger.habits, heartbeat_interval_s=max(1, beats_every_s))
            for bay in self.bays:
                bay.said = None
            self._begins = False
        while True:
            await self._something.wait()
            self._something.clear()
            while self._reports or self._answers.asked:
                if self._answers.asked:
                    await self._say_asked(sayings, *self._answers.asked.popleft())
                else:
                    await self._say_report(sayings, self._reports.popleft())

    async def _say_asked(self, sayings: Sayings, message: str, bay: Bay) -> None:
        readings = [self._charger.reading(bay.socket, self._now)]
        sent = self._pace.sent({"measured_at": rfc3339(self._now), "connectors": readings})
        if message == "StatusNotification":
            bay.said = None
        context = TRIGGERED if message == "MeterValues" else None
        await sayings.tell(bay, sent["connectors"][0], sent["measured_at"], context)

    async def _say_report(self, sayings: Sayings, payload: Payload) -> None:
        """One that was overtaken is what was measured then, and says nothing of now."""
        if not payload["connectors"]:
            await sayings.beat()
        overtaken, self._newest = payload["sequence"] <= self._newest, max(self._newest, payload["sequence"])
        by_number = {bay.number: bay for bay in self.bays}
        for reading in payload["connectors"]:
            bay, at = by_number[reading["connector_id"]], payload["measured_at"]
            if overtaken:
                await sayings.sample(bay, reading, at)
            else:
                await sayings.tell(bay, reading, at, PERIODIC)
