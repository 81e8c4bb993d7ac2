"""What one random snapshot is rich in."""

from dataclasses import dataclass, replace
from random import Random

UNITS = ("connector", "charger")
ORDERS = ("equal_share", "proportional", "priority", "first_come", "earliest_departure", "least_laxity")


@dataclass(frozen=True)
class Mood:
    """What one snapshot is rich in: chances of a feature at each place it could stand."""

    scale: int = 1000
    unit: str = "connector"
    order: str = "equal_share"
    minimums: float = 0.0
    idle: float = 0.1
    zeros: float = 0.02
    nulls: float = 0.1
    multiple: float = 0.4
    tightness: float = 0.7
    meters: float = 0.0
    safe: float = 0.0
    silence: float = 0.0
    unheard: float = 0.0
    stale: float = 0.0
    reports: float = 0.0
    overdraw: float = 0.0
    noise: float = 0.0
    sessions: float = 0.7
    import_limit: float = 0.3
    odd_settings: float = 0.0


def any_mood(rng: Random) -> Mood:
    def chance(*chances: float) -> float:
        return rng.choice(chances)

    return Mood(
        scale=rng.choice((1, 1, 7, 1000, 1000)),
        unit=rng.choice(UNITS),
        order=rng.choice(ORDERS),
        minimums=chance(0, 0.3, 0.9),
        idle=chance(0, 0.1, 0.4),
        zeros=chance(0, 0.03, 0.15),
        nulls=chance(0, 0.1, 0.4),
        multiple=chance(0, 0.3, 0.9),
        tightness=chance(0.2, 0.5, 0.8, 1.1, 1.4),
        meters=chance(0, 0, 0.3, 0.8),
        safe=chance(0, 0.2, 0.8),
        silence=chance(0, 0.2, 0.6),
        unheard=chance(0, 0, 0, 0.1, 0.3),
        stale=chance(0, 0, 0, 0.1, 0.4),
        reports=chance(0, 0.5, 0.9, 1, 1),
        overdraw=chance(0, 0, 0.1, 0.4),
        noise=chance(0, 0.2, 0.6),
        sessions=chance(0, 0.6, 1),
        import_limit=chance(0, 0.5, 1),
        odd_settings=chance(0, 0, 0, 1),
    )


def easy_mood(rng: Random) -> Mood:
    return replace(
        Mood(),
        scale=rng.choice((1, 7, 1000)),
        minimums=rng.choice((0, 0.3, 0.9)),
        idle=rng.choice((0, 0.2)),
        zeros=rng.choice((0, 0.1)),
        multiple=rng.choice((0, 0.4)),
        tightness=rng.choice((0.2, 0.5, 0.8, 1.1)),
    )
