"""Whether a connector does what it is told, and how much it draws of each watt told (R34, R36 to R41)."""

from collections.abc import Sequence
from datetime import datetime

from domain.knowledge.hearing import Heard
from domain.knowledge.ledger import EXACT, LedgerEntry
from domain.knowledge.readings import KeptReading
from domain.site.power import Watts
from domain.site.site import Windows

MOST_FACTOR = 2500
"""A connector that draws more than this does not obey."""

UNLEARNED_FACTOR = 1250
"""Nor does one that draws more than this while its factor is not learned; but it is learned by."""

LEARNED_FACTOR = 1100
"""One with a factor above this has to obey by it."""

AT_ONCE = 20
"""A factor rises at once by more than this; smaller differences may be noise, and an eighth of them is taken."""


def bearable_w(entry: LedgerEntry, limit_w: Watts, unlearned: int, windows: Windows) -> Watts:
    """Above this it does not obey a limit; where its factor is not learned yet, that has still to be (R34, R37)."""
    tolerated_w = entry.at_meter(limit_w) + windows.tolerance_of(limit_w)
    if entry.factor <= LEARNED_FACTOR or not entry.taught:
        return max(tolerated_w, limit_w * unlearned // EXACT)
    return tolerated_w


def judge(entry: LedgerEntry, known: KeptReading, news: Heard, windows: Windows) -> None:
    """What a new reading shows: whether a connector with demand obeys (R38, R39), and its factor (R34)."""
    if not entry.setpoints or not news.wants:
        return
    taken_at, newest = known.measured_at, entry.setpoints[-1]
    is_over = _draws_more(entry, known, news.power_w, windows) or _says_more(entry, known, windows)
    if is_over:
        entry.over_since, entry.within_since = entry.over_since or taken_at, None
        had_grace = taken_at >= newest.first_sent_at + windows.grace
        if had_grace or taken_at - entry.over_since >= windows.background_confirm:
            entry.unresponsive = True
    else:
        entry.unresponsive = entry.unresponsive and not entry.is_explained
        entry.over_since = None
        entry.within_since = (entry.within_since or taken_at) if entry.unresponsive else None
    if news.power_w is not None and news.plausible:
        _learn(entry, known, news.power_w, news.fallback_w, windows=windows)
    if not is_over:
        entry.explained_at = None
    elif entry.explained_at is None and _is_explained(entry, taken_at, news.power_w, windows):
        entry.explained_at = taken_at


def _draws_more(entry: LedgerEntry, known: KeptReading, power_w: Watts | None, windows: Windows) -> bool:
    """Whether it draws more than is bearable of all that may be in force; not while nobody knows that (R36, R38)."""
    obeyed_w = entry.obeyed_w(known.measured_at, windows.grace)
    return obeyed_w is not None and (power_w or 0) > bearable_w(entry, obeyed_w, UNLEARNED_FACTOR, windows)


def _is_explained(entry: LedgerEntry, taken_at: datetime, power_w: Watts | None, windows: Windows) -> bool:
    """Whether its factor, which this very reading may have taught, accounts for a draw above what is in force."""
    obeyed_w = entry.obeyed_w(taken_at, windows.grace)
    if obeyed_w is None or power_w is None:
        return False
    tolerance_w = windows.tolerance_of(obeyed_w)
    return obeyed_w + tolerance_w < power_w <= entry.at_meter(obeyed_w) + tolerance_w


def _says_more(entry: LedgerEntry, known: KeptReading, windows: Windows) -> bool:
    """Whether it says, a grace after it was told, that it may draw more than that (R38); or goes on saying so (R40)."""
    newest, report = entry.setpoints[-1], known.report
    if report is None or entry.away:
        return False
    since = newest.first_sent_at if entry.back_at is None else max(newest.first_sent_at, entry.back_at)
    had_grace = entry.is_explained or report.measured_at >= since + windows.grace
    return had_grace and report.limit_w > newest.limit_w + windows.tolerance_of(newest.limit_w)


def _learn(entry: LedgerEntry, known: KeptReading, power_w: Watts, fallback_w: Watts, *, windows: Windows) -> None:
    """The factor after a plausible reading of a connector with demand (R34)."""
    newest, taken_at = entry.setpoints[-1], known.measured_at
    limit_w = newest.limit_w
    if limit_w == 0 or 10 * power_w < 9 * limit_w:
        return
    came_through_at = newest.followed_at
    if entry.names:
        named = known.named_cycle_seq
        came_through_at = newest.first_sent_at if named is not None and named >= newest.first_cycle_seq else None
    if came_through_at is None or taken_at < came_through_at + windows.grace:
        if taken_at >= newest.first_sent_at + windows.grace or entry.unresponsive:
            _learn_upwards(entry, power_w, taken_at, fallback_w, windows=windows)
        return
    if power_w > bearable_w(entry, limit_w, MOST_FACTOR, windows):
        return
    seen = max(EXACT - 10, min(MOST_FACTOR, -(-power_w * EXACT // limit_w)))
    change = seen - entry.factor
    entry.factor = seen if change > AT_ONCE else max(EXACT, entry.factor + (change + 4) // 8)
    entry.taught = True


def _learn_upwards(
    entry: LedgerEntry, power_w: Watts, taken_at: datetime, fallback_w: Watts, *, windows: Windows
) -> None:
    """Nobody knows which limit is in force, but what exceeds the highest of them shows at least so much."""
    highest_w = max([entry.confirmed_w or 0, *[sent.limit_w for sent in entry.setpoints]])
    if entry.confirmed_w is None or entry.falls_back_by(taken_at + windows.grace):
        highest_w = max(highest_w, fallback_w)
    if power_w > bearable_w(entry, highest_w, MOST_FACTOR, windows):
        return
    seen = -(-power_w * EXACT // highest_w)
    if seen - entry.factor > AT_ONCE:
        entry.factor = min(MOST_FACTOR, seen)


def readmit(entries: Sequence[LedgerEntry], readmitted_at: datetime | None, at: datetime, windows: Windows) -> bool:
    """Let one that obeys again for a grace take part again, the longest waiting first, one per grace (R41).

    Whether one does from now on; `readmitted_at`: when one did last. Changes lines of this cycle.
    """
    waiting = [
        (entry.within_since, index)
        for index, entry in enumerate(entries)
        if entry.unresponsive and entry.within_since is not None and at - entry.within_since >= windows.grace
    ]
    if not waiting or (readmitted_at is not None and at - readmitted_at < windows.grace):
        return False
    first = entries[min(waiting)[1]]
    first.unresponsive, first.within_since = False, None
    return True
