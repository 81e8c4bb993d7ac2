"""What every node would bear at worst if all links died now (DEPOT-1)."""

import pytest

from application.fail_safe import WorstDraw, unknown_nodes, worst_draws
from domain.site.configuration import ChargePoint, Circuit, Connector
from domain.site.power_tree import derive
from tests.builders import a_configuration


def charge_point(number: int, circuit_id: str = "feeder", fallback_w: int | None = 10_000) -> ChargePoint:
    return ChargePoint(f"cp-{number}", circuit_id, 50_000, (Connector(1, 50_000),), fallback_power_w=fallback_w)


def draws(
    *circuits: Circuit,
    charge_points: tuple[ChargePoint, ...] = (charge_point(1), charge_point(2)),
    max_import_w: int | None = None,
    **stated_w: int,
) -> dict[str, WorstDraw]:
    tree = derive(a_configuration(circuits=circuits, charge_points=charge_points, max_import_w=max_import_w))
    return {each.node_id: each for each in worst_draws(tree, stated_w)}


NORTH = Circuit("north", None, "North", 100_000, 30_000, metered=True)
FEEDER = Circuit("feeder", "north", "Feeder", 80_000)


def test_every_node_bears_the_fallbacks_below_it_and_the_background_that_the_file_states() -> None:
    found = draws(NORTH, FEEDER)
    assert [(each.node_id, each.depth) for each in found.values()] == [
        ("depot", 0),
        ("north", 1),
        ("feeder", 2),
        ("cp-1", 3),
        ("cp-2", 3),
    ]
    # What the safe capacity leaves free below the default one is kept for loads that are no chargers.
    assert [(each.fallbacks_w, each.background_w, each.total_w) for each in found.values()] == [
        (20_000, 70_000, 90_000),
        (20_000, 70_000, 90_000),
        (20_000, 0, 20_000),
        (10_000, 0, 10_000),
        (10_000, 0, 10_000),
    ]
    assert not any(each.faults for each in found.values())


def test_a_charger_without_a_fallback_counts_with_its_rating() -> None:
    found = draws(NORTH, FEEDER, charge_points=(charge_point(1, fallback_w=None),))
    assert found["feeder"].fallbacks_w == 50_000
    assert len(found["north"].faults) == 2
    assert "50,000 W, above its safe operating capacity of 30,000 W" in found["north"].faults[0]
    assert found["feeder"].faults == ()


def test_fallbacks_that_fit_exactly_fit() -> None:
    circuits = (Circuit("north", None, "North", 20_000, 20_000), Circuit("feeder", "north", "Feeder", 20_000))
    assert not any(each.faults for each in draws(*circuits).values())
    assert draws(*circuits, charge_points=(charge_point(1, fallback_w=20_001),))["feeder"].faults


def test_a_background_that_is_stated_counts_instead_of_what_the_file_leaves_free() -> None:
    found = draws(NORTH, FEEDER, north=50_000)
    assert (found["north"].background_w, found["north"].is_stated, found["north"].faults) == (50_000, True, ())
    assert found["depot"].background_w == 50_000


def test_a_background_that_leaves_the_fallbacks_no_room_is_named_with_its_figures() -> None:
    found = draws(Circuit("north", None, "North", 100_000), FEEDER, north=80_001)
    assert found["north"].faults == (
        "north would draw 100,001 W (20,000 W of fallbacks and 80,001 W of background), above its capacity of"
        " 100,000 W.",
    )


def test_a_background_for_which_the_safe_capacity_leaves_no_room_is_named() -> None:
    """While a meter alone is silent the chargers may draw the safe capacity, beside that background."""
    found = draws(NORTH, FEEDER, north=75_000)
    assert found["north"].faults == (
        "The safe operating capacity of north leaves 70,000 W to loads that are no chargers, less than the background"
        " of 75,000 W.",
    )


def test_background_below_counts_at_every_node_above() -> None:
    found = draws(Circuit("north", None, "North", 100_000), FEEDER, max_import_w=60_000, feeder=50_000)
    assert found["feeder"].faults == ()
    assert found["north"].faults == ()
    assert found["depot"].total_w == 70_000
    assert len(found["depot"].faults) == 1


@pytest.mark.parametrize("node_id", ["nowhere", "cp-1", "cp-1/1"])
def test_background_belongs_to_circuits_and_the_microgrid_alone(node_id: str) -> None:
    tree = derive(a_configuration())
    assert unknown_nodes(tree, {"gc-1": 1, "depot": 1, node_id: 1}) == [node_id]
