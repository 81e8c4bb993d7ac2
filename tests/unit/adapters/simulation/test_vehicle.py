"""How a battery takes energy."""

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.simulation.vehicle import Vehicle, Visit
from tests.unit.adapters.simulation.controller import START

VISIT = Visit(
    session_id="s-1",
    arrives_at=START,
    departs_at=START + timedelta(hours=4),
    battery_wh=400_000,
    stored_wh=100_000,
    needed_wh=10_000,
    max_power_w=150_000,
    min_power_w=10_000,
    priority=1,
)


def test_a_battery_takes_full_power_up_to_four_fifths() -> None:
    assert Vehicle(VISIT).acceptance_w() == 150_000
    assert Vehicle(replace(VISIT, stored_wh=320_000)).acceptance_w() == 150_000


@pytest.mark.parametrize(("stored_wh", "accepted_w"), [(340_000, 115_000), (360_000, 80_000), (380_000, 45_000)])
def test_above_that_it_takes_less_in_a_straight_line(stored_wh: int, accepted_w: int) -> None:
    assert Vehicle(replace(VISIT, stored_wh=stored_wh)).acceptance_w() == accepted_w


def test_a_full_battery_takes_nothing() -> None:
    assert Vehicle(replace(VISIT, stored_wh=400_000)).acceptance_w() == 0


def test_charging_ends_within_one_second_at_minimum_power_of_a_full_battery_and_never_above() -> None:
    vehicle = Vehicle(replace(VISIT, stored_wh=399_000))
    while power_w := vehicle.acceptance_w():
        assert power_w >= VISIT.min_power_w
        vehicle.charge(power_w)
    assert 400_000 * 3600 - VISIT.min_power_w < vehicle.stored_ws <= 400_000 * 3600


def test_the_last_second_takes_no_more_than_is_missing() -> None:
    vehicle = Vehicle(VISIT)
    vehicle.charge(300_000 * 3600 - VISIT.min_power_w)
    assert vehicle.acceptance_w() == VISIT.min_power_w


def test_a_vehicle_is_ready_once_it_has_what_it_needs() -> None:
    vehicle = Vehicle(VISIT)
    for _ in range(10_000 * 3600 // 150_000 - 1):
        vehicle.charge(150_000)
    assert not vehicle.ready
    vehicle.charge(150_000)
    assert vehicle.ready


def test_what_is_still_needed_is_rounded_up_and_never_negative() -> None:
    vehicle = Vehicle(VISIT)
    assert vehicle.still_needed_wh == 10_000
    vehicle.charge(1)
    assert vehicle.still_needed_wh == 10_000
    vehicle.charge(3599)
    assert vehicle.still_needed_wh == 9_999
    vehicle.charge(20_000 * 3600)
    assert vehicle.still_needed_wh == 0
