"""The unused share: a connector that leaves part of its setpoint unused demands less (contract section 4)."""

from dataclasses import replace
from datetime import datetime

from domain.knowledge.readings import KeptReading
from domain.knowledge.sendings import SentSetpoint
from domain.site.power import Watts
from domain.site.site import Windows
from domain.values import value


@value
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

    def used_w(self, margin_w: Watts, windows: Windows) -> Watts | None:
        """What the connector could do with: a tenth and a margin more than it took; None before a whole window."""
        if self.counted_at - self.below_since < windows.usage:
            return None
        return max(self.peaks_w) * 11 // 10 + margin_w


def follow(
    before: UsageMemory | None, known: KeptReading, newest: SentSetpoint, windows: Windows
) -> UsageMemory | None:
    """The memory after a reading of a connector with demand; None where nothing is left unused."""
    reading, taken_at = known.reading, known.measured_at
    session_id = None if reading.session is None else reading.session.session_id
    if reading.requested_w is not None:
        # It says itself what it wants.
        return None
    if before is not None and before.session_id != session_id:
        before = None
    if before is not None and taken_at <= before.counted_at:
        return before
    if reading.power_w * 10 >= newest.limit_w * 9 or reading.status == "SuspendedEVSE":
        # A charger that holds its vehicle back, for a limit too low to start on, say, could not do with less.
        return None
    if before is None:
        not_yet = newest.raised and taken_at < newest.first_sent_at + windows.grace
        if not_yet:
            return None
        return UsageMemory(
            session_id=session_id,
            below_since=taken_at,
            counted_at=taken_at,
            half_since=taken_at,
            peaks_w=(reading.power_w,),
        )

    half = windows.usage / 2
    halves = (taken_at - before.half_since) // half
    if halves == 0:
        peaks = (max(before.peaks_w[0], reading.power_w), *before.peaks_w[1:])
    else:
        peaks = (reading.power_w, *[0] * min(halves - 1, 2), *before.peaks_w)[:3]
    return replace(before, counted_at=taken_at, half_since=before.half_since + halves * half, peaks_w=peaks)
