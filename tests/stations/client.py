"""The station's side of a link: what the gateway calls, answered by the station's habits and its profiles."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import (
    ChargingProfileStatus,
    ClearChargingProfileStatus,
    ConfigurationStatus,
    GetCompositeScheduleStatus,
    TriggerMessageStatus,
)
from websockets.asyncio.client import ClientConnection

from tests.stations.profiles import VOLTS

if TYPE_CHECKING:
    from tests.stations.scripted import Bay, Station

_quiet = logging.getLogger("tests.stations.frames")
_quiet.setLevel(logging.CRITICAL)


class ClientLink(ChargePoint):
    """One link. The package checks every payload against OCPP's schemas."""

    def __init__(self, station: "Station", socket: ClientConnection) -> None:
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

    def _bays(self, number: int) -> "Sequence[Bay]":
        return [bay for bay in self.station.bays if number in (0, bay.number)]

    def _configuration(self, **_: object) -> call_result.GetConfiguration:
        self.station.calls.append("GetConfiguration")
        habits = self.station.habits
        keys = {"ChargingScheduleAllowedChargingRateUnit": habits.unit_key}
        if habits.phases == 1:
            keys["ConnectorPhaseRotation"] = "1.NotApplicable"
        known = [{"key": key, "readonly": True, "value": value} for key, value in keys.items() if value is not None]
        return call_result.GetConfiguration(configuration_key=known)

    def _change(self, **_: object) -> call_result.ChangeConfiguration:
        self.station.calls.append("ChangeConfiguration")
        return call_result.ChangeConfiguration(status=ConfigurationStatus.accepted)

    async def _set(self, connector_id: int, cs_charging_profiles: dict[str, Any]) -> call_result.SetChargingProfile:
        habits, profile = self.station.habits, cs_charging_profiles
        unit = profile["charging_schedule"]["charging_rate_unit"]
        if unit not in habits.takes or (habits.refuses and profile["stack_level"] == 1):
            return call_result.SetChargingProfile(status=ChargingProfileStatus.rejected)
        self.station.told.append(profile)
        await asyncio.sleep(self.station.answers_after_s)
        # One limit for the station is taken by some as one for each of its connectors.
        for bay in self._bays(connector_id):
            bay.engine.put(_plain(profile))
        return call_result.SetChargingProfile(status=ChargingProfileStatus.accepted)

    def _clear(self, **payload: Any) -> call_result.ClearChargingProfile:
        self.station.calls.append("ClearChargingProfile")
        cleared = [bay.engine.clear(payload["id"]) for bay in self.station.bays]
        status = ClearChargingProfileStatus("Accepted" if any(cleared) else "Unknown")
        return call_result.ClearChargingProfile(status=status)

    def _composite(self, connector_id: int, duration: int, **payload: Any) -> call_result.GetCompositeSchedule:
        station, unit = self.station, payload.get("charging_rate_unit", "W")
        said = station.habits.reads_back
        if said == "refuses" or unit not in station.habits.takes:
            return call_result.GetCompositeSchedule(status=GetCompositeScheduleStatus.rejected)
        (bay,) = self._bays(connector_id)
        limit_w = bay.engine.limit_w(station.now(), bay.transaction_id)
        if said == "empty" or limit_w is None:
            return call_result.GetCompositeSchedule(status=GetCompositeScheduleStatus.accepted)
        figure = limit_w if unit == "W" else limit_w / VOLTS / station.habits.phases
        period = {"start_period": 0, "limit": -1.0 if said == "minus_one" else round(figure, 1)}
        schedule = {"duration": duration, "charging_rate_unit": unit, "charging_schedule_period": [period]}
        return call_result.GetCompositeSchedule(
            status=GetCompositeScheduleStatus.accepted,
            connector_id=connector_id,
            schedule_start=station.stamp(),
            charging_schedule=schedule,
        )

    def _trigger(self, requested_message: str, connector_id: int = 1) -> call_result.TriggerMessage:
        if not self.station.habits.triggers:
            return call_result.TriggerMessage(status=TriggerMessageStatus.not_implemented)
        task = asyncio.ensure_future(self._triggered(requested_message, connector_id))
        self._later.add(task)
        task.add_done_callback(self._later.discard)
        return call_result.TriggerMessage(status=TriggerMessageStatus.accepted)

    async def _triggered(self, message: str, connector_id: int) -> None:
        await asyncio.sleep(0.05)
        for bay in self._bays(connector_id):
            if message == "StatusNotification":
                await self.station.say_status(self, bay)
            elif message == "MeterValues":
                await self.station.say_meters(self, bay, "Trigger")


def _plain(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Limits arrive as decimals."""
    schedule = profile["charging_schedule"]
    periods = [{**each, "limit": float(each["limit"])} for each in schedule["charging_schedule_period"]]
    return {**profile, "charging_schedule": {**schedule, "charging_schedule_period": periods}}
