"""The load that is not ours: what meters show beyond the connectors, and what safe-mode nodes withhold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.limits import Limit
from domain.plan import Mode
from domain.power import Watts
from domain.power_tree import PowerNode, PowerTree
from domain.site import Settings
from domain.telemetry import MeterReading

DOUBT_PERCENT = 1
"""Unconfirmed, a rise of more than this part of a limit stops raises; so much room they leave for a smaller one."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Between what a meter's reading left the background to be, and until when that reading was the newest."""

    least_w: Watts
    most_w: Watts
    until: datetime


@dataclass(frozen=True, slots=True)
class BackgroundMemory:
    """What is remembered of the cumulative background at a node with a meter.

    `estimate_w` was in force in the latest cycle, `newest` is what the reading of `measured_at` showed. Of those before
    it `highest` are those of the last `background_hold_s` whose most no later one reached, `lowest` those of the last
    `background_confirm_s` whose least no later one went down to; so the highest and the lowest of all come first.
    """

    estimate_w: Watts
    measured_at: datetime
    newest: Shown
    highest: tuple[Shown, ...] = ()
    lowest: tuple[Shown, ...] = ()

    def most_w(self, since: datetime) -> Watts:
        """The most that any reading of the time since then left."""
        return max([self.newest.most_w, *(each.most_w for each in self.highest if each.until > since)])


@dataclass(frozen=True, slots=True)
class Background:
    """Per node in tree order: the background at and below it, withheld room included; whether a rise that is not
    confirmed yet forbids raises below it, else what room they leave for one. `memory`, by circuit id, is for the next
    cycle.
    """

    cumulative_w: list[Watts]
    unconfirmed: list[bool]
    doubt_w: list[Watts]
    memory: dict[str, BackgroundMemory]


def assess(
    tree: PowerTree,
    limits: Sequence[Limit],
    meters: Sequence[MeterReading | None],
    last_known: Collection[int],
    least_drawn_w: Sequence[Watts],
    most_drawn_w: Sequence[Watts],
    memory: Mapping[str, BackgroundMemory],
    at: datetime,
    settings: Settings,
) -> Background:
    """The background of every node, followed over time where there is a memory of it.

    `meters` are those relied on, `last_known` the nodes whose meter counts as last known. The connectors directly
    below each node (a charge point's) draw between `least_drawn_w` and `most_drawn_w` by now.
    """
    count = len(tree.nodes)
    least_drawn, most_drawn = list(least_drawn_w), list(most_drawn_w)
    measured, withheld, held_here = [0] * count, [0] * count, [0] * count
    rising, in_doubt, doubt, unconfirmed = [0] * count, [0] * count, [0] * count, [False] * count
    recently = at - timedelta(seconds=settings.background_confirm_s)
    after: dict[str, BackgroundMemory] = {}
    for index in range(count - 1, -1, -1):
        node, meter, limit, parent = tree.nodes[index], meters[index], limits[index], tree.parents[index]
        known = memory.get(node.node_id) if node.metered else None
        unseen = 0
        if meter is not None:
            shown = Shown(max(0, meter.power_w - most_drawn[index]), max(0, meter.power_w - least_drawn[index]), at)
            known = _followed(known, meter, shown, limit, at, settings)
            measured[index] = max(measured[index], known.estimate_w)
            rising[index] = max(0, known.newest.least_w - measured[index])
            in_doubt[index] = max(0, known.most_w(recently) - measured[index])
        elif known is not None and index in last_known:
            measured[index] = max(measured[index], known.estimate_w)
        elif known is not None:
            unseen = max(0, known.estimate_w - measured[index])
        if known is not None:
            after[node.node_id] = known
        if limit.limit_w is not None:
            unconfirmed[index] = rising[index] * 100 > limit.limit_w * DOUBT_PERCENT
            doubt[index] = min(in_doubt[index], limit.limit_w * DOUBT_PERCENT // 100)
        if meter is not None or index in last_known or limit.mode is Mode.SAFE:
            # A known load or a safe limit accounts for whatever hides below: withheld room ends here.
            withheld[index] = 0
        if node.safe_operating_capacity_w is None:
            # Without a safe capacity nothing was left for it.
            held_here[index] = unseen
        if parent >= 0:
            least_drawn[parent] += least_drawn[index]
            most_drawn[parent] += most_drawn[index]
            measured[parent] += measured[index]
            rising[parent] += rising[index]
            in_doubt[parent] += in_doubt[index]
            withheld[parent] += withheld[index] if limit.mode is Mode.NORMAL else max(_withheld(node, limit), unseen)
    cumulative = [sum(parts) for parts in zip(measured, withheld, held_here, strict=True)]
    return Background(cumulative, unconfirmed, doubt, after)


def _followed(
    known: BackgroundMemory | None,
    meter: MeterReading,
    shown: Shown,
    limit: Limit,
    at: datetime,
    settings: Settings,
) -> BackgroundMemory:
    """What is known of a node's background after a cycle: at first as it is, later slow to rise and to fall.

    It rises to the least that its meter leaves, and falls to the most.
    """
    if known is None:
        return BackgroundMemory(shown.least_w, meter.measured_at, shown)
    newest, highest, lowest = replace(known.newest, until=at), known.highest, known.lowest
    if meter.measured_at > known.measured_at:
        highest = (*(each for each in highest if each.most_w > newest.most_w), newest)
        lowest = (*(each for each in lowest if each.least_w < newest.least_w), newest)
        newest = shown
    highest = _later_than(at - timedelta(seconds=settings.background_hold_s), highest)
    lowest = _later_than(at - timedelta(seconds=settings.background_confirm_s), lowest)
    peak = max([newest.most_w, *(each.most_w for each in highest)])
    is_over = limit.limit_w is not None and meter.power_w > limit.limit_w
    confirmed = min([newest.least_w, *(each.least_w for each in lowest if not is_over)])
    estimate = max(confirmed, min(known.estimate_w, peak))
    return BackgroundMemory(estimate, max(meter.measured_at, known.measured_at), newest, highest, lowest)


def _later_than(instant: datetime, shown: tuple[Shown, ...]) -> tuple[Shown, ...]:
    return tuple(each for each in shown if each.until > instant)


def _withheld(node: PowerNode, limit: Limit) -> Watts:
    """What a safe-mode node withholds from its default capacity; nothing where it has none."""
    default = node.default_capacity_w
    return 0 if default is None or limit.limit_w is None else default - limit.limit_w
