"""What vehicles make of what they are told: who demands less, who follows, who stands by (R31 to R33)."""

from datetime import datetime, timedelta

from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.readings import KeptReading
from domain.knowledge.sendings import SentSetpoint
from domain.site.power import Watts
from domain.site.site import Windows
from domain.values import value

RETRY_STEPS = 8
"""Connectors that stand by are asked again at so many different times, up to half of `standby_retry_s` apart."""


@value
class Below:
    """Readings below what it was told, without a break: since when; the highest power in the half window that began at
    `half_since` and in the two before it, newest first: these three always cover the window.
    """

    since: datetime
    half_since: datetime
    peaks_w: tuple[Watts, ...]

    def then(self, taken_at: datetime, power_w: Watts, windows: Windows) -> "Below":
        """With one more reading."""
        half = windows.usage / 2
        halves = (taken_at - self.half_since) // half
        if halves == 0:
            return Below(self.since, self.half_since, (max(self.peaks_w[0], power_w), *self.peaks_w[1:]))
        peaks_w = (power_w, *[0] * min(halves - 1, 2), *self.peaks_w)[:3]
        return Below(self.since, self.half_since + halves * half, peaks_w)


@value
class UsageMemory:
    """How a vehicle uses what its connector is told in a session.

    `counted_at`: when the newest reading that counts was taken; `below`: those without a break up to it that were below
    90 % of the setpoint. `settled`: the newest setpoint of such a reading, and what was drawn of it a grace after it
    was sent. `follows`: it draws in proportion to what it is told. `in_vain_at`: it stands by, and when a reading
    showed that last.
    """

    session_id: str | None
    counted_at: datetime
    below: Below | None = None
    settled: tuple[Watts, Watts] | None = None
    follows: bool = False
    in_vain_at: datetime | None = None

    def has_full_window(self, windows: Windows) -> bool:
        return self.below is not None and self.counted_at - self.below.since >= windows.usage

    def demand_w(
        self, index: int, at: datetime, *, minimum_w: Watts, full_w: Watts, margin_w: Watts, windows: Windows
    ) -> Watts:
        """What the connector demands at the meter, of `full_w`; `index`: its place in the tree."""
        if self.in_vain_at is not None:
            waits = windows.standby_retry * (16 + index % RETRY_STEPS) / 16
            return (minimum_w or min(margin_w, full_w)) if at - self.in_vain_at >= waits else 0
        if self.below is None or self.follows or not self.has_full_window(windows):
            return full_w
        return min(full_w, max(minimum_w, max(self.below.peaks_w) * 11 // 10 + margin_w))


def follow(
    before: UsageMemory | None, known: KeptReading, power_w: Watts, entry: LedgerEntry, *, windows: Windows
) -> UsageMemory | None:
    """The memory after a reading of a connector with demand that was told something; null where there is nothing to
    remember.
    """
    reading, taken_at, newest = known.reading, known.measured_at, entry.setpoints[-1]
    session_id = None if reading.session is None else reading.session.session_id
    if before is not None and before.session_id == session_id:
        if taken_at <= before.counted_at:
            return before
        is_full, follows = before.has_full_window(windows), before.follows
        in_vain_at = None if power_w > windows.tolerance_w else before.in_vain_at
    else:
        before, is_full, follows, in_vain_at = None, False, False, None
    # Told 0, or held back by its charger for a limit too low to start on, say, it could not do with less.
    is_held_back = newest.limit_w == 0 or (reading.status == "SuspendedEVSE" and in_vain_at is None)
    if power_w * 100 < entry.at_meter(newest.limit_w) * (95 if is_full else 90) and not is_held_back:
        below = _below(before, taken_at, power_w, newest, windows=windows)
        if below is not None:
            return _after(before, below, known, power_w, newest=newest, in_vain_at=in_vain_at, windows=windows)
    if not follows and in_vain_at is None:
        return None
    return UsageMemory(session_id, taken_at, follows=follows, in_vain_at=in_vain_at)


def _below(
    before: UsageMemory | None, taken_at: datetime, power_w: Watts, newest: SentSetpoint, *, windows: Windows
) -> Below | None:
    """The readings below the setpoint with this one; null where it comes too early after a raise to begin with."""
    if before is not None and before.below is not None:
        return before.below.then(taken_at, power_w, windows)
    if newest.raised and taken_at < newest.first_sent_at + windows.grace:
        return None
    return Below(taken_at, taken_at, (power_w,))


def _after(
    before: UsageMemory | None,
    below: Below,
    known: KeptReading,
    power_w: Watts,
    *,
    newest: SentSetpoint,
    in_vain_at: datetime | None,
    windows: Windows,
) -> UsageMemory:
    """The memory after a reading below the setpoint."""
    taken_at, session = known.measured_at, known.reading.session
    follows, settled = (False, None) if before is None else (before.follows, before.settled)
    if taken_at >= newest.first_sent_at + windows.grace:
        follows = follows or _follows(settled, (newest.limit_w, power_w))
        settled = (newest.limit_w, power_w)
    needed: timedelta = windows.usage if in_vain_at is None else 2 * windows.grace
    if taken_at - below.since >= needed and max(below.peaks_w) <= windows.tolerance_w:
        in_vain_at = taken_at
    return UsageMemory(
        session_id=None if session is None else session.session_id,
        counted_at=taken_at,
        below=below,
        settled=settled,
        follows=follows,
        in_vain_at=in_vain_at,
    )


def _follows(former: tuple[Watts, Watts] | None, now: tuple[Watts, Watts]) -> bool:
    """Whether less was drawn of a lower setpoint, at least a third of the way to in proportion (R32): one that takes
    what it wants takes the same of less.
    """
    if former is None:
        return False
    (former_w, drawn_w), (limit_w, power_w) = former, now
    return power_w > 0 and limit_w * 10 <= former_w * 8 and 3 * power_w * former_w <= drawn_w * (former_w + 2 * limit_w)
