"""What is drawn for a node adds up (HTTP-22): no more than the certificate allows, and nothing unknown as 0."""

from random import Random

from pydantic_core import to_json

from adapters.messages.snapshot import Snapshot, read_snapshot
from application.queries.first_cycle import FirstCycle, first_cycle
from application.queries.rows import StatusRow
from application.queries.tree import Node, Tree, tree_of
from domain.events import TreeNode
from domain.sharing.plan import Quality
from domain.site.power_tree import NodeType
from domain.site.site import Site
from tests.oracle.snapshots import random_snapshot

CYCLES = 300


def random_row(seed: int) -> StatusRow:
    snapshot = read_snapshot(to_json(random_snapshot(Random(seed))))
    assert isinstance(snapshot, Snapshot)
    first = first_cycle(snapshot.configuration, snapshot.at, snapshot.telemetry)
    assert isinstance(first, FirstCycle)
    site = Site.of(snapshot.configuration)
    nodes = tuple(TreeNode(each.node_id, each.node_type, each.parent_id, each.name) for each in site.tree.nodes)
    return StatusRow(snapshot.configuration, nodes, (), first.completed)


def drawn_below(tree: Tree, node: Node) -> int:
    """What the connectors below draw for which nothing is reserved."""
    return sum(
        each.measured_w or 0
        for each in tree.connectors
        if not each.reserved_w and any(above.node_id == node.node_id for above in tree.path(each.node_id))
    )


def test_the_parts_drawn_for_a_node_are_never_more_than_its_reading_or_what_the_certificate_allows() -> None:
    held_somewhere = 0
    for seed in range(CYCLES):
        tree = tree_of(random_row(seed))
        for node in tree.above_connectors:
            assert node.held_w is not None
            assert node.reserved_w is not None
            assert node.background_w is not None
            assert node.allocated_w is not None
            assert 0 <= node.held_w <= node.reserved_w, (seed, node)
            drawn_w = drawn_below(tree, node)
            parts_w = (node.measured_w or 0) + node.held_w
            assert parts_w <= max(node.measured_w or 0, node.background_w + drawn_w + node.reserved_w), (seed, node)
            claimed_w = node.background_w + node.reserved_w + max(node.allocated_w, drawn_w)
            if node.limit_w is not None and claimed_w <= node.limit_w and (node.measured_w or 0) <= node.limit_w:
                assert parts_w <= node.limit_w, (seed, node)
            held_somewhere += node.held_w > 0
    assert held_somewhere > CYCLES


def test_nothing_that_is_not_known_is_drawn_as_0() -> None:
    unknown = 0
    for seed in range(CYCLES):
        row = random_row(seed)
        tree = tree_of(row)
        for node in tree.nodes:
            assert (node.measured_w is None) == (node.quality is Quality.MISSING), (seed, node)
            if node.measured_w is None:
                assert node.held_w == node.reserved_w
                unknown += 1
        for node in tree.connectors:
            assert node.setpoint is not None
            if node.setpoint.measured_w is None:
                assert node.measured_w is None
        load_w = tree.nodes[0].measured_w
        connections = [each.measured_w for each in tree.nodes if each.node_type is NodeType.GRID_CONNECTION]
        known = [each for each in connections if each is not None]
        assert load_w == (sum(known) if known else None)
    assert unknown > CYCLES
