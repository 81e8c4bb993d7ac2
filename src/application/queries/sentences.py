"""Every sentence that says how a microgrid is. Times are the site's own, powers kilowatts."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from application.queries.standing import Condition, Fall, OpenBreach, Place
from domain.site.power import Watts

WITHIN_LIMITS = "All loads within limits"
NEVER_HEARD = "No data from the depot yet"
NEVER_DECIDED = "Not decided yet"


def retired(place: Place, since: datetime) -> str:
    return f"Retired on {since.astimezone(ZoneInfo(place.time_zone)):%-d %B %Y}: nothing is decided any more"


def no_data(place: Place, since: datetime | None, at: datetime) -> str:
    return NEVER_HEARD if since is None else f"No data from the depot since {clock(place, since, at)}"


def not_decided(age_s: int) -> str:
    return f"Not decided for {duration(age_s)}"


def over_limit(place: Place, breaches: Sequence[OpenBreach]) -> str:
    """The one that is most over first."""
    worst, *others = sorted(breaches, key=lambda each: -each.excess_w)
    where = place.name_of(worst.node_id)
    said = f"{where} is {kw(worst.excess_w)} over its limit" if worst.excess_w > 0 else f"{where} was over its limit"
    return f"{said}, {plural(len(others), 'other')} over theirs" if others else said


def infeasible(place: Place, condition: Condition, limit_w: Watts | None) -> str:
    where = place.name_of(condition.node_id)
    room = "its limit" if limit_w is None else f"its limit of {kw(limit_w)}"
    load = (
        f"may carry more than {room}"
        if condition.watts is None
        else f"carries up to {kw(condition.watts)}, above {room}"
    )
    return f"Cannot be kept: {where} {load}, and too much of it cannot be lowered"


def stopped(place: Place, conditions: Sequence[Condition], falls: Sequence[Fall], at: datetime) -> str:
    """The node that most of them wait for, and what happened to its limit."""
    causes = [each.because_of for each in conditions if each.because_of is not None]
    count = plural(len(conditions), "vehicle")
    if not causes:
        return f"{count} stopped"
    node_id = max(causes, key=causes.count)
    fall = next((each for each in falls if each.node_id == node_id), None)
    if fall is None:
        return f"{count} stopped: no room at {place.name_of(node_id)}"
    return f"{count} stopped: {place.name_of(node_id)} fell to {kw(fall.to_w)} at {clock(place, fall.at, at)}"


def not_honoured(place: Place, conditions: Sequence[Condition]) -> str:
    """The one that draws most over what it was told first."""
    worst, *others = sorted(conditions, key=lambda each: -(each.watts or 0))
    name = worst.node_id
    said = f"{name} draws {kw(worst.watts)} more than it was told" if worst.watts else f"{name} does not do as told"
    return f"{said}, and so {'does' if len(others) == 1 else 'do'} {plural(len(others), 'other')}" if others else said


def chargers_silent(conditions: Sequence[Condition]) -> str:
    silent = f"{plural(len(conditions), 'charger')} silent"
    return f"{silent}, room held for {'it' if len(conditions) == 1 else 'them'}" if _held_w(conditions) else silent


def meter_silent(place: Place, conditions: Sequence[Condition]) -> str:
    if len(conditions) > 1:
        return f"{len(conditions)} meters silent, their safe limits hold"
    return f"The meter of {place.name_of(conditions[0].node_id)} is silent, its safe limit holds"


def meter_contradicted(place: Place, conditions: Sequence[Condition]) -> str:
    if len(conditions) > 1:
        return f"{len(conditions)} meters cannot be right, their safe limits hold"
    return f"The meter of {place.name_of(conditions[0].node_id)} cannot be right, its safe limit holds"


def not_ready(place: Place, vehicles: int, connector: str, departs_at: datetime, at: datetime) -> str:
    """Of these vehicles the one at this connector leaves first."""
    said = f"{plural(vehicles, 'vehicle')} will not be ready in time at present powers"
    leaves = clock(place, departs_at, at)
    return (
        f"{said}: {connector} leaves at {leaves}"
        if vehicles == 1
        else f"{said}, the first, {connector}, leaves at {leaves}"
    )


def moment(place: Place, instant: datetime, at: datetime) -> str:
    """As `clock`, to the second."""
    return f"{clock(place, instant, at)}:{instant:%S}"


def clock(place: Place, instant: datetime, at: datetime) -> str:
    """The time of day on the site, with the day where it is not that of `at`."""
    zone = ZoneInfo(place.time_zone)
    local, today = instant.astimezone(zone), at.astimezone(zone)
    day = "" if local.date() == today.date() else f"{local.day} {local:%b} "
    return f"{day}{local:%H:%M}"


def kw(watts: Watts) -> str:
    """Whole kilowatts from ten on, tenths below."""
    return f"{watts / 1000:,.0f} kW" if abs(watts) >= 9_950 or watts % 1000 == 0 else f"{watts / 1000:.1f} kW"


def duration(seconds: int) -> str:
    """In the largest unit that leaves two figures or more."""
    if seconds < 600:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172_800 else f"{seconds // 86_400} d"


def plural(count: int, one: str) -> str:
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def _held_w(conditions: Sequence[Condition]) -> Watts:
    return sum(each.watts or 0 for each in conditions)
