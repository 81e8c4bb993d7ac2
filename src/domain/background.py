"""The load that is not ours: what meters show beyond the connectors, and what safe-mode nodes withhold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.limits import Limit
from domain.plan import Mode
from domain.power import Watts
from domain.power_tree import PowerNode, PowerTree
from domain.site import Settings
from domain.telemetry import MeterReading


@dataclass(frozen=True, slots=True)
class Level:
    """A figure that was the newest one until this instant."""

    power_w: Watts
    until: datetime


@dataclass(frozen=True, slots=True)
class BackgroundMemory:
    """What is remembered of the cumulative background at a node with a meter.

    In the latest cycle `estimate_w` was in force, the newest reading was that of `measured_at`, which made it
    `figure_w`, and the connectors below drew `drawn_w`. Of the figures before it `highest` are those of the last
    `background_hold_s` that no later one reached, `lowest` those of the last `background_confirm_s` that no later one
    went down to; so the highest and the lowest of all come first.
    """

    estimate_w: Watts
    measured_at: datetime
    figure_w: Watts
    drawn_w: Watts
    highest: tuple[Level, ...] = ()
    lowest: tuple[Level, ...] = ()


@dataclass(frozen=True, slots=True)
class Background:
    """Per node in tree order: the background at and below it, withheld room included; whether a rise that is not
    confirmed yet forbids raises below it. `memory`, by circuit id, is for the next cycle.
    """

    cumulative_w: list[Watts]
    unconfirmed: list[bool]
    memory: dict[str, BackgroundMemory]


def assess(
    tree: PowerTree,
    limits: Sequence[Limit],
    meters: Sequence[MeterReading | None],
    last_known: Collection[int],
    drawn_w: Sequence[Watts],
    memory: Mapping[str, BackgroundMemory],
    at: datetime,
    settings: Settings,
) -> Background:
    """The background of every node, followed over time where there is a memory of it.

    `meters` are those relied on, `last_known` the nodes whose meter counts as last known. `drawn_w` is what the
    connectors directly below each node (a charge point's) draw, those that were just raised with their exposure.
    """
    count = len(tree.nodes)
    drawn = list(drawn_w)
    measured, withheld, held_here, rising = [0] * count, [0] * count, [0] * count, [0] * count
    unconfirmed = [False] * count
    after: dict[str, BackgroundMemory] = {}
    for index in range(count - 1, -1, -1):
        node, meter, limit, parent = tree.nodes[index], meters[index], limits[index], tree.parents[index]
        known = memory.get(node.node_id) if node.metered else None
        unseen = 0
        if meter is not None:
            known = _followed(known, meter, drawn[index], limit, at, settings)
            measured[index] = max(measured[index], known.estimate_w)
            rising[index] = max(0, known.figure_w - measured[index])
        elif known is not None and index in last_known:
            measured[index] = max(measured[index], known.estimate_w)
        elif known is not None:
            unseen = max(0, known.estimate_w - measured[index])
        if known is not None:
            after[node.node_id] = known
        if limit.limit_w is not None:
            unconfirmed[index] = rising[index] * 100 > limit.limit_w
        if meter is not None or index in last_known or limit.mode is Mode.SAFE:
            # A known load or a safe limit accounts for whatever hides below: withheld room ends here.
            withheld[index] = 0
        if node.safe_operating_capacity_w is None:
            # Without a safe capacity nothing was left for it.
            held_here[index] = unseen
        if parent >= 0:
            drawn[parent] += drawn[index]
            measured[parent] += measured[index]
            rising[parent] += rising[index]
            withheld[parent] += withheld[index] if limit.mode is Mode.NORMAL else max(_withheld(node, limit), unseen)
    cumulative = [sum(parts) for parts in zip(measured, withheld, held_here, strict=True)]
    return Background(cumulative, unconfirmed, after)


def _followed(
    known: BackgroundMemory | None,
    meter: MeterReading,
    drawn_w: Watts,
    limit: Limit,
    at: datetime,
    settings: Settings,
) -> BackgroundMemory:
    """What is known of a node's background after a cycle: at first as it is, later slow to fall and to rise."""
    figure = max(0, meter.power_w - drawn_w)
    if known is None:
        return BackgroundMemory(figure, meter.measured_at, figure, drawn_w)
    highest, lowest = known.highest, known.lowest
    if meter.measured_at > known.measured_at:
        # The chargers may have changed before the meter looked or after it: what they drew in both cycles counts.
        figure = min(figure, max(0, meter.power_w - known.drawn_w))
        level = Level(known.figure_w, at)
        highest = (*(each for each in highest if each.power_w > level.power_w), level)
        lowest = (*(each for each in lowest if each.power_w < level.power_w), level)
    else:
        figure = min(figure, known.figure_w)
    highest = _later_than(at - timedelta(seconds=settings.background_hold_s), highest)
    lowest = _later_than(at - timedelta(seconds=settings.background_confirm_s), lowest)
    peak = max(figure, highest[0].power_w if highest else figure)
    confirmed = min(figure, lowest[0].power_w if lowest else figure)
    estimate = max(confirmed, min(known.estimate_w, peak))
    if limit.limit_w is not None and meter.power_w > limit.limit_w:
        estimate = max(estimate, figure)
    return BackgroundMemory(estimate, max(meter.measured_at, known.measured_at), figure, drawn_w, highest, lowest)


def _later_than(instant: datetime, levels: tuple[Level, ...]) -> tuple[Level, ...]:
    return tuple(level for level in levels if level.until > instant)


def estimate(
    tree: PowerTree, limits: Sequence[Limit], meters: Sequence[MeterReading | None], drawn_w: Sequence[Watts]
) -> list[Watts]:
    """The cumulative background of every node in a first cycle, which has no history and takes it as it is."""
    return assess(tree, limits, meters, (), drawn_w, {}, datetime.min.replace(tzinfo=UTC), Settings()).cumulative_w


def _withheld(node: PowerNode, limit: Limit) -> Watts:
    """What a safe-mode node withholds from its default capacity; nothing where it has none."""
    default = node.default_capacity_w
    return 0 if default is None or limit.limit_w is None else default - limit.limit_w
