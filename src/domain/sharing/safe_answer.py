"""What goes out where the certificate refuses a decision."""

from domain.knowledge.situation import Situation
from domain.sharing import figures
from domain.sharing.claims import NOTHING
from domain.sharing.figures import Decision
from domain.sharing.targets import Targets


def instead_of(situation: Situation, refused: Targets) -> Decision:
    """Only decreases, to what certainly fits: each keeps what it was told last and may draw, none where that is too
    much.
    """
    tree, lines = situation.tree, situation.lines
    kept, at_node = [0] * len(lines), [0] * len(tree.nodes)
    for index in refused.wanting:
        line = lines[index]
        last = line.entry.last_w
        keeps = min(line.exposure_w, line.demand_w, line.exposure_w if last is None else last)
        kept[index] = keeps if keeps >= line.minimum_w else 0
        at_node[line.connector.charge_point] += kept[index]
    too_much: list[bool] = []
    for load, room, parent in zip(tree.summed(at_node), situation.net_capacities_w, tree.parents, strict=True):
        too_much.append(load > room or (parent >= 0 and too_much[parent]))
    for index in refused.wanting:
        if too_much[lines[index].connector.charge_point]:
            kept[index] = 0
    bindings = [
        NOTHING if watts == line.demand_w else line.connector.charge_point
        for watts, line in zip(kept, lines, strict=True)
    ]
    safe = Targets(
        targets_w=kept,
        bindings=bindings,
        admitted=[True] * len(kept),
        wanting=refused.wanting,
        claims=refused.claims,
    )
    wanted_w = figures.wanted_w(situation, safe)
    limits_w = [min(wanted, line.exposure_w) for wanted, line in zip(wanted_w, lines, strict=True)]
    return Decision(safe, wanted_w, limits_w, limits_w)
