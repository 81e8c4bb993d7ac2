"""The load that is not ours: what meters show beyond the connectors, and what safe-mode nodes withhold."""

from collections.abc import Sequence

from domain.limits import Limit
from domain.plan import Mode
from domain.power import Watts
from domain.power_tree import PowerTree
from domain.telemetry import MeterReading


def estimate(
    tree: PowerTree, limits: Sequence[Limit], meters: Sequence[MeterReading | None], drawn_w: Sequence[Watts]
) -> list[Watts]:
    """The cumulative background of every node, in tree order: at and below it, withheld room included.

    `drawn_w` is what the connectors directly below each node (a charge point's) measure. A first cycle has no
    history and takes the estimate as it is.
    """
    drawn = list(drawn_w)
    measured = [0] * len(drawn)
    withheld = [0] * len(drawn)
    for index in range(len(drawn) - 1, -1, -1):
        meter, limit, parent = meters[index], limits[index], tree.parents[index]
        if meter is not None:
            measured[index] += max(0, meter.power_w - drawn[index] - measured[index])
        if meter is not None or limit.mode is Mode.SAFE:
            # A known load or a safe limit accounts for whatever hides below: withheld room ends here.
            withheld[index] = 0
        if parent >= 0:
            drawn[parent] += drawn[index]
            measured[parent] += measured[index]
            withheld[parent] += withheld[index] if limit.mode is Mode.NORMAL else _withheld(tree, index, limit)
    return [known + hidden for known, hidden in zip(measured, withheld, strict=True)]


def _withheld(tree: PowerTree, index: int, limit: Limit) -> Watts:
    """What a safe-mode node withholds from its default capacity; nothing where it has none."""
    default = tree.nodes[index].default_capacity_w
    return 0 if default is None or limit.limit_w is None else default - limit.limit_w
