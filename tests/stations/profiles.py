"""Charging profiles as a station keeps them, written from OCPP 1.6 and what was seen in the field.

Payloads have snake-case keys. Nothing of `adapters` is used here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

VOLTS = 230


def at(text: str) -> datetime:
    return datetime.fromisoformat(text.upper())


@dataclass(slots=True)
class Engine:
    """The profiles of one connector. `lapses_by`: which ends are heeded; `replaces_by`: id or level."""

    phases: int
    lapses_by: frozenset[str] = frozenset({"valid_to", "duration"})
    replaces_by: str = "id"
    default_for_next_only: bool = False
    profiles: list[Mapping[str, Any]] = field(default_factory=list)
    frozen: list[Mapping[str, Any]] | None = None
    """The defaults that a running transaction began with, where those are for the next one only."""

    def put(self, profile: Mapping[str, Any]) -> None:
        key = "charging_profile_id" if self.replaces_by == "id" else "stack_level"

        def same(each: Mapping[str, Any]) -> bool:
            purpose = each["charging_profile_purpose"] == profile["charging_profile_purpose"]
            return bool(each[key] == profile[key] and (purpose or self.replaces_by == "id"))

        self.profiles = [each for each in self.profiles if not same(each)] + [profile]

    def clear(self, profile_id: int) -> bool:
        before = len(self.profiles)
        self.profiles = [each for each in self.profiles if each["charging_profile_id"] != profile_id]
        return len(self.profiles) < before

    def limit_w(self, now: datetime, transaction_id: int | None) -> float | None:
        """None where nothing limits."""
        defaults = self.profiles
        if transaction_id is not None and self.default_for_next_only and self.frozen is not None:
            defaults = self.frozen
        for purpose, among in (("TxProfile", self.profiles), ("TxDefaultProfile", defaults)):
            found = [
                each
                for each in among
                if each["charging_profile_purpose"] == purpose
                and (purpose != "TxProfile" or (transaction_id is not None and _is_of(each, transaction_id)))
                and self._in_force(each, now)
            ]
            if found:
                return self._watts(max(found, key=lambda each: each["stack_level"]))
        return None

    def _in_force(self, profile: Mapping[str, Any], now: datetime) -> bool:
        schedule = profile["charging_schedule"]
        if "valid_from" in profile and now < at(profile["valid_from"]):
            return False
        if "valid_to" in self.lapses_by and "valid_to" in profile and now >= at(profile["valid_to"]):
            return False
        if "start_schedule" in schedule:
            begins = at(schedule["start_schedule"])
            if now < begins:
                return False
            ends = "duration" in schedule and now >= begins + timedelta(seconds=schedule["duration"])
            return not (ends and "duration" in self.lapses_by)
        return True

    def _watts(self, profile: Mapping[str, Any]) -> float:
        schedule = profile["charging_schedule"]
        period = schedule["charging_schedule_period"][0]
        if schedule["charging_rate_unit"] == "W":
            return float(period["limit"])
        phases: int = min(self.phases, period.get("number_phases", 3))
        return float(period["limit"]) * VOLTS * phases


def _is_of(profile: Mapping[str, Any], transaction_id: int) -> bool:
    return profile.get("transaction_id") in (None, transaction_id)
