"""The derived tree: everything in its place, whatever the order of the rows it comes from."""

from dataclasses import replace

import pytest

from domain.site.configuration import ChargePoint, Circuit, Connector, GridConnection, SiteConfiguration
from domain.site.power_tree import NodeType, PowerTree
from domain.site.site import Site

CIRCUITS = (
    Circuit("gc-10", None, "Second", 500_000),
    Circuit("gc-2", None, "First", 400_000, 300_000, metered=True),
    Circuit("f-1", "gc-2", "Feeder", None, 90_000),
    Circuit("sc-1", "f-1", "Sub-circuit", 80_000),
)
CHARGE_POINTS = (
    ChargePoint("cp-10", "f-1", 40_000, (Connector(2, 22_000, 1_000, 500), Connector(1, 30_000)), 7_000),
    ChargePoint("cp-9", "sc-1", 50_000, (Connector(1, 50_000),)),
    ChargePoint("cp-1", "gc-10", 60_000, (Connector(1, 60_000),), 0, "Bay 1"),
)
CONFIGURATION = SiteConfiguration(
    "depot", "Depot", 1, max_import_w=700_000, circuits=CIRCUITS, charge_points=CHARGE_POINTS
)


@pytest.fixture
def tree() -> PowerTree:
    return Site.of(CONFIGURATION).tree


def test_nodes_stand_in_preorder_with_children_in_natural_order(tree: PowerTree) -> None:
    """Holds EVT-8."""
    assert [node.node_id for node in tree.nodes] == [
        "depot",
        "gc-2",
        "f-1",
        "cp-10",
        "sc-1",
        "cp-9",
        "gc-10",
        "cp-1",
    ]
    assert [node.parent_id for node in tree.nodes] == [
        None,
        "depot",
        "gc-2",
        "f-1",
        "f-1",
        "sc-1",
        "depot",
        "gc-10",
    ]
    assert tree.parents == (-1, 0, 1, 2, 2, 4, 0, 6)


def test_a_charge_point_without_a_name_is_called_by_its_id(tree: PowerTree) -> None:
    """Holds CONV-9."""
    assert [node.name for node in tree.nodes if node.node_type is NodeType.CHARGE_POINT] == ["cp-10", "cp-9", "Bay 1"]


def test_every_node_knows_its_type_and_its_capacities(tree: PowerTree) -> None:
    assert [
        (node.node_type, node.default_capacity_w, node.safe_operating_capacity_w, node.metered) for node in tree.nodes
    ] == [
        (NodeType.MICROGRID, 700_000, None, False),
        (NodeType.GRID_CONNECTION, 400_000, 300_000, True),
        (NodeType.CIRCUIT, None, 90_000, False),
        (NodeType.CHARGE_POINT, 40_000, None, False),
        (NodeType.CIRCUIT, 80_000, None, False),
        (NodeType.CHARGE_POINT, 50_000, None, False),
        (NodeType.GRID_CONNECTION, 500_000, None, False),
        (NodeType.CHARGE_POINT, 60_000, None, False),
    ]


def test_connectors_stand_in_natural_order_of_charge_point_and_number_not_in_that_of_the_tree(tree: PowerTree) -> None:
    """Holds EVT-8."""
    assert [each.node_id for each in tree.connectors] == ["cp-1/1", "cp-9/1", "cp-10/1", "cp-10/2"]
    assert [tree.nodes[each.charge_point].node_id for each in tree.connectors] == ["cp-1", "cp-9", "cp-10", "cp-10"]
    last = tree.connectors[-1]
    assert (last.connector_id, last.max_power_w, last.min_power_w, last.idle_power_w) == (2, 22_000, 1_000, 500)


def test_a_charge_point_knows_its_connectors(tree: PowerTree) -> None:
    below = {node.node_id: tree.connectors_of[index] for index, node in enumerate(tree.nodes)}
    assert {node_id: connectors for node_id, connectors in below.items() if connectors} == {
        "cp-10": (2, 3),
        "cp-9": (1,),
        "cp-1": (0,),
    }


def test_the_indices_lead_back(tree: PowerTree) -> None:
    assert all(tree.nodes[index].node_id == node_id for node_id, index in tree.node_index.items())
    assert all(
        (tree.connectors[index].charge_point_id, tree.connectors[index].connector_id) == key
        for key, index in tree.connector_index.items()
    )
    assert tree.charge_points == {"cp-10": 3, "cp-9": 5, "cp-1": 7}


def test_fallbacks_are_summed_up_and_none_stated_means_the_rating(tree: PowerTree) -> None:
    """cp-10 states 7 kW, cp-9 nothing (50 kW), cp-1 states 0."""
    sums = {node.node_id: tree.fallbacks_w[index] for index, node in enumerate(tree.nodes)}
    assert sums == {
        "depot": 57_000,
        "gc-2": 57_000,
        "f-1": 57_000,
        "cp-10": 7_000,
        "sc-1": 50_000,
        "cp-9": 50_000,
        "gc-10": 0,
        "cp-1": 0,
    }


def test_the_order_of_the_rows_changes_nothing(tree: PowerTree) -> None:
    """Holds SITE-1."""
    charge_points = tuple(
        replace(each, connectors=tuple(reversed(each.connectors))) for each in reversed(CHARGE_POINTS)
    )
    assert Site.of(replace(CONFIGURATION, circuits=CIRCUITS[::-1], charge_points=charge_points)).tree == tree


def test_a_path_leads_from_the_microgrid_down(tree: PowerTree) -> None:
    assert tree.path_ids(tree.node_index["cp-9"]) == ("depot", "gc-2", "f-1", "sc-1", "cp-9")
    assert tree.path_ids(0) == ("depot",)


def test_the_grid_connections_are_the_circuits_without_a_parent() -> None:
    """Holds SITE-4."""
    assert CONFIGURATION.grid_connections == (
        GridConnection("gc-10", "Second", 500_000, None, metered=False),
        GridConnection("gc-2", "First", 400_000, 300_000, metered=True),
    )


def test_a_microgrid_without_charge_points_is_a_tree_too() -> None:
    """Holds SITE-4."""
    tree = Site.of(replace(CONFIGURATION, charge_points=())).tree
    assert len(tree.nodes) == 5
    assert tree.connectors == ()
    assert set(tree.fallbacks_w) == {0}
