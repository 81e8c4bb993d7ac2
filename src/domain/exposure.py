"""What each connector may draw given what it was told, and what that takes at every node (contract section 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.demand import Demands, Standing
from domain.ledger import LedgerEntry
from domain.power import Watts
from domain.power_tree import PowerTree
from domain.site import Settings
from domain.telemetry import KeptReading


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is taken before anything is shared out.

    Per connector in tree order: `exposures_w`, `reserved_w` (its own part, before sharing), `measured_w` (what it
    measures; 0 where never heard), `told_w` (the exposure without the reading).
    Per node in tree order, cumulative, under the clamps and shared fallbacks of charge points: `reserved_below_w`,
    `held_below_w` (the exposures). `least_drawn_w`, `most_drawn_w`: between what a meter may see of the
    connectors directly below each node, which may have followed their newest setpoints since they were read.
    """

    exposures_w: list[Watts]
    reserved_w: list[Watts]
    measured_w: list[Watts]
    told_w: list[Watts]
    reserved_below_w: list[Watts]
    held_below_w: list[Watts]
    least_drawn_w: list[Watts]
    most_drawn_w: list[Watts]


@dataclass(frozen=True, slots=True)
class DepartedConnector:
    """A connector that a configuration removed or moved: it may go on drawing where it was.

    `node_ids` are its former ancestors that it has no longer; until `holds_until` it holds `held_w` there.
    """

    node_ids: tuple[str, ...]
    held_w: Watts
    holds_until: datetime


def hold(
    tree: PowerTree,
    demands: Demands,
    entries: Sequence[LedgerEntry],
    departed: Sequence[DepartedConnector],
    at: datetime,
    settings: Settings,
) -> Holdings:
    """What every connector may draw given what it was told, and what that takes at every node.

    `entries` are the ledger's lines in tree order, brought up to the readings by `ledger.heard`.
    """
    count, nodes = len(tree.connectors), len(tree.nodes)
    exposures, reserved, measured, told_w = [0] * count, [0] * count, [0] * count, [0] * count
    reserved_at, held_at, measured_at = [0] * nodes, [0] * nodes, [0] * nodes
    least_drawn_at, most_drawn_at = [0] * nodes, [0] * nodes
    fallbacks = _SharedFallbacks()
    grace = timedelta(seconds=settings.apply_grace_s)
    lapsed_before = at - grace - timedelta(seconds=settings.setpoint_valid_for_s)
    not_seen, idle, unresponsive = Standing.RESERVED, Standing.IDLE, Standing.UNRESPONSIVE

    for index, connector in enumerate(tree.connectors):
        known, standing, entry = demands.readings[index], demands.standings[index], entries[index]
        node = connector.charge_point
        power = known.reading.power_w if known is not None else 0
        fallback = min(tree.fallbacks_w[node], connector.max_power_w)
        told, shared = _told(entry, fallback, power, lapsed_before if standing is not_seen else None, at, grace)
        told_w[index] = told
        if standing is not_seen:
            exposures[index] = reserved[index] = told
            measured[index] = least = min(power, told)
            # One that we never heard although it was told something, by whoever decided before us, goes on drawing.
            most = told if known is None and entry.standing else least
            if shared is None:
                reserved_at[node] += told
                held_at[node] += told
            else:
                fallbacks.add(node, told, shared)
        else:
            exposures[index] = max(told, power)
            measured[index] = power
            held_at[node] += exposures[index]
            if standing is idle:
                reserved[index] = max(connector.idle_power_w, power)
            elif standing is unresponsive:
                reserved[index] = exposures[index]
            reserved_at[node] += reserved[index]
            least, most = (power, power) if known is None else _drawn(entry, exposures[index], known, settings)
        measured_at[node] += measured[index]
        least_drawn_at[node] += least
        most_drawn_at[node] += most

    for node, together in fallbacks.together(tree.fallbacks_w):
        reserved_at[node] += together
        held_at[node] += together
    for node, below in enumerate(tree.connectors_of):
        if below:
            bearable = max(tree.nodes[node].default_capacity_w or 0, measured_at[node])
            reserved_at[node] = min(reserved_at[node], bearable)
            held_at[node] = min(held_at[node], bearable)
    reserved_below, held_below = summed(tree, reserved_at), summed(tree, held_at)
    for gone in departed:
        for index in (tree.node_index[node_id] for node_id in gone.node_ids if node_id in tree.node_index):
            reserved_below[index] += gone.held_w
            held_below[index] += gone.held_w
    return Holdings(exposures, reserved, measured, told_w, reserved_below, held_below, least_drawn_at, most_drawn_at)


def _told(
    entry: LedgerEntry,
    fallback_w: Watts,
    power_w: Watts,
    lapsed_before: datetime | None,
    at: datetime,
    grace: timedelta,
) -> tuple[Watts, Watts | None]:
    """The most a connector may draw by what it was told; and where that is a share of its charge point's fallback,
    how much of it is its own beyond the sharing: what it was last seen to draw, or the setpoint it may yet be told.

    `lapsed_before`: for a connector that is not seen, when a limit must have been reported to be in force still.
    """
    told = [0, power_w, *[sent.limit_w for sent in entry.standing]]
    if entry.fell_back_at is not None and at >= entry.fell_back_at:
        if at < entry.fell_back_at + grace and entry.confirmed_w is not None:
            told.append(entry.confirmed_w)
        own = max(told)
        return max(own, fallback_w), own
    confirmed = fallback_w if entry.confirmed_w is None else entry.confirmed_w
    if lapsed_before is not None and entry.received_at is not None and entry.received_at <= lapsed_before + 2 * grace:
        # Nobody hears it, and in a grace at most it falls back: by then the others have to have made room.
        own = max(confirmed, *told)
        return max(own, fallback_w), own
    if entry.standing:
        return max([confirmed, *[sent.limit_w for sent in entry.standing]]), None
    if entry.confirmed_w is None:
        return fallback_w, 0
    if lapsed_before is not None and entry.confirmed_at is not None and entry.confirmed_at < lapsed_before:
        return max(fallback_w, power_w), max(0, power_w)
    return confirmed, None


def _drawn(entry: LedgerEntry, exposure_w: Watts, known: KeptReading, settings: Settings) -> tuple[Watts, Watts]:
    """The least and the most that a connector draws by now.

    That is what its reading says, but for `apply_grace_s` after a new setpoint: one that was lowered may draw no more
    than that, one that was raised up to its exposure, unless the reading shows that it has followed.
    """
    power = known.reading.power_w
    newest = entry.standing[-1] if entry.standing else None
    if newest is None or known.measured_at >= newest.first_sent_at + timedelta(seconds=settings.apply_grace_s):
        return power, power
    if not newest.raised:
        return min(power, newest.limit_w), power
    has_followed = power >= newest.limit_w - max(settings.apply_tolerance_w, newest.limit_w // 20)
    return power, power if has_followed else exposure_w


def summed(tree: PowerTree, at_node: Sequence[Watts]) -> list[Watts]:
    """Figures of single nodes summed up over everything below them."""
    below = list(at_node)
    parents = tree.parents
    for index in range(len(below) - 1, 0, -1):
        below[parents[index]] += below[index]
    return below


class _SharedFallbacks:
    """Connectors of one charge point that are on its fallback hold it together, or what they drew if more."""

    def __init__(self) -> None:
        self._parts: dict[int, Watts] = {}
        self._powers: dict[int, Watts] = {}

    def add(self, node: int, part_w: Watts, power_w: Watts) -> None:
        """`power_w`: what this one may draw of its own, without regard to the fallback."""
        self._parts[node] = self._parts.get(node, 0) + part_w
        self._powers[node] = self._powers.get(node, 0) + power_w

    def together(self, fallbacks_w: Sequence[Watts]) -> list[tuple[int, Watts]]:
        """Per charge point node concerned, what they hold together."""
        return [(node, min(parts, max(fallbacks_w[node], self._powers[node]))) for node, parts in self._parts.items()]
