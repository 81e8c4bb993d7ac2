"""What a fault script was to bring about: it is missed where it does not come, and where it does not end (CLI-11)."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.simulation.depot import Depot
from adapters.simulation.scenarios import SCENARIOS
from tests.unit.adapters.simulation.controller import Controller, a_depot, cycle, run
from tests.unit.adapters.simulation.faults.test_scripts import sockets

BREACHED = "busbar.constraint.breached.v1"
CLEARED = "busbar.constraint.cleared.v1"
CYCLE = "busbar.cycle.completed.v1"
LEICHHARDT = "leichhardt-mixed"


def breach(cause: str, node_id: str = "gc-1", severity: str = "major") -> dict[str, Any]:
    return {"breach_id": "b-1", "node_id": node_id, "cause": cause, "severity": severity, "excess_w": 9_000}


def judged(mode: str, quality: str = "ok", node_id: str = "gc-1") -> dict[str, Any]:
    nodes = [{"node_id": node_id, "mode": mode, "quality": quality}]
    return {"cycle_seq": 0, "decided_at": "2026-11-22T08:00:00Z", "setpoints": [], "nodes": nodes}


def missed(depot: Depot) -> list[tuple[str, str | None]]:
    """What is missed, but for decisions: here few of them are heard, and none goes on."""
    summary = depot.summary()
    assert all(each.message.endswith(".") for each in summary.expected)
    if summary.limit_violations == 0:
        assert summary.verdict == ("fail" if summary.expected else "pass")
    return [(each.code, each.node_id) for each in summary.expected if each.code != "not_decided"]


@pytest.fixture(scope="module")
def disobedient() -> Callable[[int], Depot]:
    """Malaga under a connector that draws its rating, for so many seconds."""

    def played(seconds: int) -> Depot:
        depot = a_depot("malaga", fault="ignores-setpoint")
        run(depot, seconds, Controller(SCENARIOS["malaga"]))
        return depot

    return played


def test_one_that_ignores_its_setpoint_is_to_be_found_out(disobedient: Callable[[int], Depot]) -> None:
    depot = disobedient(419)
    assert missed(depot) == []
    run(depot, 1)
    ((code, node_id),) = missed(depot)
    assert code == "breach_not_opened"
    assert node_id is not None
    depot.hear(BREACHED, breach("unmanaged_load"))
    assert missed(depot) == [(code, node_id)]
    depot.hear(BREACHED, breach("setpoint_not_honoured") | {"breach_id": "b-2"})
    assert missed(depot) == []
    run(depot, 539)
    assert missed(depot) == []
    run(depot, 1)
    assert missed(depot) == [("breach_not_cleared", "gc-1")]
    depot.hear(CLEARED, {"breach_id": "b-2"})
    assert missed(depot) == []


def test_where_nothing_is_overloaded_no_breach_is_expected() -> None:
    depot = a_depot(LEICHHARDT, fault="ignores-setpoint")
    run(depot, 500)
    assert not any(socket.stuck for socket in sockets(depot))
    assert missed(depot) == []


def test_when_all_is_silent_what_was_read_last_is_a_breach_where_it_exceeds_the_safe_limit() -> None:
    depot = a_depot("malaga", fault="all-silent")
    limits_w = dict.fromkeys((socket.outlet.key for socket in sockets(depot)), 75_000)
    run(depot, 200)
    depot.deliver(cycle(1, depot.now, limits_w, valid_for_s=200))
    run(depot, 99)
    expected = [
        node.node_id
        for node, charging_w in zip(depot.plant.layout.nodes, depot.plant.charging_w, strict=True)
        if node.metered and charging_w > 1.05 * (node.safe_capacity_w or 0)
    ]
    run(depot, 180)
    assert missed(depot) == []
    run(depot, 1)
    assert missed(depot) == [("breach_not_opened", node_id) for node_id in expected]
    for number, node_id in enumerate(expected):
        depot.hear(BREACHED, breach("stale_telemetry", node_id) | {"breach_id": str(number)})
    assert missed(depot) == []


def test_a_breach_of_silence_is_to_clear_once_all_is_heard_again() -> None:
    depot = a_depot("joondalup-small", fault="all-silent")
    run(depot, 400)
    depot.hear(BREACHED, breach("stale_telemetry"))
    run(depot, 619)
    assert missed(depot) == []
    run(depot, 1)
    assert missed(depot) == [("breach_not_cleared", "gc-1")]


@pytest.mark.parametrize(
    ("mode", "quality", "codes"),
    [
        ("normal", "ok", ["meter_not_called_bad", "safe_mode_not_entered"]),
        ("safe", "estimated", ["meter_not_called_bad"]),
        ("normal", "bad", ["safe_mode_not_entered"]),
        ("safe", "bad", []),
    ],
)
def test_a_meter_in_the_wrong_unit_is_to_be_called_bad_and_not_relied_on(
    mode: str, quality: str, codes: list[str]
) -> None:
    depot = a_depot("joondalup-small", fault="meter-wrong-unit")
    run(depot, 299)
    depot.hear(CYCLE, judged("normal"))
    run(depot, 60)
    depot.hear(CYCLE, judged(mode, quality))
    run(depot, 10)
    assert missed(depot) == []
    run(depot, 30)
    depot.hear(CYCLE, judged("normal"))
    assert missed(depot) == [(code, "gc-1") for code in codes]


def test_a_frozen_meter_is_to_be_called_bad_where_chargers_come_to_draw_more_than_it_shows() -> None:
    depot = a_depot("joondalup-small", fault="meter-frozen")
    keys = [socket.outlet.key for socket in sockets(depot)]
    depot.deliver(cycle(1, depot.now, dict.fromkeys(keys, 20_000), valid_for_s=1000))
    run(depot, 330)
    assert missed(depot) == []
    depot.deliver(cycle(2, depot.now, dict.fromkeys(keys, 80_000), valid_for_s=1000))
    run(depot, 80)
    assert missed(depot) == []
    run(depot, 30)
    assert missed(depot) == [("meter_not_called_bad", "gc-1")]
    depot.hear(CYCLE, judged("safe", "bad"))
    assert missed(depot) == []


@pytest.mark.parametrize(("mode", "codes"), [("normal", ["safe_mode_not_entered"]), ("safe", [])])
def test_silent_meters_are_noticed_though_workers_change(mode: str, codes: list[str]) -> None:
    depot = a_depot("joondalup-small", fault="take-overs")
    run(depot, 520)
    depot.hear(CYCLE, judged(mode))
    run(depot, 199)
    assert missed(depot) == []
    run(depot, 1)
    assert missed(depot) == [(code, "gc-1") for code in codes]


def test_what_forgets_may_breach_but_not_for_long() -> None:
    depot = a_depot("joondalup-small", fault="forgets")
    run(depot, 960)
    assert missed(depot) == []
    depot.hear(BREACHED, breach("setpoint_not_honoured"))
    assert missed(depot) == [("breach_not_cleared", "gc-1")]


def test_a_breach_that_no_script_speaks_of_is_not_missed() -> None:
    depot = a_depot("joondalup-small", fault="charger-offline")
    run(depot, 960)
    depot.hear(BREACHED, breach("unmanaged_load"))
    assert missed(depot) == []


def test_a_cycle_that_is_heard_is_delivered() -> None:
    depot = a_depot("joondalup-small")
    (key, *_) = [socket.outlet.key for socket in sockets(depot)]
    depot.hear(CYCLE, cycle(1, depot.now, {key: 7_000}) | {"nodes": []})
    run(depot, 10)
    assert sockets(depot)[0].limit_w(depot.now) == 7_000


def test_a_violation_makes_a_run_fail_and_is_told_by_node() -> None:
    depot = a_depot("joondalup-small")
    keys = [socket.outlet.key for socket in sockets(depot)]
    depot.deliver(cycle(1, depot.now, dict.fromkeys(keys, 100_000), valid_for_s=1000))
    run(depot, 20)
    summary = depot.summary()
    assert summary.verdict == "fail"
    assert summary.limit_violation_worst_w == 20_000
    assert {each.node_id: each.worst_w for each in summary.violations} == {"cp-1": 20_000, "cp-2": 20_000}
    assert all(each.ticks == each.longest_s for each in summary.violations)
