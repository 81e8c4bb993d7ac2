"""A charging station with habits, on the client side of the `ocpp` package, over a real websocket.

One connector, a vehicle that takes all it gets. What it draws is kept with the time: by that a limit is measured.
"""

import asyncio
import base64
import contextlib
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ocpp.v16 import ChargePoint as OcppChargePoint
from ocpp.v16 import call, call_result
from ocpp.v16.enums import (
    ChargePointErrorCode,
    ChargePointStatus,
    ChargingProfileStatus,
    ClearChargingProfileStatus,
    ConfigurationStatus,
    GetCompositeScheduleStatus,
    TriggerMessageStatus,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.stations.profiles import VOLTS, Engine

TICK_S = 0.1
RATING_W = 22_000

_quiet = logging.getLogger("tests.stations.frames")
_quiet.setLevel(logging.CRITICAL)


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
    step_a: float = 0.0
    zero_s: float = 0.0
    forgets: bool = False
    is_full: bool = False
    reads_back: str = "truth"
    clock_ahead: timedelta = timedelta()
    sample_s: float = 1.0


@dataclass(slots=True)
class Drawn:
    """One instant of a station: what it drew, and whether a profile of ours was in force by its own engine."""

    at: datetime
    watts: float


@dataclass(slots=True)
class Station:
    """Of one charge point, over all its links. `told` counts SetChargingProfile, `calls` every other call."""

    charge_point_id: str
    url: str
    habits: Habits = field(default_factory=Habits)
    password: str | None = None
    status: str = "Available"
    transaction_id: int | None = None
    drawn: list[Drawn] = field(default_factory=list)
    told: list[Mapping[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    engine: Engine = field(init=False)
    link: "ClientLink | None" = None
    boots: bool = True
    _is_linked: asyncio.Event = field(default_factory=asyncio.Event)
    _limit_w: float = RATING_W
    _pending: list[tuple[datetime, float]] = field(default_factory=list)
    _zero_until: datetime | None = None
    _register_wh: float = 0.0

    def __post_init__(self) -> None:
        habits = self.habits
        self.engine = Engine(
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
                with contextlib.suppress(OSError, TimeoutError):
                    await self._connected()
                self.link = None
                self._is_linked.clear()
                await asyncio.sleep(0.2)
        finally:
            physics.cancel()

    async def _connected(self) -> None:
        headers = None
        if self.password is not None:
            basic = base64.b64encode(f"{self.charge_point_id}:{self.password}".encode()).decode()
            headers = {"Authorization": f"Basic {basic}"}
        async with connect(
            f"{self.url}/{self.charge_point_id}",
            subprotocols=[Subprotocol("ocpp1.6")],
            additional_headers=headers,
            proxy=None,
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

    async def _speak(self, link: "ClientLink") -> None:
        if self.boots:
            await link.say(call.BootNotification(charge_point_model="S", charge_point_vendor="Habits"))
            self.boots = False
            await self.say_status(link)
        elif self.habits.says_states:
            await self.say_status(link)
        while True:
            await asyncio.sleep(self.habits.sample_s)
            if self.transaction_id is not None:
                await self.say_meters(link, "Sample.Periodic")

    async def say_status(self, link: "ClientLink") -> None:
        await link.say(
            call.StatusNotification(
                connector_id=1,
                error_code=ChargePointErrorCode.no_error,
                status=ChargePointStatus(self.status),
                timestamp=self.stamp(),
            )
        )

    async def say_meters(self, link: "ClientLink", context: str) -> None:
        watts = self.watts * (1 + random.gauss(0, self.habits.noise) if self.habits.noise else 1)
        if (sampled := self._sampled(watts, context)) is not None:
            await link.say(
                call.MeterValues(
                    connector_id=1,
                    transaction_id=self.transaction_id,
                    meter_value=[{"timestamp": self.stamp(), "sampledValue": sampled}],
                )
            )

    def _sampled(self, watts: float, context: str) -> list[dict[str, Any]] | None:
        both = {"context": context, "location": "Outlet"}
        register = {"value": f"{self._register_wh:.1f}", "unit": "Wh", "measurand": "Energy.Active.Import.Register"}
        match self.habits.meters:
            case "power":
                power = {"value": f"{watts / 1000:.3f}", "unit": "kW", "measurand": "Power.Active.Import"}
                return [{**power, **both}, {**register, **both}]
            case "currents":
                phases = range(1, self.habits.phases + 1)
                ampere = watts / VOLTS / self.habits.phases
                return [
                    {"value": f"{ampere:.2f}", "unit": "A", "measurand": "Current.Import", "phase": f"L{phase}", **both}
                    for phase in phases
                ]
            case "register":
                return [{**register, **both}]
        return None

    async def plug_in(self) -> None:
        """A vehicle comes, and a transaction begins as soon as there is a link."""
        await self._become("Preparing")
        await self._is_linked.wait()
        assert self.link is not None
        answer = await self.link.say(
            call.StartTransaction(
                connector_id=1, id_tag="TAG", meter_start=int(self._register_wh), timestamp=self.stamp()
            )
        )
        self.engine.frozen = list(self.engine.profiles)
        self.transaction_id = answer.transaction_id
        if self.habits.foreign_w is not None:
            self.engine.put(
                {
                    "charging_profile_id": 9000,
                    "stack_level": 8,
                    "charging_profile_purpose": "TxProfile",
                    "charging_schedule": {
                        "charging_rate_unit": "W",
                        "charging_schedule_period": [{"start_period": 0, "limit": self.habits.foreign_w}],
                    },
                }
            )
        await self._become("SuspendedEV" if self.habits.is_full else "Charging")

    async def unplug(self) -> None:
        """The transaction ends and the vehicle leaves."""
        assert self.transaction_id is not None
        transaction_id, self.transaction_id = self.transaction_id, None
        if self.habits.forgets:
            self.engine.profiles = [each for each in self.engine.profiles if each["stack_level"] == 0]
        assert self.link is not None
        await self.link.say(
            call.StopTransaction(
                meter_stop=int(self._register_wh), timestamp=self.stamp(), transaction_id=transaction_id
            )
        )
        await self._become("Available")

    async def _become(self, status: str) -> None:
        self.status = status
        if self.link is not None:
            await self.say_status(self.link)

    # --- what flows --------------------------------------------------------------------------------------------

    @property
    def watts(self) -> float:
        """What it draws."""
        if self.transaction_id is None or self.habits.is_full:
            return 0.0
        now = datetime.now(UTC)
        if self.habits.ignores:
            return float(RATING_W)
        if self._zero_until is not None and now < self._zero_until:
            return 0.0
        limit_w = self._limit_w
        if self.habits.step_a:
            ampere = limit_w / VOLTS / self.habits.phases
            limit_w = ampere // self.habits.step_a * self.habits.step_a * VOLTS * self.habits.phases
        drawn = min(limit_w, RATING_W) * self.habits.factor
        return 0.0 if drawn < 6 * VOLTS else drawn

    async def _be_physical(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now = datetime.now(UTC)
            found = self.engine.limit_w(self.now(), self.transaction_id)
            limit_w = RATING_W if found is None else found
            aimed = self._pending[-1][1] if self._pending else self._limit_w
            if limit_w != aimed:
                self._pending.append((now + timedelta(seconds=self.habits.lag_s), limit_w))
            while self._pending and self._pending[0][0] <= now:
                _, new_w = self._pending.pop(0)
                if new_w > self._limit_w and self.habits.zero_s:
                    self._zero_until = now + timedelta(seconds=self.habits.zero_s)
                self._limit_w = new_w
            self._register_wh += self.watts * TICK_S / 3600
            self.drawn.append(Drawn(now, self.watts))


class ClientLink(OcppChargePoint):
    """The station's side of one link."""

    def __init__(self, station: Station, socket: ClientConnection) -> None:
        super().__init__(station.charge_point_id, socket, 10, _quiet)  # type: ignore[no-untyped-call]
        self.station = station
        self.socket = socket
        self.route_map = {
            action: {"_on_action": answer, "_skip_schema_validation": False}
            for action, answer in {
                "ChangeConfiguration": self._change,
                "ClearChargingProfile": self._clear,
                "GetCompositeSchedule": self._composite,
                "GetConfiguration": self._configuration,
                "SetChargingProfile": self._set,
                "TriggerMessage": self._trigger,
            }.items()
        }
        self._later: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        await self.start()  # type: ignore[no-untyped-call]

    async def say(self, request: object) -> Any:
        return await self.call(request, suppress=False)  # type: ignore[no-untyped-call]

    def _configuration(self, **_: object) -> call_result.GetConfiguration:
        self.station.calls.append("GetConfiguration")
        key = self.station.habits.unit_key
        known = (
            [] if key is None else [{"key": "ChargingScheduleAllowedChargingRateUnit", "readonly": True, "value": key}]
        )
        return call_result.GetConfiguration(configuration_key=known)

    def _change(self, **_: object) -> call_result.ChangeConfiguration:
        self.station.calls.append("ChangeConfiguration")
        return call_result.ChangeConfiguration(status=ConfigurationStatus.accepted)

    def _set(self, connector_id: int, cs_charging_profiles: dict[str, Any]) -> call_result.SetChargingProfile:
        habits = self.station.habits
        unit = cs_charging_profiles["charging_schedule"]["charging_rate_unit"]
        is_ours = cs_charging_profiles["stack_level"] == 1
        if unit not in habits.takes or (habits.refuses and is_ours):
            return call_result.SetChargingProfile(status=ChargingProfileStatus.rejected)
        self.station.told.append(cs_charging_profiles)
        self.station.engine.put(_plain(cs_charging_profiles))
        return call_result.SetChargingProfile(status=ChargingProfileStatus.accepted)

    def _clear(self, **payload: Any) -> call_result.ClearChargingProfile:
        self.station.calls.append("ClearChargingProfile")
        cleared = self.station.engine.clear(payload["id"])
        return call_result.ClearChargingProfile(status=ClearChargingProfileStatus("Accepted" if cleared else "Unknown"))

    def _composite(self, connector_id: int, duration: int, **payload: Any) -> call_result.GetCompositeSchedule:
        station, unit = self.station, payload.get("charging_rate_unit", "W")
        said = station.habits.reads_back
        limit_w = station.engine.limit_w(station.now(), station.transaction_id)
        if said == "refuses" or unit not in station.habits.takes:
            return call_result.GetCompositeSchedule(status=GetCompositeScheduleStatus.rejected)
        if said == "empty" or limit_w is None:
            return call_result.GetCompositeSchedule(status=GetCompositeScheduleStatus.accepted)
        figure = limit_w if unit == "W" else limit_w / VOLTS / station.habits.phases
        return call_result.GetCompositeSchedule(
            status=GetCompositeScheduleStatus.accepted,
            connector_id=connector_id,
            schedule_start=station.stamp(),
            charging_schedule={
                "duration": duration,
                "charging_rate_unit": unit,
                "charging_schedule_period": [
                    {"start_period": 0, "limit": -1.0 if said == "minus_one" else round(figure, 1)}
                ],
            },
        )

    def _trigger(self, requested_message: str, connector_id: int = 1) -> call_result.TriggerMessage:
        task = asyncio.ensure_future(self._triggered(requested_message))
        self._later.add(task)
        task.add_done_callback(self._later.discard)
        return call_result.TriggerMessage(status=TriggerMessageStatus.accepted)

    async def _triggered(self, message: str) -> None:
        await asyncio.sleep(0.05)
        if message == "StatusNotification":
            await self.station.say_status(self)
        elif message == "MeterValues":
            await self.station.say_meters(self, "Trigger")


def _plain(profile: dict[str, Any]) -> dict[str, Any]:
    """Limits arrive as decimals."""
    periods = [
        dict(each, limit=float(each["limit"])) for each in profile["charging_schedule"]["charging_schedule_period"]
    ]
    return profile | {"charging_schedule": profile["charging_schedule"] | {"charging_schedule_period": periods}}
