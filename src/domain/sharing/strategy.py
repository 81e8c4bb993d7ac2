"""The order of a strategy turned into tiers, weights and ranks (FILL-9, FILL-10)."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from domain.knowledge.readings import DEFAULT_PRIORITY, KeptReading, Session
from domain.site.configuration import Order
from domain.site.power import Watts
from domain.values import value

_Key: TypeAlias = Callable[[KeptReading, Watts], float | None]

GREEDY = frozenset({Order.FIRST_COME, Order.EARLIEST_DEPARTURE, Order.LEAST_LAXITY})
"""The orders that serve one connector after another."""


@value
class Ranking:
    """Tiers and weights per connector, and the connectors' indices by (tier, rank).

    `by_rating`: the weights are ratings, and those of a charge point add up.
    """

    tiers: list[int]
    weights: list[int]
    order: list[int]
    by_rating: bool = False


def rank(order: Order, readings: Sequence[KeptReading | None], ratings_w: Sequence[Watts], at: datetime) -> Ranking:
    """Rank connectors that stand in natural id order; ties keep that order, missing keys sort last."""
    count = len(readings)
    match order:
        case Order.EQUAL_SHARE:
            return Ranking([0] * count, [1] * count, list(range(count)))
        case Order.PROPORTIONAL:
            return Ranking([0] * count, list(ratings_w), list(range(count)), by_rating=True)
        case Order.PRIORITY:
            tiers = [_priority(each) for each in readings]
            return Ranking(tiers, [1] * count, sorted(range(count), key=tiers.__getitem__))
        case Order.FIRST_COME:
            return _sorted_by(readings, ratings_w, _started_at)
        case Order.EARLIEST_DEPARTURE:
            return _sorted_by(readings, ratings_w, _departs_at)
        case Order.LEAST_LAXITY:
            return _sorted_by(readings, ratings_w, lambda known, rating: _laxity(known, rating, at))


def one_after_another(order: list[int]) -> Ranking:
    """A greedy order, given as the connectors' indices by rank: every connector is a tier of its own."""
    tiers = [0] * len(order)
    for tier, index in enumerate(order):
        tiers[index] = tier
    return Ranking(tiers, [1] * len(order), order)


def _sorted_by(readings: Sequence[KeptReading | None], ratings_w: Sequence[Watts], key: _Key) -> Ranking:
    keys = [
        _missing_last(None if known is None else key(known, rating))
        for known, rating in zip(readings, ratings_w, strict=True)
    ]
    return one_after_another(sorted(range(len(keys)), key=keys.__getitem__))


def _missing_last(key: float | None) -> tuple[bool, float]:
    return (key is None, 0 if key is None else key)


def _priority(known: KeptReading | None) -> int:
    if known is None or known.reading.session is None:
        return DEFAULT_PRIORITY
    return known.reading.session.priority


def _started_at(known: KeptReading, _: Watts) -> float | None:
    session = known.reading.session
    return None if session is None or session.started_at is None else session.started_at.timestamp()


def departure(session: Session) -> datetime | None:
    """When it departs; None where nobody knows, and where it needs nothing any more (R33b)."""
    is_done = session.energy_needed_wh is not None and session.energy_needed_wh <= 0
    return None if is_done else session.departs_at


def _departs_at(known: KeptReading, _: Watts) -> float | None:
    session = known.reading.session
    departs_at = None if session is None else departure(session)
    return None if departs_at is None else departs_at.timestamp()


def _laxity(known: KeptReading, rating: Watts, at: datetime) -> int | None:
    """(departs_at − at) − energy_needed_wh / min(rating, requested), in units of 2⁻⁹⁶ µs.

    So fine that two laxities which differ at all differ here too, and ties are decided exactly.
    """
    reading, session = known.reading, known.reading.session
    departs_at = None if session is None else departure(session)
    if session is None or departs_at is None or session.energy_needed_wh is None:
        return None
    power = rating if reading.requested_w is None else min(rating, reading.requested_w)
    if power == 0:
        return None
    left_us = (departs_at - at) // timedelta(microseconds=1)
    return (left_us << 96) - (session.energy_needed_wh * 3_600_000_000 << 96) // power
