"""What goes wrong under each script, and that it is counted."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.simulation.depot import Depot
from adapters.simulation.faults.script import NothingToAffect
from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.layout import ConnectorKey, Payload, read_layout
from adapters.simulation.scenario import own_site
from adapters.simulation.scenarios import SCENARIOS
from adapters.simulation.sockets import Socket
from tests.unit.adapters.simulation.controller import START, Controller, a_depot, cycle, run

TICK = timedelta(seconds=1)
EVERY_DEPOT = pytest.mark.parametrize("name", ["malaga", "leichhardt-mixed"])
SMALL = "joondalup-small"
LEICHHARDT = SCENARIOS["leichhardt-mixed"]


class Run:
    """A depot under a script, and what was heard of whom in which second. Without a controller all are on fallback."""

    def __init__(
        self, name: str, fault: str | None, seconds: int, seed: int = 1, controller: Controller | None = None
    ) -> None:
        script = None if fault is None else FAULTS[fault]
        self.depot = Depot(SCENARIOS[name], seed, START, lambda configuration, background_w, wants, now: {}, script)
        self.heard: dict[str, list[int]] = defaultdict(list)
        self.messages: list[tuple[int, Payload]] = []
        self.drawn_w: list[dict[ConnectorKey, int]] = []
        for second in range(1, seconds + 1):
            for payload in run(self.depot, 1, controller):
                self.heard[device(payload)].append(second)
                self.messages.append((second, payload))
            self.drawn_w.append({socket.outlet.key: socket.power_w for socket in self.depot.plant.sockets})

    @property
    def affected(self) -> int:
        return self.depot.summary().messages_affected


def controlled(name: str, fault: str | None, seconds: int) -> Run:
    return Run(name, fault, seconds, controller=Controller(SCENARIOS[name]))


def device(payload: Payload) -> str:
    identifier: str = payload.get("charge_point_id") or payload["circuit_id"]
    return identifier


def sockets(depot: Depot) -> list[Socket]:
    return [*depot.plant.sockets]


def silent_between(run: Run, first: int, last: int) -> set[str]:
    """Who was heard at some time, but not from one second to the other."""
    return {name for name, seconds in run.heard.items() if not any(first <= second <= last for second in seconds)}


def test_all_scripts_that_were_promised_are_there() -> None:
    assert {*FAULTS} == {
        *("charger-offline", "meter-silent", "all-silent", "duplicates-and-late", "ignores-setpoint"),
        *("limit-below-minimums", "cold-start", "clock-skew"),
        *("half-offline", "downlink-dead", "late-meters", "meter-wrong-unit", "meter-frozen", "ratings-lowered"),
        *("take-overs", "overdraw", "refuses", "forgets"),
    }
    assert all(FAULTS[name].name == name and FAULTS[name].summary.endswith(".") for name in FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_script_affects_messages_and_without_one_none_is(fault: str) -> None:
    assert controlled(SMALL, fault, 360).affected > 0
    assert controlled(SMALL, None, 360).affected == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_script_is_repeatable(fault: str) -> None:
    one, other = Run(SMALL, fault, 330, seed=5), Run(SMALL, fault, 330, seed=5)
    assert one.messages == other.messages
    assert one.depot.summary() == other.depot.summary()


@EVERY_DEPOT
def test_the_links_of_a_tenth_of_the_chargers_are_dead_for_ten_minutes(name: str) -> None:
    offline = Run(name, "charger-offline", 960)
    assert len(silent_between(offline, 300, 899)) == len(read_layout(SCENARIOS[name].configuration).stations) // 10
    assert all(min(seconds) == 1 for seconds in offline.heard.values())
    for charge_point_id in silent_between(offline, 300, 899):
        assert min(second for second in offline.heard[charge_point_id] if second >= 300) == 900


def test_at_least_one_charger_is_offline_in_the_smallest_depot() -> None:
    assert len(silent_between(Run(SMALL, "charger-offline", 400), 300, 400)) == 1


def test_meters_are_silent_and_chargers_are_not() -> None:
    assert silent_between(Run("malaga", "meter-silent", 400), 300, 400) == {"gc-1", "gc-2"}


def test_nothing_is_heard_when_all_is_silent_and_every_charger_falls_back() -> None:
    silent = controlled(SMALL, "all-silent", 960)
    assert silent_between(silent, 300, 899) == {"gc-1", "cp-1", "cp-2"}
    assert sum(silent.drawn_w[300].values()) > 100_000
    assert max(sum(drawn_w.values()) for drawn_w in silent.drawn_w[425:899]) <= 40_000


def test_a_charger_whose_link_is_dead_hears_nothing_and_afterwards_the_newest_with_what_is_left_of_it() -> None:
    depot = a_depot(SMALL, fault="all-silent")
    keys = [socket.outlet.key for socket in sockets(depot)]
    limits_w: dict[int, int] = {290: 90_000, 500: 60_000, 880: 30_000}
    in_force: dict[int, int | None] = {}
    for second in range(1, 1010):
        run(depot, 1)
        if second in limits_w:
            depot.deliver(cycle(second, depot.now, dict.fromkeys(keys, limits_w[second])))
        in_force[second] = sockets(depot)[0].limit_w(depot.now)
    assert [in_force[second] for second in (299, 409, 410, 520, 899, 910, 999, 1000)] == [
        *(90_000, 90_000, None, None, None, 30_000, 30_000, None)
    ]


def test_a_link_that_is_back_reports_every_connector() -> None:
    depot = Run("ocpp-sparse", "all-silent", 899).depot
    (listed,) = {len(message["connectors"]) for message in run(depot, 1) if "charge_point_id" in message}
    assert listed == 2


def test_messages_come_late_and_again_and_out_of_order_but_none_is_lost() -> None:
    plain, disorder = Run(SMALL, None, 400), Run(SMALL, "duplicates-and-late", 400)
    measured = Counter(str(message) for _, message in disorder.messages)
    assert max(measured.values()) == 2
    late = [second - age_of(message, second) for second, message in disorder.messages if age_of(message, second)]
    assert late
    assert max(age_of(message, second) for second, message in disorder.messages) == 10
    instants = [message["measured_at"] for _, message in disorder.messages]
    assert instants != sorted(instants)
    assert len({(device(m), m["sequence"]) for s, m in disorder.messages}) >= len(plain.messages) - 20


def test_a_repeated_setpoint_never_undoes_a_newer_one() -> None:
    depot = a_depot(SMALL, fault="duplicates-and-late")
    keys = [socket.outlet.key for socket in sockets(depot)]
    for second in range(1, 400):
        run(depot, 1)
        depot.deliver(cycle(second, depot.now, dict.fromkeys(keys, 20_000 + second)))
        for socket in sockets(depot):
            assert socket.setpoint is None or socket.setpoint.limit_w >= 20_000 + second - 8


def test_every_device_has_a_clock_of_its_own() -> None:
    skewed = Run("malaga", "clock-skew", 60)
    skews = defaultdict(set)
    for second, message in skewed.messages:
        skews[device(message)].add(-age_of(message, second))
    assert all(len(each) == 1 for each in skews.values())
    found = {next(iter(each)) for each in skews.values()}
    assert -20 <= min(found) < -10
    assert 30 < max(found) <= 45
    assert skewed.affected == sum(1 for second, message in skewed.messages if age_of(message, second))


@EVERY_DEPOT
def test_the_connector_with_the_lowest_setpoint_draws_its_rating_for_ten_minutes(name: str) -> None:
    controller = Controller(SCENARIOS[name])
    depot = Run(name, "ignores-setpoint", 299, controller=controller).depot
    before = {socket: socket.limit_w(depot.now) for socket in sockets(depot)}
    run(depot, 1, controller)
    (stuck,) = [socket for socket in sockets(depot) if socket.stuck]
    assert stuck.power_w == stuck.outlet.max_power_w > (before[stuck] or 0) > 0
    station = next(each for each in read_layout(depot.configuration).stations if stuck.outlet in each.outlets)
    beside = read_layout(depot.configuration).circuits_above(station)
    fullest = max(beside, key=lambda node: fullness(depot, node))
    below = [
        limit_w
        for each in read_layout(depot.configuration).stations
        if fullest in read_layout(depot.configuration).circuits_above(each)
        for socket, limit_w in before.items()
        if socket.outlet in each.outlets and limit_w and socket.power_w
    ]
    assert before[stuck] == min(below)
    run(depot, 600)
    assert not any(socket.stuck for socket in sockets(depot))


def fullness(depot: Depot, node: int) -> float:
    capacity_w = read_layout(depot.configuration).nodes[node].capacity_w
    assert capacity_w
    return (depot.plant.charging_w[node] + depot.plant.background_w[node]) / capacity_w


def test_one_that_disobeys_counts_as_what_it_was_told() -> None:
    summary = controlled("malaga", "ignores-setpoint", 330).depot.summary()
    assert summary.true_overload_ticks > 20
    assert summary.limit_violations == 0


def test_limits_fall_below_what_the_minimums_need_and_come_back() -> None:
    depot = a_depot(SMALL, fault="limit-below-minimums")
    versions = [depot.configuration["version"] for _ in range(1000) if run(depot, 1) is not None]
    assert [versions[second - 1] for second in (299, 300, 899, 900)] == [1, 2, 2, 3]
    assert depot.summary().messages_affected == 2


def test_the_lowered_limit_is_half_of_the_minimums_plus_the_background() -> None:
    depot = Run("leichhardt-mixed", "limit-below-minimums", 299).depot
    needed_w = sum(socket.outlet.min_power_w for socket in sockets(depot) if socket.wanted_w)
    background_w = depot.plant.building_w["gc-1"]
    run(depot, 1)
    circuits = {each["circuit_id"]: each for each in depot.configuration["circuits"]}
    assert circuits["gc-1"]["default_capacity_w"] == needed_w // 2 + background_w
    assert circuits["ac-1"] == LEICHHARDT.configuration["circuits"][1]
    run(depot, 600)
    assert {**depot.configuration, "version": 1} == {**LEICHHARDT.configuration}


@EVERY_DEPOT
def test_a_tenth_of_the_chargers_is_not_heard_before_minute_5_and_then_appears_under_load(name: str) -> None:
    cold = Run(name, "cold-start", 330)
    late = {charge_point_id for charge_point_id, seconds in cold.heard.items() if min(seconds) == 300}
    assert len(late) == len(read_layout(SCENARIOS[name].configuration).stations) // 10
    assert all(min(seconds) in (1, 300) for seconds in cold.heard.values())
    drawn_w = {key: power_w for key, power_w in cold.drawn_w[298].items() if key[0] in late}
    assert sum(drawn_w.values()) > 0


@pytest.mark.parametrize(
    ("fault", "charge_points", "metered", "min_power_w"),
    [
        *((fault, 0, False, 1) for fault in FAULTS),
        ("meter-silent", 1, False, 1),
        ("charger-offline", 0, True, 1),
        ("cold-start", 0, True, 1),
        ("ignores-setpoint", 0, True, 1),
        ("limit-below-minimums", 1, True, 0),
        *((fault, 1, False, 1) for fault in ("late-meters", "meter-wrong-unit", "meter-frozen")),
        *((fault, 0, True, 1) for fault in ("half-offline", "downlink-dead", "ratings-lowered")),
        *((fault, 0, True, 1) for fault in ("overdraw", "refuses", "forgets")),
    ],
)
def test_a_script_that_finds_nothing_to_affect_says_so(
    fault: str, charge_points: int, metered: bool, min_power_w: int
) -> None:
    with pytest.raises(NothingToAffect, match=r"^(there are no|no) [a-z ]+$"):
        a_depot(own_site(own(charge_points, metered, min_power_w)), fault=fault)


def test_a_site_of_ones_own_can_be_affected() -> None:
    for fault in FAULTS:
        a_depot(own_site(own(1, True, 1_000)), fault=fault)


def test_a_limit_is_lowered_once_somebody_charges_there() -> None:
    scenario = SCENARIOS[SMALL]
    late = replace(scenario, arrivals=replace(scenario.arrivals, at_start=0, returns_s=(400, 410)))
    depot = a_depot(late, fault="limit-below-minimums")
    run(depot, 399)
    assert depot.configuration["version"] == 1
    run(depot, 100)
    assert depot.configuration["version"] == 2


def age_of(message: Payload, second: int) -> int:
    """How many seconds before its arrival a message was measured, by its own date."""
    return (START + second * TICK - datetime.fromisoformat(message["measured_at"])) // TICK


def own(charge_points: int, metered: bool, min_power_w: int) -> Payload:
    return {
        "microgrid_id": "own",
        "version": 1,
        "circuits": [{"circuit_id": "gc", "parent_id": None, "default_capacity_w": 100_000, "metered": metered}],
        "charge_points": [
            {
                "charge_point_id": f"cp-{number}",
                "circuit_id": "gc",
                "max_power_w": 22_000,
                "connectors": [{"connector_id": 1, "max_power_w": 22_000, "min_power_w": min_power_w}],
            }
            for number in range(charge_points)
        ],
    }
