"""The setpoint ledger: what each connector was told, and so the most it may draw (contract section 6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.demand import Demands, Standing
from domain.power import Watts
from domain.power_tree import PowerTree
from domain.site import Settings
from domain.telemetry import KeptReading, LimitReport, Readings


@dataclass(frozen=True, slots=True)
class SentSetpoint:
    """A value that was sent, by which published cycles and when, first and last.

    `followed_at`: when a message of its charge point was taken after it was first sent, which shows a live link.
    """

    limit_w: Watts
    first_cycle_seq: int
    first_sent_at: datetime
    last_cycle_seq: int
    last_sent_at: datetime
    followed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One connector's line: the setpoints that still stand, oldest first, and the limit last confirmed."""

    standing: tuple[SentSetpoint, ...] = ()
    confirmed_w: Watts | None = None
    confirmed_at: datetime | None = None

    @property
    def last_limit_w(self) -> Watts | None:
        """The newest setpoint; where there is none, the limit the charger reported, if it ever did."""
        return self.standing[-1].limit_w if self.standing else self.confirmed_w


NEVER_SENT = LedgerEntry()


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is taken before anything is shared out.

    Per connector in tree order: `exposures_w`, `reserved_w` (its own part, before sharing), `measured_w` (what it
    measures; 0 where never heard).
    Per node in tree order, cumulative, under the clamps and shared fallbacks of charge points: `reserved_below_w`,
    `held_below_w` (the exposures). `drawn_w`: what the connectors directly below each node measure.
    """

    exposures_w: list[Watts]
    reserved_w: list[Watts]
    measured_w: list[Watts]
    reserved_below_w: list[Watts]
    held_below_w: list[Watts]
    drawn_w: list[Watts]


def hold(
    tree: PowerTree, demands: Demands, entries: Sequence[LedgerEntry], at: datetime, settings: Settings
) -> Holdings:
    """What every connector may draw given what it was told, and what that takes at every node.

    `entries` are the ledger's lines in tree order, brought up to the readings by `heard`.
    """
    lapsed_before = at - timedelta(seconds=settings.setpoint_valid_for_s + settings.apply_grace_s)
    count = len(tree.connectors)
    exposures, reserved, measured = [0] * count, [0] * count, [0] * count
    nodes = len(tree.nodes)
    reserved_at, held_at, drawn_at = [0] * nodes, [0] * nodes, [0] * nodes
    fallbacks = _SharedFallbacks()

    for index, connector in enumerate(tree.connectors):
        known, standing, node, entry = (
            demands.readings[index],
            demands.standings[index],
            connector.charge_point,
            entries[index],
        )
        power = known.reading.power_w if known is not None else 0
        fallback = min(tree.fallbacks_w[node], connector.max_power_w)
        told, fell_back = _told(entry, fallback)
        if standing is Standing.RESERVED:
            lapsed = not entry.standing and entry.confirmed_at is not None and entry.confirmed_at < lapsed_before
            if lapsed:
                told, fell_back = max(fallback, power), True
            exposures[index] = reserved[index] = told
            measured[index] = min(power, told)
            if fell_back:
                fallbacks.add(node, told, max(0, power) if lapsed else 0)
            else:
                reserved_at[node] += told
                held_at[node] += told
        else:
            exposures[index] = max(told, power)
            measured[index] = power
            held_at[node] += exposures[index]
            if standing is Standing.IDLE:
                reserved[index] = max(connector.idle_power_w, power)
                reserved_at[node] += reserved[index]
        drawn_at[node] += measured[index]

    for node, together in fallbacks.together(tree.fallbacks_w):
        reserved_at[node] += together
        held_at[node] += together
    for node, below in enumerate(tree.connectors_of):
        if below:
            bearable = max(tree.nodes[node].default_capacity_w or 0, drawn_at[node])
            reserved_at[node] = min(reserved_at[node], bearable)
            held_at[node] = min(held_at[node], bearable)
    return Holdings(exposures, reserved, measured, summed(tree, reserved_at), summed(tree, held_at), drawn_at)


def _told(entry: LedgerEntry, fallback_w: Watts) -> tuple[Watts, bool]:
    """The highest of what a connector was told and may still obey; whether that is only its fallback."""
    confirmed = fallback_w if entry.confirmed_w is None else entry.confirmed_w
    if not entry.standing:
        return confirmed, entry.confirmed_w is None
    return max(confirmed, *(sent.limit_w for sent in entry.standing)), False


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
        """`power_w`: the last reading of one that had a limit of its own and lost it; else 0."""
        self._parts[node] = self._parts.get(node, 0) + part_w
        self._powers[node] = self._powers.get(node, 0) + power_w

    def together(self, fallbacks_w: Sequence[Watts]) -> list[tuple[int, Watts]]:
        """Per charge point node concerned, what they hold together."""
        return [(node, min(parts, max(fallbacks_w[node], self._powers[node]))) for node, parts in self._parts.items()]


# --- over time ---------------------------------------------------------------------------------------------


def heard(
    tree: PowerTree, ledger: Mapping[str, LedgerEntry], demands: Demands, readings: Readings, settings: Settings
) -> list[LedgerEntry]:
    """The ledger's lines in tree order after the newest readings: what they confirm leaves what stands."""
    entries = []
    for connector, known, standing in zip(tree.connectors, demands.readings, demands.standings, strict=True):
        entry = ledger.get(connector.node_id, NEVER_SENT)
        report = known.report if known is not None else None
        if report is not None and (entry.confirmed_at is None or entry.confirmed_at < report.measured_at):
            fallback = min(tree.fallbacks_w[connector.charge_point], connector.max_power_w)
            entry = _after_report(entry, report, fallback, settings)
        heard_at = readings.heard_at.get(connector.charge_point_id)
        if entry.standing and known is not None and heard_at is not None:
            entry = _after_message(entry, known, standing, heard_at, settings)
        entries.append(entry)
    return entries


def _after_message(
    entry: LedgerEntry, known: KeptReading, standing: Standing, heard_at: datetime, settings: Settings
) -> LedgerEntry:
    """What a message confirms that reports no limit: the newest setpoint, when there was time enough to apply it.

    A message after the sending shows that the link lives; `apply_grace_s` later the charger has obeyed, if the
    reading says so, or in any case where there is nothing to draw.
    """
    newest = entry.standing[-1]
    if newest.followed_at is None:
        if heard_at <= newest.first_sent_at:
            return entry
        newest = replace(newest, followed_at=heard_at)
        entry = replace(entry, standing=(*entry.standing[:-1], newest))
    if len(entry.standing) == 1 and entry.confirmed_w == newest.limit_w:
        return entry
    obeyed_from = heard_at if newest.followed_at is None else newest.followed_at
    obeyed_from += timedelta(seconds=settings.apply_grace_s)
    if standing is Standing.IDLE and heard_at >= obeyed_from:
        return LedgerEntry((newest,), newest.limit_w, heard_at)
    at_most = newest.limit_w + max(settings.apply_tolerance_w, newest.limit_w // 20)
    obeys = known.reading.applied_limit_w is None and known.reading.power_w <= at_most
    if obeys and known.measured_at >= obeyed_from:
        return LedgerEntry((newest,), newest.limit_w, known.measured_at)
    return entry


def _after_report(entry: LedgerEntry, report: LimitReport, fallback_w: Watts, settings: Settings) -> LedgerEntry:
    confirmed = _confirmed_by(report, entry, fallback_w, settings)
    if confirmed is None:
        return replace(entry, confirmed_w=report.limit_w, confirmed_at=report.measured_at)
    # The newest setpoint stands even when it is confirmed: it is what the charger will go on being told.
    kept = entry.standing[min(confirmed + 1, len(entry.standing) - 1) :]
    limit = max(report.limit_w, entry.standing[confirmed].limit_w)
    return LedgerEntry(kept, limit, report.measured_at)


def _confirmed_by(report: LimitReport, entry: LedgerEntry, fallback_w: Watts, settings: Settings) -> int | None:
    """The index of the newest standing setpoint that this report confirms."""
    tolerance = settings.apply_tolerance_w
    grace = timedelta(seconds=settings.apply_grace_s)
    if report.cycle_seq is not None:
        named = [index for index, sent in enumerate(entry.standing) if sent.first_cycle_seq <= report.cycle_seq]
        return named[-1] if named else None
    if entry.standing:
        newest = entry.standing[-1]
        if newest.first_sent_at + grace <= report.measured_at and report.limit_w <= newest.limit_w + tolerance:
            return len(entry.standing) - 1
    ambiguous = [fallback_w] if entry.confirmed_w is None else [fallback_w, entry.confirmed_w]
    needed_age = grace if any(abs(report.limit_w - each) <= tolerance for each in ambiguous) else timedelta(0)
    for index, sent in enumerate(entry.standing):
        told = sent.first_sent_at + needed_age
        in_time = told <= report.measured_at if needed_age else told < report.measured_at
        if in_time and abs(report.limit_w - sent.limit_w) <= tolerance:
            return index
    return None


def record_sent(
    entry: LedgerEntry, limit_w: Watts | None, cycle_seq: int, at: datetime, settings: Settings
) -> LedgerEntry:
    """The entry after a published cycle that lists this value (None: it says nothing)."""
    if limit_w is None:
        return entry
    overtaken_before = at - timedelta(seconds=settings.setpoint_valid_for_s + settings.apply_grace_s)
    standing = entry.standing
    if standing and standing[-1].limit_w == limit_w:
        newest = replace(standing[-1], last_cycle_seq=cycle_seq, last_sent_at=at)
        older = standing[:-1]
    else:
        newest = SentSetpoint(limit_w, cycle_seq, at, cycle_seq, at)
        older = standing
    kept = tuple(sent for sent in older if sent.last_sent_at >= overtaken_before)
    return replace(entry, standing=(*kept, newest))
