"""A connector that a configuration removed or moved goes on holding at its former ancestors (R21)."""

from domain.site.configuration import ChargePoint
from tests.unit.domain.depot import Depot, charger, feeder, grid


def a_depot() -> Depot:
    """Two feeders; the charger on the first was told its 50 kW at eight, as it had been before."""
    depot = Depot(
        grid("gc-1", 300_000),
        feeder("f-1", "gc-1", 100_000),
        feeder("f-2", "gc-1", 100_000),
        charger("cp-1", "f-1", 50_000, fallback_w=10_000),
        charger("cp-2", "f-2", 50_000, fallback_w=10_000),
    )
    for connector in ("cp-1/1", "cp-2/1"):
        depot.hears(connector, 50_000, applied_limit_w=50_000)
    depot.cycle()
    return depot


def with_chargers(depot: Depot, *charge_points: ChargePoint) -> None:
    depot.configures(*depot.configuration.circuits, *charge_points)


def held(depot: Depot) -> dict[str, int]:
    return {node_id: held_at(depot, node_id) for node_id in ("gc-1", "f-1", "f-2")}


def held_at(depot: Depot, node_id: str) -> int:
    situation = depot.situation()
    return situation.nodes[situation.tree.node_index[node_id]].held.exposed_w


def test_R21_one_that_was_removed_holds_until_a_lapse_after_its_setpoint_was_sent() -> None:
    depot = a_depot()
    with_chargers(depot, charger("cp-2", "f-2", 50_000, fallback_w=10_000))
    assert held(depot) == {"gc-1": 100_000, "f-1": 50_000, "f-2": 50_000}
    depot.later(139.999)
    depot.cycle()
    assert held(depot)["f-1"] == 50_000
    depot.later(0.001)
    depot.cycle()
    assert held(depot)["f-1"] == 0


def test_R21_one_that_was_moved_holds_at_both_places_but_once_above_both() -> None:
    depot = a_depot()
    with_chargers(
        depot,
        charger("cp-1", "f-2", 50_000, fallback_w=10_000),
        charger("cp-2", "f-2", 50_000, fallback_w=10_000),
    )
    assert held(depot) == {"gc-1": 100_000, "f-1": 50_000, "f-2": 100_000}


def test_R21_it_holds_its_fallback_where_that_is_more() -> None:
    depot = a_depot()
    for seconds, cycle_seq in ((1, 1), (1, 2)):
        depot.later(seconds)
        depot.hears("cp-1/1", 0, requested_w=5_000, applied_limit_w=5_000, applied_cycle_seq=cycle_seq)
        depot.cycle()
    with_chargers(depot, charger("cp-2", "f-2", 50_000, fallback_w=10_000))
    assert held(depot)["f-1"] == 10_000


def test_R21_it_holds_a_setpoint_that_stands_beside_a_lower_one() -> None:
    depot = a_depot()
    depot.later(1)
    depot.hears("cp-1/1", 0, requested_w=5_000, applied_limit_w=5_000)
    depot.cycle()
    with_chargers(depot, charger("cp-2", "f-2", 50_000, fallback_w=10_000))
    assert held(depot)["f-1"] == 50_000


def test_R21_one_never_sent_a_setpoint_holds_nothing() -> None:
    """Nobody was ever decided anything for it, though it reported 50 kW."""
    depot = Depot(
        grid("gc-1", 300_000),
        feeder("f-1", "gc-1", 100_000),
        feeder("f-2", "gc-1", 100_000),
        charger("cp-1", "f-1", 50_000, fallback_w=10_000),
        charger("cp-2", "f-2", 50_000, fallback_w=10_000),
    )
    depot.hears("cp-2/1", 0, applied_limit_w=0)
    depot.cycle()
    with_chargers(depot, charger("cp-2", "f-2", 50_000, fallback_w=10_000))
    assert held(depot)["f-1"] == 0


def test_R21_back_in_time_it_has_its_ledger_line_again_and_holds_once() -> None:
    """It was told 50 kW, was gone for a second, and comes back beside nothing: 50 kW and no more are held for it."""
    depot = a_depot()
    without = charger("cp-2", "f-2", 50_000, fallback_w=10_000)
    with_chargers(depot, without)
    depot.later(1)
    depot.cycle()
    with_chargers(depot, charger("cp-1", "f-1", 50_000, fallback_w=10_000), without)
    assert held(depot)["f-1"] == 50_000
    assert depot.setpoint("cp-1/1").previous_limit_w == 50_000


def test_R21_a_circuit_taken_out_and_put_back_in_a_second_frees_no_room() -> None:
    depot = a_depot()
    circuits, chargers = depot.configuration.circuits, depot.configuration.charge_points
    depot.configures(circuits[0], circuits[2], chargers[1])
    assert held_at(depot, "gc-1") == 100_000
    depot.later(1)
    depot.cycle()
    depot.configures(*circuits, *chargers)
    depot.cycle()
    assert held(depot) == {"gc-1": 100_000, "f-1": 50_000, "f-2": 50_000}


def test_R21_its_room_is_not_given_to_others_meanwhile() -> None:
    depot = a_depot()
    with_chargers(
        depot,
        charger("cp-2", "f-2", 50_000, fallback_w=10_000),
        charger("cp-3", "f-1", 90_000, fallback_w=0),
    )
    depot.hears("cp-3/1", 0, applied_limit_w=0)
    assert depot.targets()["cp-3/1"] == 50_000
