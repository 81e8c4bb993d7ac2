"""A connector that a configuration removed or moved goes on holding at its former ancestors (contract section 6)."""

from dataclasses import replace

from domain.site.configuration import ChargePoint
from tests.unit.domain.depot import Depot, charger, feeder, grid


def _depot() -> Depot:
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


def _reconfigured(depot: Depot, *charge_points: ChargePoint) -> None:
    version = depot.site.configuration.version + 1
    depot.microgrid = depot.microgrid.configure(
        replace(depot.configuration, version=version, charge_points=charge_points)
    ).microgrid


def _held(depot: Depot) -> dict[str, int]:
    situation = depot.situation()
    nodes = ("gc-1", "f-1", "f-2")
    return {node: situation.nodes[situation.tree.node_index[node]].held.exposed_w for node in nodes}


def test_one_that_was_removed_holds_until_its_setpoint_would_have_lapsed_and_fallen_back() -> None:
    depot = _depot()
    _reconfigured(depot, charger("cp-2", "f-2", 50_000, fallback_w=10_000))
    assert _held(depot) == {"gc-1": 100_000, "f-1": 50_000, "f-2": 50_000}
    depot.later(139.999)
    depot.cycle()
    assert _held(depot)["f-1"] == 50_000
    depot.later(0.001)
    depot.cycle()
    assert _held(depot)["f-1"] == 0


def test_one_that_was_moved_holds_at_both_places_but_once_above_both() -> None:
    depot = _depot()
    _reconfigured(
        depot,
        charger("cp-1", "f-2", 50_000, fallback_w=10_000),
        charger("cp-2", "f-2", 50_000, fallback_w=10_000),
    )
    assert _held(depot) == {"gc-1": 100_000, "f-1": 50_000, "f-2": 100_000}


def test_it_holds_its_fallback_where_that_is_more() -> None:
    depot = _depot()
    depot.hears("cp-1/1", 0, requested_w=5_000, applied_limit_w=50_000)
    depot.later(1)
    depot.cycle()
    depot.later(1)
    depot.hears("cp-1/1", 0, requested_w=5_000, applied_limit_w=5_000)
    depot.cycle()
    _reconfigured(depot, charger("cp-2", "f-2", 50_000, fallback_w=10_000))
    assert _held(depot)["f-1"] == 10_000


def test_its_room_is_not_given_to_others_meanwhile() -> None:
    depot = _depot()
    _reconfigured(
        depot,
        charger("cp-2", "f-2", 50_000, fallback_w=10_000),
        charger("cp-3", "f-1", 90_000, fallback_w=0),
    )
    depot.hears("cp-3/1", 0, applied_limit_w=0)
    assert depot.targets()["cp-3/1"] == 50_000
