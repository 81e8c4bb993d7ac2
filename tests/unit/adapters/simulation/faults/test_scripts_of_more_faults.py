"""The scripts that were each found to break a limit, or to hide one: what goes wrong under them."""

from datetime import datetime, timedelta

import pytest

from adapters.simulation.depot import Depot
from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.habits import Chargers
from adapters.simulation.layout import Configuration, Payload, read_layout
from adapters.simulation.scenarios import SCENARIOS
from tests.unit.adapters.simulation.controller import START, Controller, a_depot, cycle, equal_share, run
from tests.unit.adapters.simulation.faults.test_scripts import Run, controlled, device, silent_between, sockets

SMALL = "joondalup-small"
TIGHT = "west-footscray-tight"
MALAGA = SCENARIOS["malaga"]
HALF = len(MALAGA.configuration["charge_points"]) // 2


def metered(run: Run, first: int, last: int) -> dict[int, int]:
    """What the meters said from one second to the other, by the second in which it arrived."""
    return {
        second: message["power_w"]
        for second, message in run.messages
        if "circuit_id" in message and first <= second <= last
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_every_script_affects_messages_with_real_chargers_too(fault: str) -> None:
    scenario = SCENARIOS[SMALL]
    depot = Depot(scenario, 2, START, equal_share(), FAULTS[fault], Chargers.REAL)
    run(depot, 360, Controller(scenario))
    assert depot.summary().messages_affected > 0


@pytest.mark.parametrize("fault", FAULTS)
def test_before_a_script_starts_nothing_of_it_is_to_be_seen(fault: str) -> None:
    starts_s = FAULTS[fault].starts_s
    assert (starts_s == 0) == (fault in ("duplicates-and-late", "clock-skew", "overdraw"))
    if fault not in ("late-meters", "cold-start") and starts_s:
        assert controlled(SMALL, fault, starts_s - 1).affected == 0


def test_the_links_of_half_of_the_chargers_are_dead_for_ten_minutes() -> None:
    offline = Run("malaga", "half-offline", 960)
    assert len(silent_between(offline, 300, 899)) == HALF
    assert silent_between(offline, 200, 299) == silent_between(offline, 900, 960) == set()


def test_readings_of_half_of_the_chargers_go_on_while_nothing_reaches_them() -> None:
    depot = a_depot("malaga", fault="downlink-dead")
    keys = [socket.outlet.key for socket in sockets(depot)]
    heard = {device(message) for message in run(depot, 400)}
    depot.deliver(cycle(1, depot.now, dict.fromkeys(keys, 5_000), valid_for_s=1000))
    heard &= {device(message) for message in run(depot, 60)}
    deaf = {socket.outlet.key[0] for socket in sockets(depot) if socket.limit_w(depot.now) is None}
    assert len(deaf) == HALF
    assert deaf <= heard
    run(depot, 460)
    assert {socket.limit_w(depot.now) for socket in sockets(depot)} == {5_000}


@pytest.mark.parametrize("chargers", Chargers)
def test_meters_speak_first_after_a_minute_then_every_ten_seconds_three_seconds_late(chargers: Chargers) -> None:
    depot = Depot(SCENARIOS[TIGHT], 1, START, equal_share(), FAULTS["late-meters"], chargers)
    arrived: list[tuple[int, Payload]] = []
    for second in range(1, 200):
        arrived += [(second, message) for message in run(depot, 1) if "circuit_id" in message]
    seconds = [second for second, _ in arrived]
    assert 63 <= seconds[0] <= 73
    assert seconds == [*range(seconds[0], 200, 10)]
    for second, message in arrived:
        assert START + timedelta(seconds=second - 3) == datetime.fromisoformat(message["measured_at"])
    assert depot.summary().messages_affected == len(arrived)


def test_meters_report_a_thousandth_for_ten_minutes() -> None:
    plain, wrong = Run(TIGHT, None, 930), Run(TIGHT, "meter-wrong-unit", 930)
    right, mistaken = metered(plain, 1, 930), metered(wrong, 1, 930)
    assert right.keys() == mistaken.keys()
    for second, power_w in right.items():
        assert mistaken[second] == (power_w // 1000 if 300 <= second < 900 else power_w)


def test_meters_repeat_their_last_value_with_new_times_for_ten_minutes() -> None:
    plain, frozen = Run(TIGHT, None, 930), Run(TIGHT, "meter-frozen", 930)
    last_w = [*metered(plain, 1, 299).values()][-1]
    assert {*metered(frozen, 300, 899).values()} == {last_w}
    assert metered(frozen, 900, 930) == metered(plain, 900, 930)
    instants = [message["measured_at"] for _, message in frozen.messages if "circuit_id" in message]
    assert len(set(instants)) == len(instants)
    assert frozen.affected == len(metered(frozen, 300, 899))


def test_a_configuration_lowers_every_rating_to_forty_percent_and_another_gives_it_back() -> None:
    depot = a_depot("leichhardt-mixed", fault="ratings-lowered")
    first = depot.configuration
    versions = [depot.configuration["version"] for _ in range(299) if run(depot, 1) is not None]
    assert {*versions} == {1}
    run(depot, 1)
    assert depot.configuration["version"] == 2
    assert ratings_w(depot.configuration) == [rating_w * 40 // 100 for rating_w in ratings_w(first)]
    assert depot.configuration["circuits"] == [*first["circuits"]]
    run(depot, 600)
    assert {**depot.configuration, "version": 1} == {**first}
    assert (depot.configuration["version"], depot.summary().messages_affected) == (3, 2)


def test_the_hardware_keeps_its_rating_while_it_is_configured_lower() -> None:
    depot = a_depot(SMALL, fault="ratings-lowered")
    keys = [socket.outlet.key for socket in sockets(depot)]
    run(depot, 310)
    depot.deliver(cycle(1, depot.now, dict.fromkeys(keys, 100_000)))
    run(depot, 20)
    assert max(socket.power_w for socket in sockets(depot)) > 150_000 * 40 // 100


def test_another_worker_takes_over_every_25_seconds_while_meters_are_silent() -> None:
    depot = a_depot(SMALL, fault="take-overs")
    seconds, heard = [], set()
    for second in range(1, 1000):
        messages = run(depot, 1)
        heard |= {second for message in messages if "circuit_id" in message}
        if depot.takes_over:
            seconds.append(second)
    assert seconds == [*range(300, 900, 25)]
    assert not heard & {*range(480, 720)}
    assert {*range(475, 480)} & heard
    assert {*range(720, 725)} & heard


def test_a_fifth_of_the_chargers_draw_a_tenth_more_than_they_are_told_and_one_in_twenty_far_more() -> None:
    depot = a_depot("malaga", fault="overdraw")
    run(depot, 1)
    depot.deliver(cycle(1, depot.now, {socket.outlet.key: 20_000 for socket in sockets(depot)}, valid_for_s=1000))
    run(depot, 30)
    drawn_w = {socket.outlet.key[0]: socket.power_w for socket in sockets(depot) if socket.power_w}
    assert {*drawn_w.values()} == {20_000, 22_000, 28_000}
    factors = [charger.sockets[0].factor for charger in depot.plant.chargers.values()]
    assert (factors.count(1100), factors.count(1400)) == (55 // 5, 55 // 20)


def test_chargers_that_refuse_keep_their_old_limit_and_say_so() -> None:
    depot = a_depot("malaga", fault="refuses")
    keys = [socket.outlet.key for socket in sockets(depot)]
    run(depot, 290)
    depot.deliver(cycle(1, depot.now, dict.fromkeys(keys, 20_000), valid_for_s=1000))
    run(depot, 20)
    depot.deliver(cycle(2, depot.now, dict.fromkeys(keys, 10_000), valid_for_s=1000))
    messages = run(depot, 20)
    kept = {socket.outlet.key for socket in sockets(depot) if socket.limit_w(depot.now) == 20_000}
    assert len({charge_point_id for charge_point_id, _ in kept}) == 55 // 10
    assert depot.summary().messages_affected == 55 // 10
    for message in messages:
        for reading in message.get("connectors", ()):
            key = (message["charge_point_id"], reading["connector_id"])
            if key in kept:
                assert (reading["applied_limit_w"], reading["refused_cycle_seq"]) == (20_000, 2)
            else:
                assert reading["refused_cycle_seq"] is None
    run(depot, 580)
    depot.deliver(cycle(3, depot.now, dict.fromkeys(keys, 10_000), valid_for_s=1000))
    messages = run(depot, 20)
    assert {socket.limit_w(depot.now) for socket in sockets(depot)} == {10_000}
    readings = [reading for message in messages for reading in message.get("connectors", ())]
    assert {reading["refused_cycle_seq"] for reading in readings} == {None}


def test_the_same_limit_once_more_is_refused_too_and_the_old_one_lapses() -> None:
    depot = a_depot(SMALL, fault="refuses")
    keys = [socket.outlet.key for socket in sockets(depot)]
    run(depot, 290)
    for number in range(1, 5):
        depot.deliver(cycle(number, depot.now, dict.fromkeys(keys, 30_000), valid_for_s=60))
        run(depot, 40)
    assert {socket.limit_w(depot.now) for socket in sockets(depot)} == {30_000, None}
    assert depot.summary().messages_affected == 3


def test_a_limit_is_forgotten_with_every_session_until_a_new_one_comes() -> None:
    depot = a_depot("malaga", fault="forgets")
    keys = [socket.outlet.key for socket in sockets(depot)]
    run(depot, 290)
    depot.deliver(cycle(1, depot.now, dict.fromkeys(keys, 20_000), valid_for_s=1000))
    sessions = {key: session_of(depot, key) for key in keys}
    run(depot, 10)
    forgotten = [socket for socket in sockets(depot) if socket.limit_w(depot.now) == socket.outlet.max_power_w]
    assert 55 // 10 <= len(forgotten) == depot.summary().messages_affected
    assert all(session_of(depot, each.outlet.key) != sessions[each.outlet.key] for each in forgotten)
    assert not any(socket.power_w for socket in forgotten)
    run(depot, 12)
    assert max(socket.power_w for socket in forgotten) > 20_000
    depot.deliver(cycle(2, depot.now, dict.fromkeys(keys, 20_000), valid_for_s=1000))
    run(depot, 10)
    assert {socket.limit_w(depot.now) for socket in sockets(depot)} == {20_000}
    run(depot, 98)
    assert all(socket.limit_w(depot.now) == socket.outlet.max_power_w for socket in forgotten)


def session_of(depot: Depot, key: tuple[str, int]) -> str | None:
    (socket,) = [socket for socket in sockets(depot) if socket.outlet.key == key]
    return None if socket.vehicle is None else socket.vehicle.visit.session_id


def ratings_w(configuration: Configuration) -> list[int]:
    layout = read_layout(configuration)
    stations = [station.max_power_w for station in layout.stations]
    return [*stations, *(outlet.max_power_w for outlet in layout.outlets)]
