"""How a breach ends without being seen to: its node, its limit or the whole microgrid is no more."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.breaches.exceedance import Exceedance


def ended(
    exceedances: Iterable[Exceedance], at: datetime, cycle_seq: int, event_seq: int
) -> tuple[ConstraintCleared, ...]:
    """The end of every open breach of a microgrid that is no more, as it was last seen, until now.

    `cycle_seq` is that of the last published cycle; events are numbered from `event_seq` + 1.
    """
    left = [(each, each.announced) for each in exceedances if each.announced is not None]
    return tuple(
        [
            cleared(until(known, at), announced, event_seq + number, cycle_seq, decided_at=at)
            for number, (known, announced) in enumerate(left, 1)
        ]
    )


def until(known: Exceedance, at: datetime) -> Exceedance:
    """The same, over its limit until an instant at least."""
    return replace(known, observed_at=max(known.observed_at, at))


def cleared(
    known: Exceedance, announced: ConstraintBreached, event_seq: int, cycle_seq: int, *, decided_at: datetime
) -> ConstraintCleared:
    """What was announced of a breach is over, with the figures as they are now; nothing fresh is behind it."""
    return ConstraintCleared.of(
        replace(
            announced,
            event_seq=event_seq,
            limit_w=known.limit_w,
            observed_w=known.observed_w,
            excess_w=known.excess_w,
            peak_excess_w=known.peak_excess_w,
            energy_over_limit_wh=known.energy_over_limit_ws // 3600,
            observed_at=None,
            duration_s=known.duration_s,
            cycle_seq=cycle_seq,
            decided_at=decided_at,
        )
    )
