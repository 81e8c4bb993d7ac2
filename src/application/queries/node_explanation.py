"""What holds at a node above the connectors: its way up, what is below it, and who it holds back (CLI-38)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.ports.read_side import ReadModel
from application.queries.explanation import Link, NotExplained
from application.queries.status import AsOf, as_of
from application.queries.tree import is_held_back, tree_of
from domain.sharing.plan import Setpoint
from domain.site.identifiers import natural_key


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A connector that gets less than it wants, because of the node."""

    node_id: str
    setpoint: Setpoint


@dataclass(frozen=True, slots=True)
class NodeExplanation:
    """The chain of limits, the node first; the nodes right below it; the connectors that it holds back."""

    microgrid_id: str
    node_id: str
    as_of: AsOf
    chain: Sequence[Link]
    below: Sequence[Link]
    held_back: Sequence[HeldBack]


async def node_explanation(
    read_model: ReadModel, microgrid_id: str, node_id: str, now: datetime
) -> NodeExplanation | NotExplained:
    """The explanation of any node above the connectors, or why there is none."""
    row = await read_model.status(microgrid_id)
    if row is None:
        return NotExplained("microgrid", [each.microgrid_id for each in await read_model.statuses()])
    if row.latest_cycle is None:
        return NotExplained("cycle")
    tree = tree_of(row)
    path = tree.path(node_id)
    if not path:
        return NotExplained("node", sorted((each.node_id for each in tree.nodes), key=natural_key))
    return NodeExplanation(
        microgrid_id=microgrid_id,
        node_id=node_id,
        as_of=as_of(row, now),
        chain=[Link.of(node, None) for node in path],
        below=[Link.of(node, None) for node in tree.nodes if node.parent_id == node_id],
        held_back=[
            HeldBack(node.node_id, setpoint)
            for node, setpoint in tree.setpoints
            if setpoint.binding_node_id == node_id and is_held_back(setpoint)
        ],
    )
