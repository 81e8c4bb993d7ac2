"""How setpoints are told, and how what stands is read back."""

from datetime import datetime, timedelta

import pytest

from adapters.ocpp.abilities import Abilities, Unit, told_by
from adapters.ocpp.profiles import fallback_profile, limit_of, read_back_w, setpoint_profile
from adapters.ocpp.setpoints import NewestCycle
from tests.builders import EIGHT


@pytest.mark.parametrize(
    ("limit_w", "unit", "phases", "figure", "watts"),
    [
        (7_360, Unit.WATTS, 3, 7_360, 7_360),
        (11_000, Unit.AMPERES, 3, 15.9, 10_971),
        (7_360, Unit.AMPERES, 1, 32.0, 7_360),
        (4_140, Unit.AMPERES, 3, 6.0, 4_140),
        (4_139, Unit.AMPERES, 3, 0, 0),
        (1_379, Unit.WATTS, 3, 0, 0),
        (0, Unit.WATTS, 3, 0, 0),
    ],
)
def test_a_limit_is_rounded_down_and_below_a_vehicles_least_it_is_0(
    limit_w: int, unit: Unit, phases: int, figure: float, watts: int
) -> None:
    limit = limit_of(limit_w, unit, phases)
    assert (limit.figure, limit.watts) == (figure, watts)


def test_no_limit_in_amperes_is_above_what_was_asked_for() -> None:
    assert all(
        limit_of(watts, Unit.AMPERES, phases).figure * 230 * phases <= watts + 1e-6
        for watts in range(0, 25_000, 7)
        for phases in (1, 3)
    )


def test_a_setpoint_says_its_end_twice_and_begins_in_the_past() -> None:
    profile = setpoint_profile(2, limit_of(11_000, Unit.WATTS, 3), now=EIGHT, lapses_at=EIGHT + timedelta(seconds=90.7))
    schedule = profile["charging_schedule"]
    begins = datetime.fromisoformat(profile["valid_from"])
    assert begins == datetime.fromisoformat(schedule["start_schedule"]) == EIGHT - timedelta(seconds=60)
    assert datetime.fromisoformat(profile["valid_to"]) == EIGHT + timedelta(seconds=90)
    assert begins + timedelta(seconds=schedule["duration"]) == EIGHT + timedelta(seconds=90)
    assert (profile["charging_profile_purpose"], profile["stack_level"]) == ("TxDefaultProfile", 1)


def test_ids_of_a_station_differ_and_never_change() -> None:
    limit, abilities = limit_of(11_000, Unit.WATTS, 3), Abilities()
    until = EIGHT + timedelta(seconds=90)

    def ids() -> list[int]:
        return [
            profile["charging_profile_id"]
            for number in (1, 2)
            for profile in (
                fallback_profile(number, 4_000, abilities),
                setpoint_profile(number, limit, now=EIGHT, lapses_at=until),
                setpoint_profile(number, limit, now=EIGHT, lapses_at=until, transaction_id=7),
            )
        ]

    assert ids() == ids()
    assert len(set(ids())) == 6


@pytest.mark.parametrize(
    ("schedule", "watts"),
    [
        ({"charging_rate_unit": "A", "charging_schedule_period": [{"start_period": 0, "limit": 16}]}, 11_040),
        ({"charging_rate_unit": "A", "charging_schedule_period": [{"start_period": 0, "limit": -1}]}, None),
        ({"charging_rate_unit": "W", "charging_schedule_period": [{"start_period": 0, "limit": 16}]}, None),
        ({"charging_rate_unit": "A", "charging_schedule_period": []}, None),
        (None, None),
    ],
)
def test_a_limit_is_read_back_in_the_unit_it_was_set_in_or_not_at_all(schedule: object, watts: int | None) -> None:
    assert read_back_w(schedule, Unit.AMPERES, 3) == watts


@pytest.mark.parametrize(
    ("value", "unit"),
    [("Power", Unit.WATTS), ("Current,Power", Unit.WATTS), ("Current", Unit.AMPERES), ("A", Unit.AMPERES), ("", None)],
)
def test_watts_are_taken_where_a_station_takes_them(value: str, unit: Unit | None) -> None:
    keys = {"ChargingScheduleAllowedChargingRateUnit": value}
    assert told_by(keys, Abilities(), largest_rating_w=22_000).unit is unit


@pytest.mark.parametrize(("rating_w", "phases"), [(7_360, 1), (22_000, 3)])
def test_a_station_counts_as_single_phase_where_it_says_so_and_is_no_larger(rating_w: int, phases: int) -> None:
    keys = {"ConnectorPhaseRotation": "1.NotApplicable"}
    assert told_by(keys, Abilities(), largest_rating_w=rating_w).phases == phases


def cycle(cycle_seq: int, limit_w: int | None) -> dict[str, object]:
    setpoint = {"charge_point_id": "cp-1", "connector_id": 1, "limit_w": limit_w, "valid_for_s": 120}
    return {"cycle_seq": cycle_seq, "decided_at": EIGHT.isoformat(), "setpoints": [setpoint]}


def test_the_newest_cycle_alone_is_obeyed_and_a_new_stream_begins_anew() -> None:
    newest = NewestCycle()
    assert newest.take("first", cycle(7, 11_000))
    assert not newest.take("first", cycle(6, 22_000))
    assert newest.setpoints["cp-1/1"].limit_w == 11_000
    assert newest.take("first", cycle(8, None))
    assert newest.setpoints["cp-1/1"].cycle_seq == 7
    assert newest.take("second", cycle(1, 5_000))
    assert not newest.take("first", cycle(9, 22_000))
    assert newest.setpoints["cp-1/1"].limit_w == 5_000
