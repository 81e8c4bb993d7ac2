"""The fail-safe proof: what every node would bear at worst if all links died now (DEPOT-1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.site.power import Watts
from domain.site.power_tree import NodeType, PowerTree


@dataclass(frozen=True, slots=True)
class WorstDraw:
    """A node above the connectors, with every charger below it at its fallback.

    `background_w` is the highest load at the node that no charger below it causes; `is_stated` where its author stated
    it and did not leave it to be read from the configuration. Capacities are null where the node has none.
    """

    node_id: str
    name: str
    depth: int
    fallbacks_w: Watts
    background_w: Watts
    is_stated: bool
    safe_w: Watts | None
    default_w: Watts | None

    @property
    def total_w(self) -> Watts:
        """The worst draw: fallbacks and background."""
        return self.fallbacks_w + self.background_w

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the node is not fail-safe, a sentence each; empty where it is."""
        found = []
        if self.safe_w is not None and self.fallbacks_w > self.safe_w:
            found.append(
                f"The fallbacks below {self.node_id} sum up to {self.fallbacks_w:,} W,"
                f" above its safe operating capacity of {self.safe_w:,} W."
            )
        if self.default_w is not None and self.total_w > self.default_w:
            found.append(
                f"{self.node_id} would draw {self.total_w:,} W ({self.fallbacks_w:,} W of fallbacks and"
                f" {self.background_w:,} W of background), above its capacity of {self.default_w:,} W."
            )
        if self.safe_w is not None and self.default_w is not None and self.is_stated:
            room_w = max(0, self.default_w - self.safe_w)
            if self.background_w > room_w:
                found.append(
                    f"The safe operating capacity of {self.node_id} leaves {room_w:,} W to loads that are no chargers,"
                    f" less than the background of {self.background_w:,} W."
                )
        return tuple(found)


def worst_draws(tree: PowerTree, stated_w: Mapping[str, Watts]) -> tuple[WorstDraw, ...]:
    """A line a node above the connectors, in preorder. `stated_w`: the highest background by node id.

    Where none is stated, the configuration states one: what a safe operating capacity leaves free below the default
    one is kept for loads that are no chargers. A node has at least the background of the nodes below it together.
    """
    background_w = _background_w(tree, stated_w)
    depths = [len(tree.path(index)) - 1 for index in range(len(tree.nodes))]
    return tuple(
        WorstDraw(
            node_id=node.node_id,
            name=node.name,
            depth=depths[index],
            fallbacks_w=tree.fallbacks_w[index],
            background_w=background_w[index],
            is_stated=node.node_id in stated_w,
            safe_w=node.safe_operating_capacity_w,
            default_w=node.default_capacity_w,
        )
        for index, node in enumerate(tree.nodes)
    )


def unknown_nodes(tree: PowerTree, stated_w: Mapping[str, Watts]) -> Sequence[str]:
    """The ids among those stated that are neither a circuit nor the microgrid: nothing else has background."""
    places = {node.node_id for node in tree.nodes if node.node_type is not NodeType.CHARGE_POINT}
    return [node_id for node_id in stated_w if node_id not in places]


def _background_w(tree: PowerTree, stated_w: Mapping[str, Watts]) -> list[Watts]:
    background_w = [0] * len(tree.nodes)
    for index in range(len(tree.nodes) - 1, -1, -1):
        node = tree.nodes[index]
        safe_w, default_w = node.safe_operating_capacity_w, node.default_capacity_w
        room_w = 0 if safe_w is None or default_w is None else max(0, default_w - safe_w)
        background_w[index] = max(background_w[index], stated_w.get(node.node_id, room_w))
        if index:
            background_w[tree.parents[index]] += background_w[index]
    return background_w
