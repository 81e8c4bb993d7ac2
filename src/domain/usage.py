"""The unused share: a connector that leaves part of its setpoint unused demands less (contract section 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.demand import Demands, Standing
from domain.ledger import LedgerEntry, SentSetpoint
from domain.power import Watts
from domain.power_tree import PowerTree
from domain.site import Settings
from domain.telemetry import KeptReading


@dataclass(frozen=True, slots=True)
class UsageMemory:
    """A connector whose readings have been below 90 % of its setpoint since `below_since`.

    `counted_at`: when the newest of them was taken. `peaks_w`: the highest power in the half window that began at
    `half_since` and in the two before it, newest first: these three always cover the window.
    """

    session_id: str | None
    below_since: datetime
    counted_at: datetime
    half_since: datetime
    peaks_w: tuple[Watts, ...]


def without_unused(
    tree: PowerTree,
    demands: Demands,
    entries: Sequence[LedgerEntry],
    memory: Mapping[str, UsageMemory],
    settings: Settings,
) -> tuple[Demands, dict[str, UsageMemory]]:
    """The demands without what is not used, and the memory after the newest readings, by connector node id.

    `entries` are the ledger's lines in tree order. A connector that is not heard yet after a take-over keeps its
    memory; one that is not seen wanting, or says itself what it wants, loses it.
    """
    window = timedelta(seconds=settings.usage_window_s)
    after: dict[str, UsageMemory] = {}
    demands_w = list(demands.demands_w)
    for index, (connector, known) in enumerate(zip(tree.connectors, demands.readings, strict=True)):
        usage = memory.get(connector.node_id)
        if known is not None:
            told = entries[index].standing
            if demands.standings[index] is not Standing.WANTING or known.reading.requested_w is not None or not told:
                continue
            usage = _after_reading(usage, known, told[-1], settings)
        if usage is None:
            continue
        after[connector.node_id] = usage
        if usage.counted_at - usage.below_since >= window:
            used_w = max(usage.peaks_w) * 11 // 10 + settings.usage_margin_w
            demands_w[index] = min(demands_w[index], max(connector.min_power_w, used_w))
    return replace(demands, demands_w=demands_w), after


def _after_reading(
    before: UsageMemory | None, known: KeptReading, newest: SentSetpoint, settings: Settings
) -> UsageMemory | None:
    """The memory after a reading; None where nothing is left unused."""
    reading, taken_at = known.reading, known.measured_at
    session_id = None if reading.session is None else reading.session.session_id
    if before is not None and before.session_id != session_id:
        before = None
    if before is not None and taken_at <= before.counted_at:
        return before
    if reading.power_w * 10 >= newest.limit_w * 9 or reading.status == "SuspendedEVSE":
        # A charger that holds its vehicle back, for a limit too low to start on, say, could not do with less.
        return None
    if before is None:
        not_yet = newest.raised and taken_at < newest.first_sent_at + timedelta(seconds=settings.apply_grace_s)
        return None if not_yet else UsageMemory(session_id, taken_at, taken_at, taken_at, (reading.power_w,))

    half = timedelta(seconds=settings.usage_window_s) / 2
    halves = (taken_at - before.half_since) // half
    if halves == 0:
        peaks = (max(before.peaks_w[0], reading.power_w), *before.peaks_w[1:])
    else:
        peaks = (reading.power_w, *[0] * min(halves - 1, 2), *before.peaks_w)[:3]
    return UsageMemory(session_id, before.below_since, taken_at, before.half_since + halves * half, peaks)
