"""When buses come and go, and in which state: drawn from a seed, endlessly, one stream of visits a connector."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TypeAlias

from adapters.simulation.layout import Layout, Outlet
from adapters.simulation.vehicle import Visit

Range: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ArrivalPlan:
    """How many buses there are and what they are like. No depot publishes these figures: all are assumptions.

    Of the `vehicles` (each has a connector of its own) `at_start` are plugged in when the run starts; the others
    return within `returns_s` after it, lane by lane. Once one has left, the next takes its connector after `away_s`.
    `needed_w` is the mean power over the stay that would give a bus what its next trip takes; it never needs
    more than `needed_percent_at_most` of a full battery.
    """

    vehicles: int
    at_start: int
    returns_s: Range = (300, 3000)
    stay_s: Range = (2700, 25200)
    away_s: Range = (900, 5400)
    battery_wh: Range = (350_000, 420_000)
    max_power_w: int = 150_000
    min_power_w: int = 10_000
    charge_percent_at_start: Range = (50, 90)
    charge_percent_on_return: Range = (20, 60)
    needed_w: Range = (20_000, 40_000)
    needed_percent_at_most: int = 95
    plugged_in_before_s: Range = (60, 3600)
    urgent_stay_s: int = 7200


def visits(plan: ArrivalPlan, layout: Layout, seed: int, start: datetime) -> list[Iterator[Visit]]:
    """For every outlet of the layout, in its order, the visits it will see; none ends where the next begins."""
    outlets = layout.outlets
    draw = Random(f"{seed}:{layout.microgrid_id}")
    used = sorted(draw.sample(range(len(outlets)), plan.vehicles))
    present = set(draw.sample(used, plan.at_start))
    returns = iter(sorted(draw.randint(*plan.returns_s) for _ in range(plan.vehicles - plan.at_start)))
    streams: list[Iterator[Visit]] = [iter(()) for _ in outlets]
    for index in used:
        first = -draw.randint(*plan.plugged_in_before_s) if index in present else next(returns)
        streams[index] = _visits_of(plan, outlets[index], index, Random(f"{seed}:{outlets[index].key}"), start, first)
    return streams


def _visits_of(
    plan: ArrivalPlan, outlet: Outlet, index: int, draw: Random, start: datetime, first_s: int
) -> Iterator[Visit]:
    """One outlet's visits. The start of the run is part of a session's id: a later run does not use it again."""
    second, number = first_s, 0
    min_power_w = max(outlet.min_power_w, min(plan.min_power_w, outlet.max_power_w // 10))
    while True:
        number += 1
        plugged_in_already = second < 0
        battery = draw.randint(*plan.battery_wh)
        percent = plan.charge_percent_at_start if plugged_in_already else plan.charge_percent_on_return
        stored = battery * draw.randint(*percent) // 100
        stay = draw.randint(*plan.stay_s)
        departure = max(second, 0) + stay
        at_most = battery * plan.needed_percent_at_most // 100 - stored
        yield Visit(
            session_id=f"{start:%Y%m%dT%H%M%S}-{index + 1}-{number}",
            arrives_at=start + timedelta(seconds=second),
            departs_at=start + timedelta(seconds=departure),
            battery_wh=battery,
            stored_wh=stored,
            needed_wh=min(stay * draw.randint(*plan.needed_w) // 3600, at_most),
            max_power_w=max(plan.max_power_w, min_power_w),
            min_power_w=min_power_w,
            priority=1 if stay < plan.urgent_stay_s else 2,
        )
        second = departure + draw.randint(*plan.away_s)
