"""Charging profiles as a station keeps them: what was set at a connector, and which of it holds now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

VOLTS: Final = 230
PHASES: Final = 3

VALID_TO: Final = "validTo"
DURATION: Final = "duration"

PURPOSES: Final = ("TxDefaultProfile", "TxProfile")
"""The later one goes before the other while the transaction runs that it is meant for."""

KINDS: Final = ("Absolute", "Relative")


class Unsupported(Exception):
    """A profile of a kind that these stations do not know."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A limit in watts from `begins` until it `ends` by the clock on the wall; None: it has no end.

    `periods`: each with the seconds from its begin, the first at 0.
    """

    profile_id: int
    purpose: str
    level: int
    begins: datetime
    ends: datetime | None
    transaction_id: int | None
    periods: tuple[tuple[int, int], ...]

    def is_in_force(self, now: datetime, transaction_id: int | None) -> bool:
        """Whether it holds now, while that transaction runs or none."""
        if self.purpose == "TxProfile" and (
            transaction_id is None or self.transaction_id not in (None, transaction_id)
        ):
            return False
        return self.begins <= now and (self.ends is None or now < self.ends)

    def limit_w(self, now: datetime) -> int:
        """What it lets flow now."""
        return [limit_w for start_s, limit_w in self.periods if self.begins + timedelta(seconds=start_s) <= now][-1]


def read_profile(payload: Mapping[str, Any], now: datetime, lapses_by: frozenset[str]) -> Profile:
    """A profile as it is set, keys in snake case, at a station that heeds these of its ends.

    Raises Unsupported, and LookupError, TypeError or ValueError for what is none.
    """
    schedule, purpose = payload["charging_schedule"], str(payload["charging_profile_purpose"])
    if purpose not in PURPOSES or payload["charging_profile_kind"] not in KINDS:
        raise Unsupported(f"{purpose}, {payload['charging_profile_kind']}")
    said = (_instant(payload.get("valid_from")), _instant(schedule.get("start_schedule")))
    begins = max((each for each in said if each is not None), default=now)
    ends = []
    if VALID_TO in lapses_by and (valid_to := _instant(payload.get("valid_to"))) is not None:
        ends.append(valid_to)
    if DURATION in lapses_by and schedule.get("duration") is not None:
        ends.append(begins + timedelta(seconds=int(schedule["duration"])))
    return Profile(
        int(payload["charging_profile_id"]),
        purpose,
        int(payload["stack_level"]),
        begins,
        min(ends, default=None),
        payload.get("transaction_id"),
        tuple(
            (int(each["start_period"]), _watts(each, schedule["charging_rate_unit"]))
            for each in schedule["charging_schedule_period"]
        ),
    )


class Profiles:
    """Of one connector. One with the id of an earlier one replaces it, and so does one of its purpose and level."""

    def __init__(self) -> None:
        self._kept: list[Profile] = []

    def put(self, profile: Profile) -> None:
        """Keep a profile from now on."""
        self._kept = [each for each in self._kept if not _replaces(profile, each)] + [profile]

    def clear(self, profile_id: int | None, purpose: str | None, level: int | None) -> bool:
        """Give up those that fit all that is said; returns whether there were any."""
        wanted = (profile_id, purpose, level)
        kept = [
            each
            for each in self._kept
            if any(
                said is not None and said != own
                for said, own in zip(wanted, (each.profile_id, each.purpose, each.level), strict=True)
            )
        ]
        cleared, self._kept = len(kept) < len(self._kept), kept
        return cleared

    def forget_setpoints(self) -> None:
        """Begin anew with what has no end alone."""
        self._kept = [each for each in self._kept if each.ends is None]

    def in_force(self, now: datetime, transaction_id: int | None) -> Profile | None:
        """The one that holds now; None where nothing limits."""
        return _first(each for each in self._kept if each.is_in_force(now, transaction_id))

    def lasting_w(self, now: datetime, transaction_id: int | None) -> int | None:
        """What holds now once everything has lapsed that can; None where nothing would limit then."""
        lasting = (each for each in self._kept if each.ends is None)
        found = _first(each for each in lasting if each.is_in_force(now, transaction_id))
        return None if found is None else found.limit_w(now)


def _first(profiles: Any) -> Profile | None:
    return max(profiles, key=lambda each: (PURPOSES.index(each.purpose), each.level), default=None)


def _replaces(new: Profile, old: Profile) -> bool:
    return new.profile_id == old.profile_id or (new.purpose, new.level) == (old.purpose, old.level)


def _watts(period: Mapping[str, Any], unit: str) -> int:
    figure = float(period["limit"])
    return round(figure if unit == "W" else figure * VOLTS * int(period.get("number_phases") or PHASES))


def _instant(stamp: str | None) -> datetime | None:
    return None if stamp is None else datetime.fromisoformat(stamp.upper())
