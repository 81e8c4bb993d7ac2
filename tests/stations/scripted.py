"""A charging station with habits, on the client side of the `ocpp` package, over a real websocket.

Its vehicles take all they get. What each connector draws is kept with the time: by that a limit is measured.
"""

import asyncio
import base64
import contextlib
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ocpp.v16 import call
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake
from websockets.typing import Subprotocol

from tests.stations.client import ClientLink
from tests.stations.profiles import VOLTS, Engine

TICK_S = 0.1
RATING_W = 22_000


@dataclass(frozen=True, slots=True)
class Habits:
    """What a station does (the habits of `docs/gateway`). A value that is not given is the well-behaved one."""

    unit_key: str | None = "Current,Power"
    takes: frozenset[str] = frozenset({"W", "A"})
    lapses_by: frozenset[str] = frozenset({"valid_to", "duration"})
    replaces_by: str = "id"
    ignores: bool = False
    refuses: bool = False
    default_for_next_only: bool = False
    meters: str = "power"
    says_states: bool = True
    noise: float = 0.0
    foreign_w: int | None = None
    lag_s: float = 0.3
    factor: float = 1.0
    phases: int = 3
    rounds_a: float = 0.0
    step_a: float = 0.0
    zero_s: float = 0.0
    forgets: bool = False
    pauses: bool = False
    is_full: bool = False
    reads_back: str = "truth"
    clock_ahead: timedelta = timedelta()
    triggers: bool = True
    connectors: int = 1


@dataclass(slots=True)
class Bay:
    """One connector. `drawn`: what flowed, each tenth of a second."""

    number: int
    habits: Habits
    engine: Engine
    status: str = "Available"
    transaction_id: int | None = None
    drawn: list[tuple[datetime, float]] = field(default_factory=list)
    register_wh: float = 0.0
    _limit_w: float = RATING_W
    _pending: list[tuple[datetime, float]] = field(default_factory=list)
    _zero_until: datetime | None = None

    @property
    def watts(self) -> float:
        """What flows now."""
        if self.transaction_id is None or self.habits.is_full or self.status != "Charging":
            return 0.0
        if self.habits.ignores:
            return float(RATING_W)
        if self._zero_until is not None and datetime.now(UTC) < self._zero_until:
            return 0.0
        ampere = min(self._limit_w, RATING_W) / VOLTS / self.habits.phases
        if self.habits.rounds_a:
            ampere = round(ampere / self.habits.rounds_a) * self.habits.rounds_a
        if self.habits.step_a:
            ampere = ampere // self.habits.step_a * self.habits.step_a
        return 0.0 if ampere < 5.9 else ampere * VOLTS * self.habits.phases * self.habits.factor

    def tick(self, now: datetime, limit_w: float | None) -> None:
        aimed = self._pending[-1][1] if self._pending else self._limit_w
        wanted = RATING_W if limit_w is None else limit_w
        if wanted != aimed:
            self._pending.append((now + timedelta(seconds=self.habits.lag_s), wanted))
        while self._pending and self._pending[0][0] <= now:
            _, new_w = self._pending.pop(0)
            if new_w > self._limit_w and self.habits.zero_s:
                self._zero_until = now + timedelta(seconds=self.habits.zero_s)
            self._limit_w = new_w
        self.register_wh += self.watts * TICK_S / 3600
        self.drawn.append((now, self.watts))

    def forget(self) -> None:
        """Lose every limit there is."""
        self.engine.profiles.clear()


@dataclass(slots=True)
class Station:
    """Of one charge point, over all its links."""

    charge_point_id: str
    url: str
    habits: Habits = field(default_factory=Habits)
    password: str | None = None
    bays: list[Bay] = field(init=False)
    told: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    link: ClientLink | None = None
    boots: bool = True
    answers_after_s: float = 0
    _is_linked: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.bays = [Bay(number, self.habits, self._engine()) for number in range(1, self.habits.connectors + 1)]

    def _engine(self) -> Engine:
        habits = self.habits
        return Engine(
            habits.phases, habits.lapses_by, habits.replaces_by, default_for_next_only=habits.default_for_next_only
        )

    def now(self) -> datetime:
        """By its own clock."""
        return datetime.now(UTC) + self.habits.clock_ahead

    def stamp(self) -> str:
        return self.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    async def live(self) -> None:
        """Connect, and again whenever the link is cut, until cancelled."""
        physics = asyncio.ensure_future(self._be_physical())
        try:
            while True:
                with contextlib.suppress(OSError, TimeoutError, InvalidHandshake):
                    await self.connected()
                self.link = None
                self._is_linked.clear()
                await asyncio.sleep(0.2)
        finally:
            physics.cancel()

    async def cut(self) -> None:
        """Let the link die without a word."""
        if self.link is not None:
            self.link.socket.transport.abort()

    async def connected(self) -> None:
        """Live through one link. Raises where there is none."""
        headers = {}
        if self.password is not None:
            basic = base64.b64encode(f"{self.charge_point_id}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {basic}"
        url = f"{self.url}/{self.charge_point_id}"
        async with connect(
            url, subprotocols=[Subprotocol("ocpp1.6")], additional_headers=headers, proxy=None
        ) as socket:
            self.link = ClientLink(self, socket)
            self._is_linked.set()
            tasks = [asyncio.ensure_future(self.link.listen()), asyncio.ensure_future(self._speak(self.link))]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _speak(self, link: ClientLink) -> None:
        says_states = self.boots or self.habits.says_states
        if self.boots:
            await link.say(call.BootNotification(charge_point_model="S", charge_point_vendor="Habits"))
            self.boots = False
        for bay in self.bays if says_states else ():
            await self.say_status(link, bay)
        while True:
            await asyncio.sleep(1)
            for bay in self.bays:
                if bay.transaction_id is not None:
                    await self.say_meters(link, bay, "Sample.Periodic")

    async def say_status(self, link: ClientLink, bay: Bay) -> None:
        await link.say(
            call.StatusNotification(
                connector_id=bay.number,
                error_code=ChargePointErrorCode.no_error,
                status=ChargePointStatus(bay.status),
                timestamp=self.stamp(),
            )
        )

    async def say_meters(self, link: ClientLink, bay: Bay, context: str) -> None:
        if (sampled := self._sampled(bay, context)) is not None:
            await link.say(
                call.MeterValues(
                    connector_id=bay.number,
                    transaction_id=bay.transaction_id,
                    meter_value=[{"timestamp": self.stamp(), "sampledValue": sampled}],
                )
            )

    def _sampled(self, bay: Bay, context: str) -> list[dict[str, Any]] | None:
        watts = bay.watts * (1 + random.gauss(0, self.habits.noise) if self.habits.noise else 1)
        both = {"context": context, "location": "Outlet"}
        register = {"value": f"{bay.register_wh:.1f}", "unit": "Wh", "measurand": "Energy.Active.Import.Register"}
        match self.habits.meters:
            case "power":
                power = {"value": f"{watts / 1000:.3f}", "unit": "kW", "measurand": "Power.Active.Import"}
                return [{**power, **both}, {**register, **both}]
            case "currents":
                current = {
                    "value": f"{watts / VOLTS / self.habits.phases:.2f}",
                    "unit": "A",
                    "measurand": "Current.Import",
                }
                return [{**current, "phase": f"L{phase}", **both} for phase in range(1, self.habits.phases + 1)]
            case "register":
                return [{**register, **both}]
        return None

    # --- what is done to it ------------------------------------------------------------------------------------

    async def plug_in(self) -> None:
        """Vehicles come to all connectors, and transactions begin."""
        for bay in self.bays:
            await self._become(bay, "Preparing")
            link = await self._linked()
            answer = await link.say(
                call.StartTransaction(
                    connector_id=bay.number, id_tag="TAG", meter_start=int(bay.register_wh), timestamp=self.stamp()
                )
            )
            bay.engine.frozen = list(bay.engine.profiles)
            bay.transaction_id = answer.transaction_id
            if self.habits.foreign_w is not None:
                bay.engine.put(_foreign(self.habits.foreign_w))
            await self._become(bay, "SuspendedEV" if self.habits.is_full else "Charging")

    async def pause(self) -> None:
        """The vehicles want nothing for a moment."""
        for bay in self.bays:
            if bay.transaction_id is not None and not self.habits.is_full:
                await self._become(bay, "SuspendedEV")
        await asyncio.sleep(1)
        for bay in self.bays:
            if bay.status == "SuspendedEV" and not self.habits.is_full:
                if self.habits.pauses:
                    bay.forget()
                await self._become(bay, "Charging")

    async def unplug(self) -> None:
        """The transactions end and the vehicles leave."""
        for bay in self.bays:
            assert bay.transaction_id is not None
            transaction_id, bay.transaction_id = bay.transaction_id, None
            if self.habits.forgets:
                bay.forget()
            link = await self._linked()
            await link.say(
                call.StopTransaction(
                    meter_stop=int(bay.register_wh), timestamp=self.stamp(), transaction_id=transaction_id
                )
            )
            await self._become(bay, "Available")

    async def _become(self, bay: Bay, status: str) -> None:
        bay.status = status
        await self.say_status(await self._linked(), bay)

    async def _linked(self) -> ClientLink:
        await self._is_linked.wait()
        assert self.link is not None
        return self.link

    async def _be_physical(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for bay in self.bays:
                bay.tick(datetime.now(UTC), bay.engine.limit_w(self.now(), bay.transaction_id))


def _foreign(limit_w: int) -> dict[str, Any]:
    """The profile of another system, which stands above all of ours."""
    return {
        "charging_profile_id": 9000,
        "stack_level": 8,
        "charging_profile_purpose": "TxProfile",
        "charging_schedule": {
            "charging_rate_unit": "W",
            "charging_schedule_period": [{"start_period": 0, "limit": limit_w}],
        },
    }
