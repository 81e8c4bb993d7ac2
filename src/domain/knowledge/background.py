"""The load that is not ours: what meters show beyond the connectors, and what safe-mode nodes withhold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.knowledge.held import Held
from domain.knowledge.limits import Limit, Mode
from domain.knowledge.memory import BackgroundMemory, Shown
from domain.knowledge.meters import Meters
from domain.knowledge.readings import MeterReading
from domain.site.power import Watts
from domain.site.power_tree import PowerNode, PowerTree
from domain.site.site import Windows
from domain.values import value

DOUBT_PERCENT = 1
"""Unconfirmed, a rise of more than this part of a limit stops raises; so much room they leave for a smaller one."""


@value
class Background:
    """The background at and below a node, withheld room included.

    `unconfirmed`: a rise of it that is not confirmed yet forbids raises below; `doubt_w`: what room they leave for a
    smaller one.
    """

    cumulative_w: Watts
    unconfirmed: bool
    doubt_w: Watts


NO_BACKGROUND = Background(cumulative_w=0, unconfirmed=False, doubt_w=0)
"""That of a charge point, which has no meter of its own."""


@dataclass(slots=True)
class _Sums:
    """What is summed up from below at a node, in watts. `held_here_w` counts at the node alone."""

    measured_w: Watts = 0
    rising_w: Watts = 0
    in_doubt_w: Watts = 0
    withheld_w: Watts = 0
    held_here_w: Watts = 0

    def follow(self, known: BackgroundMemory, since: datetime) -> None:
        """The node's own meter accounts for everything below it; what it has shown since then may be a rise of that."""
        self.measured_w = max(self.measured_w, known.estimate_w)
        self.rising_w = max(0, known.newest.least_w - self.measured_w)
        self.in_doubt_w = max(0, known.most_w(since) - self.measured_w)

    def add(self, below: "_Sums", withheld_w: Watts) -> None:
        self.measured_w += below.measured_w
        self.rising_w += below.rising_w
        self.in_doubt_w += below.in_doubt_w
        self.withheld_w += withheld_w


def assess(
    tree: PowerTree,
    limits: Sequence[Limit],
    meters: Meters,
    held: Sequence[Held],
    *,
    memory: Mapping[str, BackgroundMemory],
    at: datetime,
    windows: Windows,
) -> tuple[list[Background], dict[str, BackgroundMemory]]:
    """The background of every node, followed over time where there is a memory of it; and the memory, by circuit id."""
    sums = {index: _Sums() for index in tree.branches}
    after: dict[str, BackgroundMemory] = {}
    for index in reversed(tree.branches):
        node, limit, here, meter = tree.nodes[index], limits[index], sums[index], meters.readings[index]
        known, unseen_w = memory.get(node.node_id) if node.metered else None, 0
        if meter is not None:
            known = _followed(known, meter, held[index], limit, at=at, windows=windows)
        elif (reading := meters.on_way_back[index]) is not None:
            # On its way back it counts with the most that any of its readings left.
            known = _followed(known, reading, held[index], limit, at=at, windows=windows)
            known = replace(known, estimate_w=max(known.estimate_w, known.newest.most_w))
        if known is not None:
            after[node.node_id] = known
            if meter is not None or index in meters.last_known:
                here.follow(known, _in_doubt_since(known, held[index], at, windows))
            else:
                unseen_w = max(0, known.estimate_w - here.measured_w)
        if meter is not None or index in meters.last_known or limit.mode is Mode.SAFE:
            # A known load or a safe limit accounts for whatever hides below: withheld room ends here.
            here.withheld_w = 0
        if not _has_safe_capacity(node):
            # Without a safe capacity below the default one nothing was left for it (R29).
            here.held_here_w = unseen_w
        if tree.parents[index] >= 0:
            is_safe = limit.mode is Mode.SAFE
            sums[tree.parents[index]].add(here, max(_withheld(node, limit), unseen_w) if is_safe else here.withheld_w)
    found = {index: _background(here, limits[index]) for index, here in sums.items()}
    return [found.get(index, NO_BACKGROUND) for index in range(len(tree.nodes))], after


def _in_doubt_since(known: BackgroundMemory, held: Held, at: datetime, windows: Windows) -> datetime:
    """Since when uppers matter. While nobody follows a raise, what a reading no longer leaves is gone (R28)."""
    follows_raise = held.raised_at > known.measured_at - windows.grace
    return at - windows.background_confirm if follows_raise else at


def _has_safe_capacity(node: PowerNode) -> bool:
    """Whether something below the default capacity is configured for while the true load is not known."""
    safe_w, default_w = node.safe_operating_capacity_w, node.default_capacity_w
    return safe_w is not None and (default_w is None or safe_w < default_w)


def _background(here: _Sums, limit: Limit) -> Background:
    cumulative_w = here.measured_w + here.withheld_w + here.held_here_w
    if limit.limit_w is None:
        return Background(cumulative_w, unconfirmed=False, doubt_w=0)
    return Background(
        cumulative_w,
        unconfirmed=here.rising_w * 100 > limit.limit_w * DOUBT_PERCENT,
        doubt_w=here.in_doubt_w,
    )


def _followed(
    known: BackgroundMemory | None,
    meter: MeterReading,
    held: Held,
    limit: Limit,
    *,
    at: datetime,
    windows: Windows,
) -> BackgroundMemory:
    """What is known of a node's background after a cycle: at first as it is, later slow to rise and to fall (R27).

    It rises to the least that its meter leaves, and falls to the most that it left in the last `background_hold_s` and,
    before that, since the oldest reading was taken that it is reckoned by: until a charger is heard again, or is
    silent, nobody knows whether it still draws what that says. Nor whether one whose reading cannot be draws any of
    what it was told.
    """
    shown = held.shown_by(meter, at)
    if known is None:
        return BackgroundMemory(shown.least_w, meter.measured_at, shown)
    newest, highest, lowest = replace(known.newest, until=at), known.highest, known.lowest
    if meter.measured_at > known.measured_at:
        highest = (*[each for each in highest if each.most_w > newest.most_w], newest)
        lowest = (*[each for each in lowest if each.least_w < newest.least_w], newest)
        newest = shown
    highest = _later_than(at - windows.background_hold - windows.connector_stale_after, highest)
    lowest = _later_than(at - windows.background_confirm, lowest)
    since = min(at, held.oldest_at) - windows.background_hold
    peak = max([newest.most_w, *(each.most_w for each in highest if each.until > since)]) + held.unproven_w
    is_over = limit.limit_w is not None and meter.power_w > limit.limit_w
    confirmed = min([newest.least_w, *(each.least_w for each in lowest if not is_over)])
    estimate = max(confirmed, min(known.estimate_w, peak))
    return BackgroundMemory(
        estimate_w=estimate,
        measured_at=max(meter.measured_at, known.measured_at),
        newest=newest,
        highest=highest,
        lowest=lowest,
    )


def _later_than(instant: datetime, shown: tuple[Shown, ...]) -> tuple[Shown, ...]:
    return tuple([each for each in shown if each.until > instant])


def _withheld(node: PowerNode, limit: Limit) -> Watts:
    """What a safe-mode node withholds from its default capacity; nothing where it has none."""
    default = node.default_capacity_w
    return 0 if default is None or limit.limit_w is None else default - limit.limit_w
