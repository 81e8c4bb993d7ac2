"""Depots made for rules that violations do not show: room must not be lost, and a load not stay over for long."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from domain.breaches.constraint import ConstraintBreached
from domain.site.configuration import Connector
from tests.worlds.depot import Depot, Gauge, Visit
from tests.worlds.edits import Edit, limited
from tests.worlds.habits import NEVER, Outage, Span, at_step
from tests.worlds.sums import what_is_wrong
from tests.worlds.targeted import RATING_W, metered, steady
from tests.worlds.world import World

SECONDS = 900
GRID = "gc-1"


@dataclass(frozen=True, slots=True)
class Kept:
    """A depot, the least that a connector in reach is told in the end, for each has a vehicle; and for how many seconds
    what is truly drawn may be over the limit of the grid connection. `opens`: a breach of that is announced.
    """

    depot: Callable[[], Depot]
    told_w: int = 0
    over_s: int = SECONDS
    opens: bool = False

    def fault(self) -> str | None:
        depot = self.depot()
        world, over_s = World(depot), 0
        limits_w = [(second, each.circuits[0].default_capacity_w or 0) for second, each in depot.configurations]
        while world.now < SECONDS:
            world.tick()
            over_s += world.load_w(GRID) > at_step(tuple(limits_w), world.now)
        assert world.published is not None
        reached = {each.identifier for each in world.chargers.values() if each.reached}
        told_w = min(each.limit_w or 0 for each in world.published.setpoints if each.charge_point_id in reached)
        if told_w < self.told_w:
            return f"told {told_w} W, not {self.told_w}"
        if self.opens and not any(isinstance(each, ConstraintBreached) for each in world.worker.announced):
            return "no breach is announced"
        return f"over for {over_s} s" if over_s > self.over_s else what_is_wrong(world)


def outlets_that_share_a_fallback() -> Depot:
    """Four outlets out of reach fall back to 60 kW together, not each (R18)."""
    plot = steady(4, 150_000, fallback_w=10_000)
    connectors = tuple([Connector(each, RATING_W, 5_000) for each in range(1, 5)])
    plot.charge_points[0] = replace(plot.charge_points[0], connectors=connectors, fallback_power_w=60_000)
    plot.visits |= {("cp-1", each): plot.visits["cp-1", 1] for each in range(1, 5)}
    plot.outages["cp-1"] = (Outage(400, NEVER),)
    return plot.depot(1)


def a_meter_above_power_that_nobody_knows() -> Depot:
    """What two chargers draw that do not know it is not taken for the building's (R4)."""
    plot = steady(6, 400_000)
    metered(plot, 100_000, 200_000, Gauge())
    plot.become(["cp-1", "cp-2"], reports=False, unknown_s=NEVER)
    for each in ("cp-1", "cp-2"):
        # Before that the building has been seen.
        plot.visits[each, 1] = tuple([replace(visit, start=visit.start + 120) for visit in plot.visits[each, 1]])
    return plot.depot(1)


def told_anew_every_few_seconds() -> Depot:
    """A charger that ignores what it is told, under a limit that never rests (R39)."""
    plot = steady(4, 200_000)
    plot.become(["cp-1"], factor=4.0, lag_s=2)
    plot.visits["cp-1", 1] = (Visit(300, "s", RATING_W),)
    changes = [Span(second, second + 12) for second in range(100, SECONDS, 24)]
    plot.edits += [Edit(each, limited(GRID, 180_000, None)) for each in changes]
    return plot.depot(1)


def a_vehicle_that_draws_a_third() -> Depot:
    """Told less it would draw less, and so on: it follows what it is told (R32)."""
    plot = steady(2, 100_000)
    plot.become(["cp-1"], factor=0.34)
    return plot.depot(1)


def says_that_it_ignores_its_limit() -> Depot:
    """Its vehicle takes little, until it takes all that it can get (R38)."""
    plot = steady(3, 300_000)
    plot.become(["cp-1"], ignores=True)
    plot.visits["cp-1", 1] = (Visit(20, "s", 20_000), Visit(450, "s", RATING_W))
    return plot.depot(1)


def ignores_its_limit_out_of_reach() -> Depot:
    """What it drew when it was heard last counts for a worker that has never heard it (R23)."""
    plot = steady(3, 300_000)
    plot.become(["cp-1"], ignores=True, reports=False)
    plot.outages["cp-1"] = (Outage(400, NEVER),)
    plot.take_overs.add(430)
    return plot.depot(1)


def over_while_workers_come_and_go() -> Depot:
    """An idle charger that no worker has heard for long hides no breach (R22)."""
    plot = steady(3, 100_000)
    plot.become(["cp-1"], ignores=True)
    plot.visits["cp-1", 1] = (Visit(700, "s", RATING_W),)
    del plot.visits["cp-3", 1]
    plot.outages["cp-3"] = (Outage(400, NEVER),)
    plot.take_overs.update(range(410, SECONDS, 29))
    return plot.depot(1)


DEPOTS = {
    "outlets_that_share_a_fallback": Kept(outlets_that_share_a_fallback, told_w=20_000),
    "a_meter_above_power_that_nobody_knows": Kept(a_meter_above_power_that_nobody_knows, told_w=45_000),
    "a_vehicle_that_draws_a_third": Kept(a_vehicle_that_draws_a_third, told_w=40_000),
    "says_that_it_ignores_its_limit": Kept(says_that_it_ignores_its_limit, over_s=5),
    "ignores_its_limit_out_of_reach": Kept(ignores_its_limit_out_of_reach, over_s=60),
    "over_while_workers_come_and_go": Kept(over_while_workers_come_and_go, opens=True),
    "told_anew_every_few_seconds": Kept(told_anew_every_few_seconds, over_s=200),
}


def fault_of_depot(name: str) -> str | None:
    return DEPOTS[name].fault()
