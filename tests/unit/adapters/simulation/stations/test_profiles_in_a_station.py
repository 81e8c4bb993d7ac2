"""What the profiles of a simulated station come to (CLI-36)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.simulation.stations.profiles import DURATION, VALID_TO, Profiles, Unsupported, read_profile
from adapters.simulation.times import rfc3339
from tests.unit.adapters.simulation.controller import START

BOTH = frozenset({VALID_TO, DURATION})


def after(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def payload(level: int, limit: float, *, number: int = 1, **other: Any) -> dict[str, Any]:
    """A TxDefaultProfile in watts without an end, but for what is given."""
    schedule = {"charging_rate_unit": "W", "charging_schedule_period": [{"start_period": 0, "limit": limit}]}
    return {
        "charging_profile_id": number,
        "stack_level": level,
        "charging_profile_purpose": "TxDefaultProfile",
        "charging_profile_kind": "Absolute",
        "charging_schedule": schedule | other.pop("schedule", {}),
        **other,
    }


def setpoint(limit: float, **other: Any) -> dict[str, Any]:
    """For 60 s by `validTo`, for 40 s by `duration`."""
    own: dict[str, Any] = {"valid_from": rfc3339(START), "valid_to": rfc3339(after(60))}
    return payload(1, limit, schedule={"start_schedule": rfc3339(START), "duration": 40}, **own, **other)


def kept(*payloads: dict[str, Any], lapses_by: frozenset[str] = BOTH) -> Profiles:
    profiles = Profiles()
    for each in payloads:
        profiles.put(read_profile(each, START, lapses_by))
    return profiles


def limit_w(profiles: Profiles, seconds: int, transaction_id: int | None = None) -> int | None:
    profile = profiles.in_force(after(seconds), transaction_id)
    return None if profile is None else profile.limit_w(after(seconds))


@pytest.mark.parametrize(
    ("heeds", "lapses_at"), [(BOTH, 40), (frozenset({DURATION}), 40), (frozenset({VALID_TO}), 60), (frozenset(), None)]
)
def test_a_setpoint_lapses_by_the_ends_that_its_station_heeds(heeds: frozenset[str], lapses_at: int | None) -> None:
    profiles = kept(payload(0, 4_000, number=10), setpoint(9_000, number=11), lapses_by=heeds)
    assert limit_w(profiles, 39) == 9_000
    assert limit_w(profiles, 41) == (9_000 if lapses_at != 40 else 4_000)
    assert limit_w(profiles, 61) == (9_000 if lapses_at is None else 4_000)


def test_what_has_no_end_lies_beneath_and_survives_a_reboot() -> None:
    profiles = kept(payload(0, 4_000, number=10), setpoint(9_000, number=11))
    assert profiles.lasting_w(START, None) == 4_000
    profiles.forget_setpoints()
    assert limit_w(profiles, 1) == 4_000


@pytest.mark.parametrize(("number", "level"), [(11, 3), (12, 1)])
def test_a_profile_replaces_that_of_its_id_and_that_of_its_purpose_and_level(number: int, level: int) -> None:
    profiles = kept(setpoint(9_000, number=11), payload(level, 5_000, number=number))
    assert limit_w(profiles, 1) == limit_w(profiles, 61) == 5_000


def test_a_profile_of_the_transaction_that_runs_goes_before_the_others() -> None:
    own = setpoint(5_000, number=12, transaction_id=7) | {"charging_profile_purpose": "TxProfile"}
    profiles = kept(setpoint(9_000, number=11), own)
    assert [limit_w(profiles, 1, running) for running in (None, 7, 8)] == [9_000, 5_000, 9_000]


def test_amperes_are_those_of_each_phase() -> None:
    def amperes(**phases: int) -> dict[str, Any]:
        period = {"start_period": 0, "limit": 10.0, **phases}
        return payload(1, 0, schedule={"charging_rate_unit": "A", "charging_schedule_period": [period]})

    assert limit_w(kept(amperes()), 1) == 6_900
    assert limit_w(kept(amperes(number_phases=1)), 1) == 2_300


def test_a_schedule_has_periods() -> None:
    periods = [{"start_period": 0, "limit": 8_000}, {"start_period": 30, "limit": 2_000}]
    profiles = kept(payload(1, 0, schedule={"charging_schedule_period": periods}))
    assert [limit_w(profiles, second) for second in (0, 29, 30)] == [8_000, 8_000, 2_000]


def test_what_fits_all_that_is_said_is_cleared() -> None:
    profiles = kept(payload(0, 4_000, number=10), setpoint(9_000, number=11))
    assert not profiles.clear(12, None, None)
    assert not profiles.clear(None, "TxProfile", 1)
    assert profiles.clear(11, None, None)
    assert limit_w(profiles, 1) == 4_000
    assert profiles.clear(None, None, None)
    assert limit_w(profiles, 1) is None


@pytest.mark.parametrize(
    "other", [{"charging_profile_kind": "Recurring"}, {"charging_profile_purpose": "ChargePointMaxProfile"}]
)
def test_other_kinds_of_profiles_are_not_known(other: dict[str, Any]) -> None:
    with pytest.raises(Unsupported):
        read_profile(payload(1, 1) | other, START, BOTH)
