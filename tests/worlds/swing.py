"""Property: chargers that steadily draw a factor of what they are told, and vehicles that want more, swing nothing."""

from collections import defaultdict
from random import Random

from domain.site.configuration import ChargePoint, Circuit, Connector, Order, Strategy
from tests.worlds.depot import Depot, Gauge, Visit
from tests.worlds.habits import Habits
from tests.worlds.plot import Plot
from tests.worlds.world import World

SECONDS = 900
SETTLED_S = 180
CHANGE_PERCENT = 2
"""Of the rating: a smaller change is held back for minutes, and then comes at once (R43)."""

RATING_W = 150_000


def steady_depot(seed: int) -> Depot:
    """Everybody wants all it can get of a connection that is too small, but gives everybody its minimum."""
    plot = Plot(Random(seed), 0)
    draw = plot.draw
    count = draw.choice([2, 3, 5, 8, 12, 20])
    capacity_w = count * draw.choice([30_000, 60_000, 90_000])
    metered = plot.chance(50)
    plot.strategy = Strategy("connector", draw.choice([Order.EQUAL_SHARE, Order.PROPORTIONAL]).value)
    plot.circuits.append(Circuit("gc-1", None, "gc-1", capacity_w, capacity_w // 2 if metered else None, metered))
    if metered:
        plot.gauges["gc-1"] = Gauge(every_s=draw.choice([5, 10]))
        plot.buildings["gc-1"] = ((0, draw.choice([0, capacity_w // 5])),)
    for number in range(1, count + 1):
        identifier = f"cp-{number}"
        rating_w = draw.choice([RATING_W, RATING_W, 80_000])
        connector = Connector(1, rating_w, draw.choice([0, 5_000]))
        plot.charge_points.append(ChargePoint(identifier, "gc-1", rating_w, (connector,), 0))
        reports = plot.chance(60)
        plot.habits[identifier] = Habits(
            lag_s=draw.randint(1, 18),
            every_s=draw.choice([2, 5, 10]),
            phase_s=draw.randrange(10),
            reports=reports,
            names=reports and plot.chance(40),
            requests=plot.chance(50),
            factor=draw.randint(95, 125) / 100,
        )
        plot.visits[identifier, 1] = (Visit(0, "s", rating_w),)
    return plot.depot(seed)


def fault_of_seed(seed: int) -> str | None:
    """The first setpoint that changes by more than 2 % of its rating once all has settled."""
    world = World(steady_depot(seed))
    before: defaultdict[str, int | None] = defaultdict(lambda: None)
    for second in range(SECONDS):
        world.tick()
        for setpoint in () if world.published is None else world.published.setpoints:
            last_w, limit_w = before[setpoint.charge_point_id], setpoint.limit_w
            before[setpoint.charge_point_id] = limit_w
            if second <= SETTLED_S or last_w is None or limit_w is None:
                continue
            rating_w = world.chargers[setpoint.charge_point_id].rating_w
            if abs(limit_w - last_w) * 100 > rating_w * CHANGE_PERCENT:
                return (
                    f"second {second}: {setpoint.charge_point_id} goes from {last_w} to {limit_w} W ({setpoint.reason})"
                )
    return None
