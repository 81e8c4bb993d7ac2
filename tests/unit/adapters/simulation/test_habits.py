"""Chargers and meters as people have them: which habits are drawn, and what each of them changes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from statistics import mean, stdev
from typing import Any

import pytest

from adapters.simulation.charger import Charger
from adapters.simulation.depot import Depot
from adapters.simulation.habits import Chargers, Habits, as_people_have_them, grace_s
from adapters.simulation.layout import Outlet, Payload, Station, read_layout
from adapters.simulation.meter import Meter, MeterHabits, meters_as_people_have_them
from adapters.simulation.plant import Plant
from adapters.simulation.scenarios import SCENARIOS
from adapters.simulation.sockets import Status
from adapters.simulation.vehicle import Vehicle, Visit
from tests.unit.adapters.simulation.controller import START, a_depot, equal_share, run, told
from tests.unit.adapters.simulation.test_vehicle import VISIT

OUTLET = Outlet(("cp-1", 1), 80_000, 4_140)
AC = Station("cp-1", 1, 80_000, 10_000, (OUTLET,))
DC = replace(AC, max_power_w=150_000)
PRESENT = replace(VISIT, arrives_at=START - timedelta(hours=1), min_power_w=4_140)
MANY = 4000


def drawn(station: Station = AC, grace_s: int = 20) -> Iterator[Habits]:
    return (as_people_have_them(Habits(), station, grace_s, Random(f"1:{number}")) for number in range(MANY))


class Bench:
    """A charger with these habits, told one limit at the start."""

    def __init__(self, told_w: int | None = 60_000, visit: Visit = PRESENT, **habits: Any) -> None:
        self.habits = Habits(**{"lag_s": 1, "report_interval_s": 1, **habits})
        self.charger = Charger("depot", AC, self.habits, Random(1))
        self.second = 0
        self.messages: list[Payload] = []
        self.cycle_seq = 0
        (self.socket,) = self.charger.sockets
        self.plug_in(visit)
        self.tell(told_w)

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.second)

    @property
    def reading(self) -> Payload:
        """The newest one."""
        readings: list[Payload] = [each for message in self.messages for each in message["connectors"]]
        return readings[-1]

    def tell(self, limit_w: int | None, valid_for_s: int = 1000) -> None:
        self.cycle_seq += 1
        (delivery,) = told(self.cycle_seq, self.now, {("cp-1", 1): limit_w}, valid_for_s)
        self.charger.deliver(delivery, self.now)

    def plug_in(self, visit: Visit) -> None:
        self.socket.plug_in(Vehicle(self.habits.as_it_turns_out(visit, OUTLET)))

    def pass_seconds(self, seconds: int = 2) -> int:
        """Let time pass; returns the power at its end."""
        for _ in range(seconds):
            self.second += 1
            self.charger.tick(self.now)
            message = self.charger.report(self.now, self.second)
            if message is not None:
                self.messages.append(message)
        return self.socket.power_w


@pytest.mark.parametrize(
    ("habit", "share"),
    [
        ("single_phase", 1 / 5),
        ("whole_amperes", 1 / 2),
        ("six_ampere_steps", 1 / 20),
        ("full_early", 3 / 10),
        ("reads_back", 1 / 2),
        ("names_cycles", 1 / 5),
        ("power_unknown_s", 1 / 10),
        ("resets_after_session", 1 / 20),
        ("reticent", 2 / 5),
    ],
)
def test_a_habit_is_as_frequent_as_it_is_in_the_field(habit: str, share: float) -> None:
    assert mean(bool(getattr(habits, habit)) for habits in drawn()) == pytest.approx(share, abs=0.025)


def test_one_vehicle_in_four_asks_for_less_than_it_is_offered() -> None:
    less = [habits.asks_percent for habits in drawn() if habits.asks_percent < 100]
    assert len(less) / MANY == pytest.approx(1 / 4, abs=0.025)
    assert (min(less), max(less)) == (30, 80)


def test_lags_and_factors_lie_within_what_was_seen_in_the_field() -> None:
    lags_s, factors = {each.lag_s for each in drawn()}, {each.factor for each in drawn()}
    assert lags_s == set(range(2, 16))
    assert factors == set(range(970, 1061))


def test_a_lag_is_always_within_the_grace_of_the_site() -> None:
    assert {each.lag_s for each in drawn(grace_s=5)} == set(range(2, 6))
    assert grace_s({"settings": {"apply_grace_s": 12}}) == 12
    assert grace_s({"settings": None}) == grace_s({}) == 20


def test_only_ac_units_have_the_habits_of_ac_units() -> None:
    assert not any(each.single_phase or each.whole_amperes or each.six_ampere_steps for each in drawn(DC))


def test_the_same_seed_gives_the_same_habits_and_the_run_says_which() -> None:
    scenario = SCENARIOS["leichhardt-mixed"]
    layout = read_layout(scenario.configuration)
    one, same, other = (Plant(scenario, layout, seed, Chargers.REAL).habits for seed in (1, 1, 2))
    assert one == same != other
    assert one.keys() == {station.charge_point_id for station in layout.stations} | {"gc-1"}
    assert one["cp-ac-01"]["lag_s"] != one["cp-ac-02"]["lag_s"] or one["cp-ac-01"] != one["cp-ac-02"]


def test_ideal_chargers_have_none_of_the_habits() -> None:
    scenario = SCENARIOS["malaga"]
    plant = Plant(scenario, read_layout(scenario.configuration), 1)
    for charger in plant.chargers.values():
        assert charger.habits == Habits(lag_s=charger.habits.lag_s, phase=charger.habits.phase)


@pytest.mark.parametrize(("factor", "drawn_w"), [(970, 58_200), (1000, 60_000), (1060, 63_600)])
def test_what_is_drawn_of_what_is_told_goes_by_the_factor(factor: int, drawn_w: int) -> None:
    bench = Bench(factor=factor)
    assert bench.pass_seconds() == drawn_w
    assert bench.reading["applied_limit_w"] == 60_000


def test_a_vehicle_never_takes_more_than_it_can_by_any_factor() -> None:
    nearly_full = replace(PRESENT, stored_wh=390_000)
    for factor in (970, 1060):
        bench = Bench(80_000, nearly_full, factor=factor)
        vehicle = bench.socket.vehicle
        assert vehicle is not None
        bench.pass_seconds(3600)
        assert vehicle.acceptance_w() == 0 <= vehicle.missing_ws


def test_readings_are_a_percent_off_and_the_power_is_not() -> None:
    bench = Bench(noise_percent=1)
    bench.pass_seconds(600)
    read_w = [message["connectors"][0]["power_w"] for message in bench.messages[5:]]
    assert bench.socket.power_w == 60_000
    assert mean(read_w) == pytest.approx(60_000, rel=0.002)
    assert stdev(read_w) == pytest.approx(600, rel=0.2)


def test_a_vehicle_on_one_phase_takes_a_third_of_what_it_is_offered_and_no_more_than_32_amperes() -> None:
    bench = Bench(15_000, single_phase=True)
    assert bench.pass_seconds() == 5_000
    bench.tell(60_000)
    assert bench.pass_seconds() == 7_360
    bench.tell(4_140)
    assert bench.pass_seconds() == 1_380
    bench.tell(4_130)
    assert bench.pass_seconds() == 0


@pytest.mark.parametrize(("told_w", "drawn_w"), [(60_000, 57_960), (8_279, 4_140), (4_200, 4_140), (4_000, 0)])
def test_limits_are_rounded_down_to_steps_of_six_amperes(told_w: int, drawn_w: int) -> None:
    assert Bench(told_w, six_ampere_steps=True).pass_seconds() == drawn_w


def test_steps_do_not_go_below_the_minimum_of_a_connector() -> None:
    outlet = replace(OUTLET, min_power_w=10_000)
    assert Habits(six_ampere_steps=True).applied_w(11_000, outlet) == 10_000


def test_a_vehicle_takes_less_than_it_is_offered_and_nobody_knows_what_it_asks_for() -> None:
    bench = Bench(asks_percent=50)
    assert bench.pass_seconds() == 40_000
    assert bench.reading["requested_w"] is None


def test_a_vehicle_that_is_full_early_stays_suspended_until_it_leaves() -> None:
    bench = Bench(80_000, replace(PRESENT, needed_wh=300), full_early=True)
    assert bench.pass_seconds(10) == 0
    assert bench.socket.vehicle is not None
    assert 100 <= bench.socket.vehicle.charged_ws / 3600 < 100 + 80_000 / 3600
    assert bench.socket.vehicle.ready
    bench.pass_seconds(300)
    assert (bench.reading["status"], bench.reading["requested_w"]) == ("SuspendedEV", None)


@pytest.mark.parametrize("habits", [{"full_early": True}, {"plain_ocpp": True}])
def test_where_nobody_says_that_a_vehicle_wants_nothing_its_readings_go_on(habits: dict[str, bool]) -> None:
    """It may draw again at any time, and R7 asks for a reading of its own."""
    bench = Bench(80_000, replace(PRESENT, needed_wh=300), report_interval_s=5, **habits)
    while bench.socket.status is not Status.SUSPENDED_EV:
        bench.pass_seconds(1)
    bench.messages.clear()
    bench.pass_seconds(10)
    assert [each["connectors"][0]["status"] for each in bench.messages] == ["SuspendedEV"] * 2


def test_a_charger_reads_its_limit_back_and_names_the_cycle_or_not() -> None:
    bench = Bench(reads_back=False)
    bench.pass_seconds()
    assert (bench.reading["applied_limit_w"], bench.reading["applied_cycle_seq"]) == (None, None)
    bench = Bench(reads_back=False, names_cycles=True)
    bench.tell(50_000, valid_for_s=10)
    bench.pass_seconds(5)
    assert (bench.reading["applied_limit_w"], bench.reading["applied_cycle_seq"]) == (None, 2)
    bench.pass_seconds(10)
    assert bench.reading["applied_cycle_seq"] is None


def test_plain_ocpp_says_no_more_with_real_chargers_than_with_ideal_ones() -> None:
    bench = Bench(plain_ocpp=True, names_cycles=True)
    bench.pass_seconds()
    assert {bench.reading[key] for key in ("requested_w", "applied_limit_w", "applied_cycle_seq")} == {None}


def test_for_half_a_minute_the_power_of_a_new_session_is_not_known_though_it_flows() -> None:
    bench = Bench(power_unknown_s=30, visit=replace(PRESENT, arrives_at=START))
    assert bench.pass_seconds(29) == 60_000
    said = [reading for message in bench.messages for reading in message["connectors"]]
    assert {reading["status"] for reading in said} == {"Preparing", "Charging"}
    assert {reading["power_w"] for reading in said} == {None}
    bench.pass_seconds(1)
    assert (bench.reading["status"], bench.reading["power_w"]) == ("Charging", 60_000)


def test_a_setpoint_is_reset_to_the_fallback_at_the_end_of_a_session() -> None:
    bench = Bench(resets_after_session=True)
    bench.pass_seconds()
    bench.socket.unplug()
    bench.plug_in(PRESENT)
    assert bench.pass_seconds() == AC.fallback_w
    assert bench.reading["applied_limit_w"] == AC.fallback_w
    bench.tell(60_000)
    assert bench.pass_seconds() == 60_000


def test_a_reticent_charger_says_nothing_anew_after_a_reconnect() -> None:
    counted = Counter[bool]()
    for reticent in (False, True):
        bench = Bench(reticent=reticent, report_interval_s=1000, heartbeat_interval_s=1000)
        bench.pass_seconds(20)
        before = len(bench.messages)
        bench.charger.reconnect()
        bench.pass_seconds(20)
        counted[reticent] = len(bench.messages) - before
    assert counted == {False: 1, True: 0}


def test_meters_first_speak_within_their_interval_one_to_three_seconds_late() -> None:
    habits = [meters_as_people_have_them(Random(number)) for number in range(400)]
    assert {each.interval_s for each in habits} == set(range(5, 11))
    assert {each.late_s for each in habits} == {1, 2, 3}
    for each in habits:
        assert next(second for second in range(1, 11) if each.is_due(second)) <= each.interval_s


def test_a_late_reading_bears_the_time_at_which_it_was_taken() -> None:
    depot = Depot(SCENARIOS["west-footscray-tight"], 1, START, equal_share(), chargers=Chargers.REAL)
    (habits,) = (meter.habits for meter in depot.plant.meters.values())
    for second in range(1, 60):
        for payload in run(depot, 1):
            if "circuit_id" in payload:
                measured_at = datetime.fromisoformat(payload["measured_at"])
                assert START + timedelta(seconds=second) - measured_at == timedelta(seconds=habits.late_s)
                assert habits.is_due((measured_at - START).seconds)


def test_a_prompt_meter_speaks_in_the_first_second() -> None:
    assert [second for second in range(1, 12) if MeterHabits(5, phase=2).is_due(second)] == [1, 3, 8]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_depot_can_be_played_with_real_chargers_and_the_run_can_be_repeated(name: str) -> None:
    one, other = (Depot(SCENARIOS[name], 3, START, equal_share(), chargers=Chargers.REAL) for _ in range(2))
    assert run(one, 120) == run(other, 120)
    assert one.summary() == other.summary()
    assert run(a_depot(name, 3), 120) != run(
        Depot(SCENARIOS[name], 3, START, equal_share(), chargers=Chargers.REAL), 120
    )


def test_a_meter_in_the_field_hardly_shows_the_same_twice_to_the_watt() -> None:
    """One that does is taken for one that has stopped (R25)."""
    habits = meters_as_people_have_them(Random(1))
    meter = Meter("depot", "gc-1", 0, habits)
    shown = [meter.report(START, second, 600_000) for second in range(60 * habits.interval_s)]
    powers_w = [each["power_w"] for each in shown if each is not None]
    assert len(powers_w) > 50
    assert len(set(powers_w)) > 40
    assert all(abs(power_w - 600_000) <= habits.noise_w for power_w in powers_w)
