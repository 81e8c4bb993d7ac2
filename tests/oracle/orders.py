"""Tiers, ranks and weights of the six orders in a first cycle (FILL-9 to FILL-11)."""

from fractions import Fraction
from typing import Any

from tests.oracle.depot import Connector, Depot, Rank, instant

LAST: Rank = (1,)


def tier(depot: Depot, connector: Connector) -> Rank:
    """Lower is filled first. In a greedy order no two connectors share a tier."""
    session = connector.reading.session if connector.reading is not None else {}
    match depot.order:
        case "priority":
            priority = session.get("priority")
            return (100 if priority is None else int(priority),)
        case "first_come":
            return _by_time(session.get("started_at")), connector.natural_rank
        case "earliest_departure":
            return _departure(session), connector.natural_rank
        case "least_laxity":
            return _laxity(depot, connector, session), connector.natural_rank
        case _:
            return ()


def weight(depot: Depot, connector: Connector) -> int:
    return connector.rating_w if depot.order == "proportional" else 1


def _by_time(text: str | None) -> Rank:
    return LAST if text is None else (0, instant(text))


def _departure(session: dict[str, Any]) -> Rank:
    """R33b: who needs nothing any more has no departure."""
    return LAST if _is_done(session) else _by_time(session.get("departs_at"))


def _is_done(session: dict[str, Any]) -> bool:
    energy_wh = session.get("energy_needed_wh")
    return energy_wh is not None and energy_wh <= 0


def _laxity(depot: Depot, connector: Connector, session: dict[str, Any]) -> Rank:
    """Seconds to spare: the time left less the time the energy needs at full power."""
    departs_at, energy_wh = session.get("departs_at"), session.get("energy_needed_wh")
    requested = connector.reading.requested_w if connector.reading is not None else None
    full_power = connector.rating_w if requested is None else min(requested, connector.rating_w)
    if departs_at is None or energy_wh is None or full_power == 0 or _is_done(session):
        return LAST
    left = instant(departs_at) - depot.at
    left_s = left.days * 86400 + left.seconds + Fraction(left.microseconds, 10**6)
    return 0, left_s - Fraction(int(energy_wh) * 3600, full_power)
