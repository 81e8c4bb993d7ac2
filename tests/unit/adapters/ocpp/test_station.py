"""What goes up of a station: what is known, when it was measured, nothing else (duties 1 to 3, 6 and 7; DEPOT-4)."""

from datetime import timedelta

import pytest

from adapters.ocpp.abilities import Abilities, Unit
from adapters.ocpp.findings import IGNORES, NEVER_LAPSES, NOT_LINKED, OVERRULED, SLOW
from adapters.ocpp.kept import Transaction
from adapters.ocpp.setpoints import Setpoint, Standing
from domain.site.configuration import Settings
from tests.builders import EIGHT
from tests.unit.adapters.ocpp.conftest import Bench, meter_value, power

SECOND = timedelta(seconds=1)


def told(bench: Bench, limit_w: int, cycle_seq: int = 5) -> None:
    now = bench.clock.now()
    setpoint = Setpoint(cycle_seq, limit_w, now + 120 * SECOND)
    bench.station.outlets[1].tell(Standing(setpoint, limit_w, now, now))


async def test_a_change_of_status_goes_up_with_a_power_that_is_not_known(bench: Bench) -> None:
    bench.station.status_said(1, "Charging", None)
    bench.station.status_said(1, "Charging", None)
    (reading,) = await bench.readings()
    assert (reading["connector_id"], reading["status"], reading["power_w"]) == (1, "Charging", None)


async def test_every_message_says_what_the_charger_was_found_to_do(bench: Bench) -> None:
    bench.station.alive()
    (said,) = await bench.said()
    assert said["control"] == {"why": None, "unit": None, "reads_back": None, "lapses": None}
    bench.station.kept.abilities = Abilities(Unit.AMPERES, reads_back=True, lapses=False)
    bench.station.status_said(1, "Charging", None)
    (said,) = await bench.said()
    assert "do not lapse" in said["control"].pop("why")
    assert said["control"] == {"unit": "A", "reads_back": True, "lapses": False}


@pytest.mark.parametrize(("status", "stands"), [("SuspendedEVSE", True), ("SuspendedEV", False), ("Finishing", False)])
async def test_a_limit_stands_where_a_station_says_that_it_limits_or_does_so_no_more(
    bench: Bench, status: str, stands: bool
) -> None:
    bench.station.status_said(1, "Charging", None)
    for said in (status, "Charging"):
        told(bench, 0)
        bench.station.status_said(1, said, None)
        assert (bench.station.outlets[1].standing is not None) == stands


async def test_a_status_of_the_whole_station_and_of_a_connector_it_has_not_say_nothing(bench: Bench) -> None:
    bench.station.status_said(0, "Available", None)
    bench.station.status_said(3, "Available", None)
    assert await bench.readings() == []


async def test_a_sample_goes_up_at_the_time_it_was_taken(bench: Bench) -> None:
    bench.station.status_said(1, "Charging", None)
    await bench.said()
    bench.clock.advance(EIGHT + 10 * SECOND)
    bench.station.measured(1, meter_value(EIGHT + 9 * SECOND, power(6900.5)), None)
    (reading,) = await bench.readings()
    assert (reading["at"], reading["power_w"]) == ("2026-11-22T08:00:09Z", 6900)


async def test_samples_that_are_older_than_what_was_said_are_passed_over(bench: Bench) -> None:
    bench.station.status_said(1, "Charging", None)
    await bench.said()
    bench.station.measured(1, meter_value(EIGHT - 60 * SECOND, power(6900)), None)
    assert await bench.readings() == []


async def test_a_power_in_another_unit_than_it_says_is_not_known(bench: Bench) -> None:
    bench.station.status_said(1, "Charging", None)
    await bench.said()
    bench.clock.advance(EIGHT + 10 * SECOND)
    bench.station.measured(1, meter_value(EIGHT + 9 * SECOND, power(36_000_000)), None)
    assert await bench.readings() == []


async def test_a_sign_of_life_is_a_message_without_readings_and_not_more_often_than_needed(bench: Bench) -> None:
    bench.station.alive()
    bench.station.alive()
    assert [message["connectors"] for message in await bench.said()] == [[]]
    bench.clock.advance(EIGHT + 5 * SECOND)
    bench.station.alive()
    assert len(await bench.said()) == 1


async def test_of_a_vehicle_that_is_not_sampled_a_reading_goes_up_every_30_s(bench: Bench) -> None:
    bench.station.status_said(1, "Charging", None)
    await bench.said()
    bench.clock.advance(EIGHT + 30 * SECOND)
    bench.station.alive()
    assert [each["power_w"] for each in await bench.readings()] == [None]


async def test_the_sequence_is_the_wall_clock_and_rises(bench: Bench) -> None:
    for status in ("Preparing", "Charging"):
        bench.station.status_said(1, status, None)
        bench.station.status_said(2, status, None)
    sequences = [message["sequence"] for message in await bench.said()]
    assert sequences == sorted(set(sequences))
    assert sequences[0] >= EIGHT.timestamp() * 1000


async def test_a_session_is_its_transaction_and_ends_with_it(bench: Bench) -> None:
    bench.station.status_said(1, "Charging", None)
    begun = bench.station.transaction_began(1, "TAG", "2026-11-22T07:59:58Z", 100)
    (reading,) = (await bench.readings())[-1:]
    assert reading["session"] == {"session_id": str(begun), "started_at": "2026-11-22T07:59:58Z"}
    bench.station.transaction_ended(begun)
    assert [each["session"] for each in await bench.readings()] == [None]


async def test_a_transaction_that_is_said_again_has_the_same_id(bench: Bench) -> None:
    first = bench.station.transaction_began(1, "TAG", "2026-11-22T07:59:58Z", 100)
    assert bench.station.transaction_began(1, "TAG", "2026-11-22T07:59:58Z", 100) == first
    assert bench.station.transaction_began(2, "TAG", "2026-11-22T07:59:58Z", 100) != first


async def test_a_session_is_known_again_after_a_restart(bench: Bench) -> None:
    begun = bench.station.transaction_began(1, "TAG", "2026-11-22T07:59:58Z", 100)
    kept = bench.memory.load()["cp-1"]
    assert kept.transactions == {1: Transaction(begun, "TAG", EIGHT - 2 * SECOND, 100)}
    assert bench.memory.new_transaction_id() > begun


async def test_a_transaction_that_began_before_the_gateway_is_taken_over_by_its_number(bench: Bench) -> None:
    bench.station.measured(1, meter_value(EIGHT, power(6900)), 77)
    (reading,) = await bench.readings()
    assert (reading["status"], reading["session"]["session_id"]) == ("Occupied", "77")


async def test_a_limit_goes_up_only_as_it_was_read_back_and_once(bench: Bench) -> None:
    outlet = bench.station.outlets[1]
    bench.station.status_said(1, "Charging", None)
    told(bench, 11_000)
    await bench.said()
    bench.station.news(outlet)
    assert [each["applied_limit_w"] for each in await bench.readings()] == [None]
    outlet.read_back = (EIGHT, 10_971)
    bench.station.news(outlet)
    assert [each["applied_limit_w"] for each in await bench.readings()] == [10_971]
    bench.station.tell(outlet, EIGHT, None)
    assert [each["applied_limit_w"] for each in await bench.readings()] == [None]


async def test_a_limit_waits_for_the_sample_that_is_near_and_was_taken_after_it(bench: Bench) -> None:
    outlet = bench.station.outlets[1]
    bench.station.status_said(1, "Charging", None)
    bench.clock.advance(EIGHT + 10 * SECOND)
    bench.station.measured(1, meter_value(EIGHT + 9 * SECOND, power(6900)), None)
    told(bench, 11_000)
    outlet.read_back = (EIGHT + 10 * SECOND, 11_000)
    bench.station.news(outlet)
    await bench.said()
    bench.clock.advance(EIGHT + 11 * SECOND)
    bench.station.measured(1, meter_value(EIGHT + 9.5 * SECOND, power(6900)), None)
    bench.station.measured(1, meter_value(EIGHT + 10.5 * SECOND, power(6900)), None)
    (last,) = (await bench.readings())[-1:]
    assert (last["applied_limit_w"], last["power_w"]) == (11_000, 6900)


async def test_a_cycle_is_named_while_what_it_brought_is_in_force_and_not_contradicted(bench: Bench) -> None:
    outlet = bench.station.outlets[1]
    told(bench, 11_000, cycle_seq=5)
    assert outlet.applied_cycle_seq(EIGHT, Settings()) == 5
    assert outlet.applied_cycle_seq(EIGHT + 120 * SECOND, Settings()) is None
    outlet.read_back = (EIGHT, 22_000)
    assert outlet.applied_cycle_seq(EIGHT, Settings()) is None
    outlet.read_back = (EIGHT, 11_400)
    assert outlet.applied_cycle_seq(EIGHT, Settings()) == 5


async def lowered(bench: Bench, status: str = "Charging") -> None:
    """A connector that was told 22 kW, and ten seconds later accepts 7 and tells them when it is asked."""
    bench.station.status_said(1, status, None)
    told(bench, 22_000, cycle_seq=5)
    bench.clock.advance(EIGHT + 10 * SECOND)
    told(bench, 7_000, cycle_seq=6)
    bench.station.outlets[1].read_back = (bench.clock.now(), 7_000)
    bench.station.outlets[1].has_news = True
    await bench.said()


async def sampled(bench: Bench, seconds: int, watts: int) -> tuple[int | None, int | None]:
    """What a sample brings up: the cycle that is named and the limit."""
    bench.clock.advance(EIGHT + seconds * SECOND)
    bench.station.measured(1, meter_value(bench.clock.now(), power(watts)), None)
    (reading,) = await bench.readings()
    return reading["applied_cycle_seq"], reading["applied_limit_w"]


async def test_a_lower_limit_that_a_station_tells_counts_once_it_was_seen_to_come_down(bench: Bench) -> None:
    await lowered(bench)
    assert await sampled(bench, 12, 21_900) == (5, None)
    assert await sampled(bench, 14, 12_000) == (5, None)
    assert await sampled(bench, 16, 7_100) == (6, 7_000)
    told(bench, 9_000, cycle_seq=7)
    assert await sampled(bench, 17, 7_100) == (7, None)


async def test_a_lower_limit_counts_after_the_grace_whatever_is_drawn(bench: Bench) -> None:
    await lowered(bench)
    assert await sampled(bench, 29, 21_900) == (5, None)
    assert await sampled(bench, 30, 21_900) == (6, 7_000)


async def test_a_station_that_never_drew_more_may_still_go_up_within_the_grace(bench: Bench) -> None:
    await lowered(bench)
    assert await sampled(bench, 12, 4_000) == (5, None)
    assert await sampled(bench, 29, 4_000) == (5, None)
    assert await sampled(bench, 30, 4_000) == (6, 7_000)


async def test_of_several_lower_limits_the_lowest_counts_that_is_kept(bench: Bench) -> None:
    await lowered(bench)
    await sampled(bench, 11, 21_900)
    bench.clock.advance(EIGHT + 12 * SECOND)
    told(bench, 5_000, cycle_seq=7)
    bench.station.outlets[1].read_back = (bench.clock.now(), 5_000)
    assert await sampled(bench, 13, 7_100) == (6, None)
    assert await sampled(bench, 31, 7_100) == (6, None)
    assert await sampled(bench, 32, 7_100) == (7, 5_000)


@pytest.mark.parametrize("status", ["Available", "SuspendedEVSE"])
async def test_a_lower_limit_counts_at_once_where_nothing_can_flow(bench: Bench, status: str) -> None:
    await lowered(bench, status)
    assert bench.station.outlets[1].applied_cycle_seq(bench.clock.now(), Settings()) == 6


async def test_a_refusal_is_said_at_once_where_no_sample_is_near(bench: Bench) -> None:
    bench.station.status_said(1, "Charging", None)
    await bench.said()
    outlet = bench.station.outlets[1]
    outlet.refused = Setpoint(9, 11_000, EIGHT + 120 * SECOND)
    bench.station.news(outlet)
    assert [each["refused_cycle_seq"] for each in await bench.readings()] == [9]


async def test_a_station_that_draws_more_than_it_was_told_is_not_controlled(bench: Bench) -> None:
    station, outlet = bench.station, bench.station.outlets[1]
    station.is_linked = True
    station.status_said(1, "Charging", None)
    told(bench, 11_000)
    for seconds in (10, 25, 30, 36):
        bench.clock.advance(EIGHT + seconds * SECOND)
        station.measured(1, meter_value(bench.clock.now(), power(22_000)), None)
        assert station.finding.why == (IGNORES if seconds == 36 else None)
    outlet.read_back = (EIGHT + 36 * SECOND, 22_000)
    bench.clock.advance(EIGHT + 40 * SECOND)
    station.measured(1, meter_value(bench.clock.now(), power(22_000)), None)
    assert station.finding.why == OVERRULED


async def test_a_station_whose_limits_never_lapse_is_named_unless_its_fallback_is_its_rating(bench: Bench) -> None:
    station = bench.station
    assert station.finding.why == NOT_LINKED
    station.is_linked = True
    station.kept.abilities = type(station.kept.abilities)(lapses=False)
    assert station.finding.why == NEVER_LAPSES
    station.charge_point = type(station.charge_point)("cp-1", "f-1", 44_000, station.charge_point.connectors)
    assert station.finding.why is None


async def test_what_a_station_was_told_is_in_doubt_when_a_transaction_ends(bench: Bench) -> None:
    begun = bench.station.transaction_began(1, "TAG", None, 5)
    told(bench, 11_000)
    bench.station.transaction_ended(begun)
    assert bench.station.outlets[1].standing is None


async def test_a_station_that_comes_down_late_is_slow_until_it_comes_down_in_time(bench: Bench) -> None:
    station, outlet = bench.station, bench.station.outlets[1]
    station.is_linked = True
    station.status_said(1, "Charging", None)
    told(bench, 11_000)
    for seconds, watts in ((25, 22_000), (36, 22_000), (46, 11_000)):
        bench.clock.advance(EIGHT + seconds * SECOND)
        station.measured(1, meter_value(bench.clock.now(), power(watts)), None)
    assert station.finding.why == SLOW
    lower = Setpoint(6, 7_000, EIGHT + 200 * SECOND)
    outlet.tell(Standing.after(outlet.standing, lower, 7_000, bench.clock.now()))
    bench.clock.advance(EIGHT + 70 * SECOND)
    station.measured(1, meter_value(bench.clock.now(), power(7_000)), None)
    assert station.finding.why is None


async def test_setpoints_that_change_all_the_time_do_not_hide_a_station_that_ignores_them(bench: Bench) -> None:
    station, outlet = bench.station, bench.station.outlets[1]
    station.is_linked = True
    station.status_said(1, "Charging", None)
    for seconds in range(0, 60, 2):
        bench.clock.advance(EIGHT + seconds * SECOND)
        limit_w = 9_000 + 100 * (seconds % 7)
        setpoint = Setpoint(seconds, limit_w, EIGHT + 200 * SECOND)
        outlet.tell(Standing.after(outlet.standing, setpoint, limit_w, bench.clock.now()))
        station.measured(1, meter_value(bench.clock.now(), power(22_000)), None)
    assert station.finding.why == IGNORES


async def test_a_station_is_not_over_while_what_it_was_told_before_may_be_in_force(bench: Bench) -> None:
    station, outlet = bench.station, bench.station.outlets[1]
    station.is_linked = True
    station.status_said(1, "Charging", None)
    told(bench, 22_000)
    for seconds in range(30, 50, 2):
        bench.clock.advance(EIGHT + seconds * SECOND)
        if seconds == 30:
            lower = Setpoint(6, 7_000, EIGHT + 200 * SECOND)
            outlet.tell(Standing.after(outlet.standing, lower, 7_000, bench.clock.now()))
        station.measured(1, meter_value(bench.clock.now(), power(22_000)), None)
    assert outlet.over_since is None
