"""What a station answers to the calls of a gateway."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Any, Final

from ocpp.v16 import call_result
from ocpp.v16.enums import (
    ChargingProfileStatus,
    ClearChargingProfileStatus,
    ConfigurationStatus,
    GetCompositeScheduleStatus,
    TriggerMessageStatus,
)

from adapters.simulation.charger import Charger
from adapters.simulation.pace import Pace
from adapters.simulation.stations.bay import Bay
from adapters.simulation.stations.dialects import Dialect
from adapters.simulation.stations.profiles import PHASES, VOLTS, Unsupported, read_profile
from adapters.simulation.times import rfc3339

SAMPLES_EVERY: Final = "MeterValueSampleInterval"
UNITS: Final = "ChargingScheduleAllowedChargingRateUnit"

UNIT_WORDS: Final = {"W": "Power", "A": "Current"}

TRIGGERS: Final = frozenset({"StatusNotification", "MeterValues"})

_logger = logging.getLogger(__name__)


class Answers:
    """Of one station. `asked` is what it was asked to say, a message and a connector each; `wake` is called with it.

    `clock` is that on the wall, by which profiles hold.
    """

    def __init__(
        self,
        charger: Charger,
        bays: Sequence[Bay],
        dialect: Dialect,
        *,
        pace: Pace,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self.asked: deque[tuple[str, Bay]] = deque(maxlen=20)
        self._charger = charger
        self._bays = bays
        self._dialect = dialect
        self._pace = pace
        self._clock = clock
        self._wake = wake

    def routes(self) -> dict[str, dict[str, Any]]:
        """By action, as the package wants them. What a gateway says is held against the schemas of OCPP."""
        answers = {
            "ChangeConfiguration": self._change,
            "ClearChargingProfile": self._clear,
            "GetCompositeSchedule": self._composite,
            "GetConfiguration": self._configuration,
            "SetChargingProfile": self._set,
            "TriggerMessage": self._trigger,
        }
        return {action: {"_on_action": answer, "_skip_schema_validation": False} for action, answer in answers.items()}

    def _at(self, connector_id: int | None) -> list[Bay]:
        """The bays that are meant by a connector id; 0 is all of them."""
        return [bay for bay in self._bays if connector_id in (0, None, bay.number)]

    def _configuration(self, **_: object) -> call_result.GetConfiguration:
        keys = {"NumberOfConnectors": str(len(self._bays))}
        if self._dialect.says_unit:
            keys[UNITS] = ",".join(UNIT_WORDS[unit] for unit in sorted(self._dialect.units))
        known = [{"key": key, "readonly": True, "value": value} for key, value in keys.items()]
        return call_result.GetConfiguration(configuration_key=known)

    def _change(self, key: str, value: str) -> call_result.ChangeConfiguration:
        if key == SAMPLES_EVERY and value.isdecimal() and int(value) > 0:
            every_s = ceil(int(value) * self._pace.speed)
            self._charger.habits = replace(self._charger.habits, report_interval_s=every_s)
        return call_result.ChangeConfiguration(status=ConfigurationStatus.accepted)

    def _set(self, connector_id: int, cs_charging_profiles: Mapping[str, Any]) -> call_result.SetChargingProfile:
        unit = cs_charging_profiles["charging_schedule"]["charging_rate_unit"]
        if self._charger.refuses or unit not in self._dialect.units:
            return call_result.SetChargingProfile(status=ChargingProfileStatus.rejected)
        try:
            profile = read_profile(cs_charging_profiles, self._clock(), self._dialect.lapses_by)
        except Unsupported:
            return call_result.SetChargingProfile(status=ChargingProfileStatus.not_supported)
        for bay in self._at(connector_id):
            bay.profiles.put(profile)
        return call_result.SetChargingProfile(status=ChargingProfileStatus.accepted)

    def _clear(self, **said: Any) -> call_result.ClearChargingProfile:
        wanted = (said.get("id"), said.get("charging_profile_purpose"), said.get("stack_level"))
        cleared = [bay.profiles.clear(*wanted) for bay in self._at(said.get("connector_id"))]
        status = ClearChargingProfileStatus.accepted if any(cleared) else ClearChargingProfileStatus.unknown
        return call_result.ClearChargingProfile(status=status)

    def _composite(self, connector_id: int, duration: int, **said: Any) -> call_result.GetCompositeSchedule:
        """One that cannot be read back accepts the question and says nothing."""
        unit, now = str(said.get("charging_rate_unit") or "W"), self._clock()
        if unit not in self._dialect.units or connector_id == 0:
            return call_result.GetCompositeSchedule(status=GetCompositeScheduleStatus.rejected)
        limits_w = [
            profile.limit_w(now) for bay in self._at(connector_id) if (profile := bay.in_force(now)) is not None
        ]
        if not self._charger.habits.reads_back or not limits_w:
            return call_result.GetCompositeSchedule(status=GetCompositeScheduleStatus.accepted)
        figure = limits_w[0] if unit == "W" else round(limits_w[0] / VOLTS / PHASES, 1)
        return call_result.GetCompositeSchedule(
            status=GetCompositeScheduleStatus.accepted,
            connector_id=connector_id,
            schedule_start=rfc3339(now),
            charging_schedule={
                "duration": duration,
                "charging_rate_unit": unit,
                "charging_schedule_period": [{"start_period": 0, "limit": figure}],
            },
        )

    def _trigger(self, requested_message: str, connector_id: int | None = None) -> call_result.TriggerMessage:
        if requested_message not in TRIGGERS:
            return call_result.TriggerMessage(status=TriggerMessageStatus.not_implemented)
        self.asked.extend((requested_message, bay) for bay in self._at(connector_id))
        self._wake()
        return call_result.TriggerMessage(status=TriggerMessageStatus.accepted)
