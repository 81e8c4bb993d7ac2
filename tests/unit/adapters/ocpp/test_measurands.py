"""The power of a connector as stations write it, with the traps that were met in the field."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.ocpp.clocks import StationClock
from adapters.ocpp.measurands import Register, instant, samples
from adapters.ocpp.registers import Slope
from tests.builders import EIGHT


def sampled(*values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"timestamp": "2026-11-22T08:00:00Z", "sampled_value": list(values)}]


def value(measurand: str, figure: object, **others: str) -> dict[str, Any]:
    return {"measurand": measurand, "value": str(figure), **others}


POWER, AMPERES, VOLTS = "Power.Active.Import", "Current.Import", "Voltage"


@pytest.mark.parametrize(
    ("values", "watts"),
    [
        ([value(POWER, 7360, unit="W")], 7360),
        ([value(POWER, 7.36, unit="kW")], 7360),
        ([value(POWER, 7360)], 7360),
        ([value(POWER, 2.4, unit="kW", phase=f"L{phase}") for phase in (1, 2, 3)], 7200),
        ([value(POWER, 9, unit="kW"), value(POWER, 3, unit="kW", phase="L1")], 9000),
        ([value(AMPERES, 10, unit="A", phase=f"L{phase}") for phase in (1, 2, 3)], 6900),
        ([value(AMPERES, 10, phase="L1"), value(VOLTS, 240, phase="L1-N")], 2400),
        ([value(AMPERES, 100, unit="A"), value(VOLTS, 400, unit="V")], 40_000),
        ([value(AMPERES, 10, unit="A"), value(VOLTS, 230, unit="V")], None),
        ([value("Energy.Active.Import.Register", 1000, unit="Wh")], None),
        ([value(POWER, -1, unit="W")], None),
        ([value(POWER, "NaN", unit="W")], None),
        ([value(POWER, 7, unit="horse")], None),
        ([value(POWER, 7000, unit="W", location="EV")], None),
        ([value(POWER, 0, unit="W", context="Transaction.Begin"), value(POWER, 6900, unit="W")], 6900),
    ],
)
def test_power_is_imported_power_else_the_phases_else_amperes_times_volts_else_not_known(
    values: list[dict[str, Any]], watts: int | None
) -> None:
    found = [sample.power_w for sample in samples(sampled(*values))]
    assert found in ([watts], [] if watts is None else [watts])


@pytest.mark.parametrize("nonsense", [None, 7, "text", [None], [[]], [{}], [{"sampled_value": 3}], sampled({})])
def test_what_makes_no_sense_is_passed_over(nonsense: object) -> None:
    assert list(samples(nonsense)) == []


def test_a_sample_that_names_no_measurand_is_the_energy_register() -> None:
    (sample,) = samples(sampled({"value": "12.5", "unit": "kWh"}))
    assert sample.register == Register(12_500, 100)


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-11-22T08:00:00Z", 8),
        ("2026-11-22T08:00:00.123Z", 8),
        ("2026-11-22T10:00:00+02:00", 8),
        ("2026-11-22T08:00:00", 8),
        ("yesterday", None),
        (7, None),
        ("2026-13-22T08:00:00Z", None),
    ],
)
def test_a_time_is_read_as_stations_write_it(written: object, hour: int | None) -> None:
    read = instant(written)
    assert (None if read is None else read.hour) == hour


def test_a_register_tells_its_power_once_its_steps_do_not_matter() -> None:
    fine, coarse = Slope(), Slope()
    seconds = range(0, 130, 10)
    by_watt_hour = [fine.power_w(EIGHT + timedelta(seconds=s), Register(round(7200 * s / 3600), 1)) for s in seconds]
    by_tenth = [
        coarse.power_w(EIGHT + timedelta(seconds=s), Register(round(7200 * s / 3600, -2), 100)) for s in seconds
    ]
    assert by_watt_hour[:2] == [None, None]
    assert by_watt_hour[2] == 7200
    assert by_tenth[:13] == [None] * 13


def test_a_register_that_falls_was_reset() -> None:
    slope = Slope()
    for seconds, energy_wh in ((0, 500), (30, 560)):
        slope.power_w(EIGHT + timedelta(seconds=seconds), Register(energy_wh, 1))
    assert slope.power_w(EIGHT + timedelta(seconds=60), Register(10, 1)) is None


def test_a_clock_that_is_ahead_shows_itself_and_one_behind_where_it_was_just_asked() -> None:
    clock, hour = StationClock(), timedelta(hours=1)
    clock.learn(EIGHT + hour, EIGHT, just_taken=False)
    assert clock.ours(EIGHT + hour, EIGHT) == EIGHT
    assert clock.theirs(EIGHT) == EIGHT + hour
    clock.learn(EIGHT - hour, EIGHT, just_taken=False)
    assert clock.ahead == hour
    clock.learn(EIGHT - hour, EIGHT, just_taken=True)
    assert clock.ours(EIGHT - hour, EIGHT) == EIGHT


def test_what_was_kept_over_an_outage_keeps_its_time() -> None:
    clock = StationClock()
    kept = EIGHT - timedelta(minutes=10)
    clock.learn(kept, EIGHT, just_taken=False)
    assert clock.ours(kept, EIGHT) == kept
