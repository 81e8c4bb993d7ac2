"""What is taken at every node before anything is shared out (contract section 6)."""

from collections.abc import Sequence
from datetime import datetime

from domain.knowledge.lines import Line
from domain.knowledge.memory import Shown
from domain.knowledge.readings import MeterReading
from domain.knowledge.sendings import DepartedConnector
from domain.site.power import Watts
from domain.site.power_tree import PowerTree
from domain.site.site import Windows
from domain.values import value


@value
class Held:
    """What connectors take at and below a node, under the clamps and shared fallbacks of charge points.

    `reserved_w`: by those that take no part in the sharing. `exposed_w`: by all, the exposures. `least_drawn_w`,
    `most_drawn_w`: between what a meter may see of them.
    """

    reserved_w: Watts
    exposed_w: Watts
    least_drawn_w: Watts
    most_drawn_w: Watts

    def shown_by(self, meter: MeterReading, at: datetime) -> Shown:
        """What a meter's reading leaves for the background."""
        return Shown(max(0, meter.power_w - self.most_drawn_w), max(0, meter.power_w - self.least_drawn_w), at)


def hold(tree: PowerTree, lines: Sequence[Line], departed: Sequence[DepartedConnector], windows: Windows) -> list[Held]:
    """What the connectors hold at every node, in tree order; departed ones hold at the ancestors they left."""
    count = len(tree.nodes)
    reserved, held, least, most = [0] * count, [0] * count, [0] * count, [0] * count
    for node, members in enumerate(tree.connectors_of):
        if members:
            here = _at_charge_point(tree, node, lines[members[0] : members[-1] + 1], windows)
            reserved[node], held[node] = here.reserved_w, here.exposed_w
            least[node], most[node] = here.least_drawn_w, here.most_drawn_w
    reserved, held = tree.summed(reserved), tree.summed(held)
    for gone in departed:
        for node_id in gone.node_ids:
            left = tree.node_index.get(node_id)
            if left is not None:
                reserved[left] += gone.held_w
                held[left] += gone.held_w
    return list(map(Held, reserved, held, tree.summed(least), tree.summed(most)))


def _at_charge_point(tree: PowerTree, node: int, lines: Sequence[Line], windows: Windows) -> Held:
    reserved_w = held_w = least_w = most_w = measured_w = 0
    sharing = []
    for line in lines:
        least, most = line.drawn_w(windows)
        least_w += least
        most_w += most
        measured_w += line.measured_w
        if line.own_w is None:
            reserved_w += line.reserved_w
            held_w += line.exposure_w
        else:
            sharing.append(line)
    together_w = _together(sharing, tree.fallbacks_w[node])
    bearable_w = max(tree.nodes[node].default_capacity_w or 0, measured_w)
    return Held(min(bearable_w, reserved_w + together_w), min(bearable_w, held_w + together_w), least_w, most_w)


def _together(sharing: Sequence[Line], fallback_w: Watts) -> Watts:
    """What connectors on the fallback of their charge point hold: that together, or what they may draw if more."""
    return min(sum(line.told_w for line in sharing), max(fallback_w, sum(line.own_w or 0 for line in sharing)))
