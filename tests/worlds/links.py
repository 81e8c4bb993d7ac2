"""Property: one charger on a random link is never permitted more than what is held for it, whatever it is told."""

from dataclasses import replace
from random import Random

from domain.knowledge.situation import Situation
from domain.sharing import rebalance
from domain.sharing.plan import Plan
from domain.sharing.rotation import Rotation
from domain.site.configuration import ChargePoint, Circuit, Connector, Settings
from tests.worlds.depot import Depot, Visit
from tests.worlds.habits import AMPERE_W, NEVER, Habits, Outage
from tests.worlds.plot import NAMED_AFTER_S, Plot
from tests.worlds.world import World

RATING_W = 150_000
RUN_S = 4_000


def fault_of_seed(seed: int) -> str | None:
    """The first decision at which it is permitted more than its exposure."""
    return Alone(_depot(seed)).first_excess()


def fault_of_silence(seed: int) -> str | None:
    """The same of a charger that says neither what it may draw nor what it does."""
    return Alone(_depot(seed, says_nothing=True)).first_excess()


def fault_of_coarse_seed(seed: int) -> str | None:
    """The same of one whose limit is read back in whole amperes, though it obeys to the watt."""
    depot = _depot(seed)
    habits = {each: replace(of_charger, reads_back_w=AMPERE_W) for each, of_charger in depot.habits.items()}
    return Alone(replace(depot, habits=habits)).first_excess()


class Alone:
    """A depot with one charger, which is told something else by chance every few cycles."""

    def __init__(self, depot: Depot) -> None:
        self._draw = Random(depot.seed)
        self._told_w = 0
        self._excess: str | None = None
        self._world = World(depot, self._decide)
        (self._charger,) = self._world.chargers.values()

    def first_excess(self) -> str | None:
        while self._world.now < RUN_S and self._excess is None:
            self._world.tick()
        return self._excess

    def _decide(self, situation: Situation, rotation: Rotation, _: Plan | None) -> Plan:
        (line,) = situation.lines
        permitted_w = self._charger.permitted_w
        if permitted_w > line.exposure_w:
            self._excess = f"second {self._world.now}: permitted {permitted_w} W, held {line.exposure_w} W"
        plan = rebalance.decide(situation, rotation)
        if self._draw.random() < 0.15:
            self._told_w = self._draw.choice([0, 6_000, 20_000, 50_000, 90_000, RATING_W - 1, RATING_W])
        (setpoint,) = plan.setpoints
        return replace(plan, setpoints=(replace(setpoint, limit_w=self._told_w),))


def _depot(seed: int, *, says_nothing: bool = False) -> Depot:
    plot = Plot(Random(seed), RUN_S)
    draw = plot.draw
    plot.settings = Settings(telemetry_cycle_interval_s=draw.choice([1, 5, 5, 10, 40]))
    plot.circuits.append(Circuit("gc-1", None, "gc-1", 4 * RATING_W))
    fallback_w = draw.choice([0, 7_000, 30_000, 60_000, RATING_W])
    plot.charge_points.append(ChargePoint("cp-1", "gc-1", RATING_W, (Connector(1, RATING_W),), fallback_w))
    names = plot.chance(30) and not says_nothing
    plot.habits["cp-1"] = Habits(
        lag_s=draw.randint(0, 19),
        every_s=draw.choice([2, 5, 10, 30, 60]),
        reports=names or (plot.chance(60) and not says_nothing),
        names=names,
        step_w=AMPERE_W if plot.chance(40) else 1,
        unknown_s=NEVER if says_nothing else 0,
    )
    plot.late_s = 2
    plot.outages["cp-1"] = tuple(_outages(plot, names=names))
    plot.visits["cp-1", 1] = tuple(_visits(plot)) if plot.chance(85) else ()
    return plot.depot(seed)


def _outages(plot: Plot, *, names: bool) -> list[Outage]:
    """In the world of one that names cycles the way down may be dead alone."""
    draw, outages, end = plot.draw, list[Outage](), NAMED_AFTER_S if names else 0
    up_s, down_s = draw.choice([30, 120, 600, RUN_S]), draw.choice([5, 40, 130, 200, 400])
    while end < RUN_S:
        start = end + 1 + int(draw.expovariate(1 / up_s))
        end = start + 1 + int(draw.expovariate(1 / down_s))
        outages.append(Outage(start, end, down_alone=names and plot.chance(50)))
    return outages


def _visits(plot: Plot) -> list[Visit]:
    """One vehicle that takes all that it may, half of the rating, or nothing, as it likes."""
    visits, second = list[Visit](), 0
    while second < RUN_S:
        visits.append(Visit(second, "s", plot.draw.choice([RATING_W, RATING_W, RATING_W // 2, 0])))
        second += 1 + int(plot.draw.expovariate(1 / 30))
    return visits
