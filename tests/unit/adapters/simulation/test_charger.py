"""How a charge point obeys, falls back and reports."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.simulation.charger import Charger
from adapters.simulation.habits import Habits
from adapters.simulation.layout import Outlet, Payload, Station
from adapters.simulation.sharing import shared
from adapters.simulation.vehicle import Vehicle, Visit
from tests.unit.adapters.simulation.controller import START, told
from tests.unit.adapters.simulation.test_vehicle import VISIT

OUTLETS = (Outlet(("cp-1", 1), 150_000, 10_000), Outlet(("cp-1", 2), 150_000, 10_000))
STATION = Station("cp-1", 1, 180_000, 24_000, OUTLETS)
HERE_FOR_LONG = replace(VISIT, arrives_at=START - timedelta(hours=1))


class Bench:
    """A charge point on the bench: time passes second by second, messages are kept."""

    def __init__(self, *visits: Visit | None, habits: Habits | None = None) -> None:
        self.charger = Charger("depot", STATION, habits or Habits(lag_s=3))
        for socket, visit in zip(self.charger.sockets, visits, strict=False):
            if visit is not None:
                socket.plug_in(Vehicle(visit))
        self.second = 0
        self.messages: list[Payload] = []

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.second)

    def tell(self, cycle_seq: int, *limits_w: int | None, valid_for_s: int = 120, age_s: int = 0) -> None:
        decided_at = self.now - timedelta(seconds=age_s)
        by_connector = {("cp-1", number): limit_w for number, limit_w in enumerate(limits_w, start=1)}
        (delivery,) = told(cycle_seq, decided_at, by_connector, valid_for_s)
        self.charger.deliver(delivery, self.now)

    def pass_seconds(self, seconds: int) -> tuple[int, ...]:
        """Let time pass; returns the powers at its end."""
        for _ in range(seconds):
            self.second += 1
            self.charger.tick(self.now)
            message = self.charger.report(self.now, self.second)
            if message is not None:
                self.messages.append(message)
        return tuple(socket.power_w for socket in self.charger.sockets)

    @property
    def statuses(self) -> list[str]:
        return [socket.status.value for socket in self.charger.sockets]


def test_a_setpoint_is_obeyed_after_the_lag_and_not_before() -> None:
    bench = Bench(HERE_FOR_LONG)
    bench.tell(1, 60_000, 0)
    assert bench.pass_seconds(2) == (24_000, 0)
    assert bench.pass_seconds(1) == (60_000, 0)


def test_setpoints_that_follow_within_the_lag_take_effect_one_after_the_other() -> None:
    bench = Bench(HERE_FOR_LONG)
    bench.tell(1, 60_000)
    bench.pass_seconds(1)
    bench.tell(2, 30_000)
    assert bench.pass_seconds(2) == (60_000, 0)
    assert bench.pass_seconds(1) == (30_000, 0)


def test_before_any_setpoint_the_connectors_share_the_fallback() -> None:
    assert Bench(HERE_FOR_LONG).pass_seconds(1) == (24_000, 0)
    assert Bench(HERE_FOR_LONG, HERE_FOR_LONG).pass_seconds(1) == (12_000, 12_000)


def test_a_setpoint_lapses_so_long_after_its_decision_wherever_it_lingered() -> None:
    """Holds SEND-1."""
    bench = Bench(HERE_FOR_LONG)
    bench.tell(1, 60_000, valid_for_s=120, age_s=100)
    assert bench.pass_seconds(19) == (60_000, 0)
    assert bench.pass_seconds(1) == (24_000, 0)


def test_a_newer_cycle_renews_a_setpoint() -> None:
    """Holds SEND-1."""
    bench = Bench(HERE_FOR_LONG)
    bench.tell(1, 60_000)
    bench.pass_seconds(100)
    bench.tell(2, 60_000)
    assert bench.pass_seconds(119) == (60_000, 0)
    assert bench.pass_seconds(1) == (24_000, 0)


def test_a_null_limit_says_nothing_and_renews_nothing() -> None:
    bench = Bench(HERE_FOR_LONG)
    bench.tell(1, 60_000)
    bench.pass_seconds(100)
    bench.tell(2, None)
    assert bench.pass_seconds(19) == (60_000, 0)
    assert bench.pass_seconds(1) == (24_000, 0)


def test_zero_is_a_limit() -> None:
    bench = Bench(HERE_FOR_LONG)
    bench.tell(1, 0)
    assert bench.pass_seconds(3) == (0, 0)


@pytest.mark.parametrize("late_seq", [6, 7])
def test_an_older_or_repeated_cycle_is_never_applied(late_seq: int) -> None:
    """Holds SEND-1."""
    bench = Bench(HERE_FOR_LONG)
    bench.tell(7, 30_000)
    bench.pass_seconds(1)
    bench.tell(late_seq, 90_000)
    assert bench.pass_seconds(10) == (30_000, 0)


def test_a_setpoint_survives_unplugging() -> None:
    """Holds SEND-1."""
    bench = Bench(HERE_FOR_LONG)
    bench.tell(1, 60_000)
    bench.pass_seconds(3)
    bench.charger.sockets[0].unplug()
    assert bench.pass_seconds(3) == (0, 0)
    bench.charger.sockets[0].plug_in(Vehicle(HERE_FOR_LONG))
    assert bench.pass_seconds(1) == (60_000, 0)


def test_the_rating_clamps_what_the_connectors_draw_together() -> None:
    bench = Bench(HERE_FOR_LONG, HERE_FOR_LONG)
    bench.tell(1, 150_000, 60_000)
    assert bench.pass_seconds(3) == (120_000, 60_000)


def test_a_connector_without_a_setpoint_keeps_the_fallback_beside_one_that_has_one() -> None:
    bench = Bench(HERE_FOR_LONG, HERE_FOR_LONG)
    bench.tell(1, 60_000, None)
    assert bench.pass_seconds(3) == (60_000, 24_000)


@pytest.mark.parametrize(("limit_w", "drawn_w"), [(9_999, 0), (10_000, 10_000)])
def test_a_vehicle_never_draws_between_zero_and_its_minimum(limit_w: int, drawn_w: int) -> None:
    bench = Bench(HERE_FOR_LONG)
    bench.tell(1, limit_w)
    assert bench.pass_seconds(3) == (drawn_w, 0)
    assert bench.statuses[0] == ("Charging" if drawn_w else "SuspendedEVSE")


def test_where_the_minimums_do_not_fit_the_last_one_goes_without() -> None:
    assert shared(25_000, [50_000, 50_000, 50_000], [10_000] * 3) == [12_500, 12_500, 0]


def test_one_that_could_not_start_anyway_takes_nothing_from_the_others() -> None:
    assert shared(14_000, [5_000, 12_000], [10_000, 10_000]) == [0, 12_000]


def test_sharing_gives_the_small_what_they_want_and_the_rest_to_the_others() -> None:
    assert shared(100, [90, 10, 90], [0, 0, 0]) == [45, 10, 45]


def test_the_statuses_of_a_visit_follow_ocpp() -> None:
    nearly_full = replace(VISIT, arrives_at=START + timedelta(seconds=1), stored_wh=399_900)
    bench = Bench(nearly_full)
    seen: list[str] = []
    for _ in range(150):
        bench.pass_seconds(1)
        if not seen or seen[-1] != bench.statuses[0]:
            seen.append(bench.statuses[0])
    assert seen == ["Preparing", "Charging", "SuspendedEV", "Finishing"]
    bench.charger.sockets[0].unplug()
    bench.pass_seconds(1)
    assert bench.statuses[0] == "Available"


def test_what_flows_through_a_charger_is_what_its_vehicles_store() -> None:
    bench = Bench(HERE_FOR_LONG, replace(HERE_FOR_LONG, stored_wh=390_000))
    vehicles = [socket.vehicle for socket in bench.charger.sockets if socket.vehicle is not None]
    before_ws = sum(vehicle.stored_ws for vehicle in vehicles)
    bench.tell(1, 90_000, 90_000, valid_for_s=600)
    flowed_ws = sum(sum(bench.pass_seconds(1)) for _ in range(900))
    assert flowed_ws == sum(vehicle.stored_ws for vehicle in vehicles) - before_ws
    assert flowed_ws == sum(vehicle.charged_ws for vehicle in vehicles) > 0


def test_the_first_message_lists_every_connector() -> None:
    bench = Bench()
    bench.pass_seconds(1)
    (message,) = bench.messages
    assert [each["connector_id"] for each in message["connectors"]] == [1, 2]
    assert [each["status"] for each in message["connectors"]] == ["Available", "Available"]
    assert message["connectors"][0]["applied_limit_w"] is None
    assert message["connectors"][0]["session"] is None


def test_empty_sockets_are_silent_but_for_heartbeats() -> None:
    bench = Bench(habits=Habits(heartbeat_interval_s=30))
    bench.pass_seconds(90)
    assert [message["connectors"] for message in bench.messages[1:]] == [[], [], []]


def test_while_a_vehicle_wants_power_it_is_reported_every_few_seconds() -> None:
    bench = Bench(HERE_FOR_LONG, habits=Habits(report_interval_s=5))
    bench.pass_seconds(26)
    assert [message["measured_at"] for message in bench.messages] == [
        f"2026-11-22T08:00:{second:02}Z" for second in (1, 5, 10, 15, 20, 25)
    ]


def test_a_change_of_status_is_reported_at_once() -> None:
    bench = Bench(HERE_FOR_LONG, habits=Habits(lag_s=3, report_interval_s=5))
    bench.pass_seconds(3)
    bench.tell(1, 0)
    bench.pass_seconds(3)
    assert bench.messages[-1]["measured_at"] == "2026-11-22T08:00:06Z"
    assert bench.messages[-1]["connectors"][0]["status"] == "SuspendedEVSE"


def test_sequences_rise_with_every_message() -> None:
    bench = Bench(HERE_FOR_LONG)
    bench.pass_seconds(60)
    assert [message["sequence"] for message in bench.messages] == list(range(1, len(bench.messages) + 1))


def test_the_applied_limit_is_the_one_in_force_not_the_one_on_its_way() -> None:
    """Holds TEL-5."""
    bench = Bench(HERE_FOR_LONG, habits=Habits(lag_s=3, report_interval_s=1))
    bench.tell(1, 60_000, 0)
    bench.pass_seconds(4)
    assert [message["connectors"][0]["applied_limit_w"] for message in bench.messages] == [None, None, 60_000, 60_000]


def test_after_the_lapse_the_fallback_is_the_applied_limit() -> None:
    bench = Bench(HERE_FOR_LONG, habits=Habits(report_interval_s=1))
    bench.tell(1, 60_000, 0, valid_for_s=10)
    bench.pass_seconds(10)
    assert [each["applied_limit_w"] for each in bench.messages[-1]["connectors"]] == [24_000, 24_000]


def test_a_reading_tells_the_session_and_what_the_vehicle_could_take() -> None:
    bench = Bench(replace(HERE_FOR_LONG, stored_wh=360_000))
    bench.pass_seconds(1)
    assert bench.messages[0] == {
        "microgrid_id": "depot",
        "charge_point_id": "cp-1",
        "sequence": 1,
        "measured_at": "2026-11-22T08:00:01Z",
        "connectors": [
            {
                "connector_id": 1,
                "status": "Charging",
                "power_w": 24_000,
                "requested_w": 80_000,
                "applied_limit_w": None,
                "applied_cycle_seq": None,
                "refused_cycle_seq": None,
                "session": {
                    "session_id": "s-1",
                    "started_at": "2026-11-22T07:00:00Z",
                    "departs_at": "2026-11-22T12:00:00Z",
                    "energy_needed_wh": 9_994,
                    "priority": 1,
                },
            },
            {
                "connector_id": 2,
                "status": "Available",
                "power_w": 0,
                "requested_w": 0,
                "applied_limit_w": None,
                "applied_cycle_seq": None,
                "refused_cycle_seq": None,
                "session": None,
            },
        ],
    }


def test_a_charger_that_knows_whole_amperes_rounds_every_limit_down_to_them() -> None:
    bench = Bench(HERE_FOR_LONG, habits=Habits(lag_s=1, report_interval_s=1, whole_amperes=True))
    bench.tell(1, 80_000, 689)
    assert bench.pass_seconds(2) == (115 * 690, 0)
    assert [each["applied_limit_w"] for each in bench.messages[-1]["connectors"]] == [115 * 690, 0]
    bench.tell(2, 14 * 690)
    assert bench.pass_seconds(2) == (0, 0)
    bench.tell(3, 15 * 690)
    assert bench.pass_seconds(2) == (15 * 690, 0)


def test_a_stuck_connector_draws_its_rating_whatever_it_is_told_and_reports_as_if_it_obeyed() -> None:
    bench = Bench(HERE_FOR_LONG, HERE_FOR_LONG, habits=Habits(lag_s=1, report_interval_s=1))
    bench.tell(1, 20_000, 60_000)
    bench.charger.sockets[0].stuck = True
    assert bench.pass_seconds(3) == (150_000, 60_000)
    assert bench.messages[-1]["connectors"][0]["power_w"] == 150_000
    assert bench.messages[-1]["connectors"][0]["applied_limit_w"] == 20_000
    bench.charger.sockets[0].stuck = False
    assert bench.pass_seconds(1) == (20_000, 60_000)


def test_a_stuck_connector_stops_when_its_vehicle_is_full_or_gone() -> None:
    bench = Bench(replace(HERE_FOR_LONG, stored_wh=399_900), HERE_FOR_LONG)
    bench.charger.sockets[0].stuck = bench.charger.sockets[1].stuck = True
    bench.charger.sockets[1].unplug()
    full = bench.charger.sockets[0].vehicle
    assert full is not None
    assert bench.pass_seconds(30) == (0, 0)
    assert full.missing_ws == 0


class TestPlainOcpp:
    """What a charger says that speaks OCPP 1.6 and no more."""

    def bench(self, *visits: Visit | None) -> Bench:
        return Bench(*visits, habits=Habits(report_interval_s=60, heartbeat_interval_s=30, plain_ocpp=True))

    def test_a_charging_connector_is_reported_once_a_minute_and_an_empty_one_not_at_all(self) -> None:
        bench = self.bench(HERE_FOR_LONG)
        bench.pass_seconds(180)
        assert [[each["connector_id"] for each in message["connectors"]] for message in bench.messages] == [
            *([1, 2], [], [1], [], [1], [], [1])
        ]

    def test_neither_requests_nor_limits_nor_plans_are_known(self) -> None:
        bench = self.bench(HERE_FOR_LONG)
        bench.tell(1, 60_000)
        bench.pass_seconds(60)
        (reading,) = bench.messages[-1]["connectors"]
        assert reading == {
            "connector_id": 1,
            "status": "Charging",
            "power_w": 60_000,
            "requested_w": None,
            "applied_limit_w": None,
            "applied_cycle_seq": None,
            "refused_cycle_seq": None,
            "session": {"session_id": "s-1", "started_at": "2026-11-22T07:00:00Z"},
        }

    def test_a_change_of_status_is_reported_for_the_connector_it_concerns(self) -> None:
        bench = self.bench(HERE_FOR_LONG, HERE_FOR_LONG)
        bench.pass_seconds(1)
        bench.charger.sockets[1].unplug()
        bench.pass_seconds(1)
        assert [each["connector_id"] for each in bench.messages[-1]["connectors"]] == [2]

    def test_when_the_link_is_back_every_connector_is_reported(self) -> None:
        bench = self.bench(HERE_FOR_LONG)
        bench.pass_seconds(1)
        bench.charger.reconnect()
        bench.pass_seconds(1)
        assert [each["connector_id"] for each in bench.messages[-1]["connectors"]] == [1, 2]
