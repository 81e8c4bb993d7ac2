"""Depots made for one rule: what a random one meets rarely. Each is played for `SECONDS` and nothing may be over."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, Strategy
from tests.worlds.depot import Depot, Gauge, Visit
from tests.worlds.edits import Edit, rated
from tests.worlds.habits import NEVER, Habits, Outage, Span
from tests.worlds.plot import Plot
from tests.worlds.sums import fault_of

SECONDS = 1600
RATING_W = 150_000


def _steady(count: int, capacity_w: int, *, fallback_w: int = 5_000, order: str = "equal_share") -> Plot:
    """Chargers below one connection, slow to apply; a vehicle at each from second 20 on takes all it can get."""
    plot = Plot(Random(1), SECONDS)
    plot.strategy = Strategy("connector", order)
    plot.circuits.append(Circuit("gc-1", None, "gc-1", capacity_w))
    for number in range(1, count + 1):
        identifier = f"cp-{number}"
        plot.charge_points.append(
            ChargePoint(identifier, "gc-1", RATING_W, (Connector(1, RATING_W, 5_000),), fallback_w)
        )
        plot.habits[identifier] = Habits(lag_s=15, phase_s=number % 5, reports=True)
        plot.visits[identifier, 1] = (Visit(20, "s", RATING_W),)
    return plot


def _metered(plot: Plot, building_w: int, safe_w: int, gauge: Gauge) -> None:
    plot.circuits[0] = replace(plot.circuits[0], metered=True, safe_operating_capacity_w=safe_w)
    plot.buildings["gc-1"] = ((0, building_w),)
    plot.gauges["gc-1"] = gauge


def _first_ones_first(plot: Plot) -> list[str]:
    """A third of the chargers get what they want first; the others."""
    identifiers = list(plot.habits)
    others = identifiers[len(identifiers) // 3 :]
    for each in others:
        plot.visits[each, 1] = (Visit(60, "s", RATING_W),)
    return others


def heard_but_not_reached() -> Depot:
    """Two thirds of the chargers go on naming a cycle long past, and fall back together (R17)."""
    plot = _steady(10, 250_000, fallback_w=20_000, order="first_come")
    plot.become(list(plot.habits), names=True)
    plot.outages.update(dict.fromkeys(_first_ones_first(plot), (Outage(400, NEVER, down_alone=True),)))
    return plot.depot(1)


def links_die_late_in_an_interval() -> Depot:
    """Room for fallbacks is made a grace before they join (R15)."""
    plot = _steady(10, 250_000, fallback_w=20_000, order="first_come")
    plot.become(list(plot.habits), lag_s=19)
    plot.outages.update(dict.fromkeys(_first_ones_first(plot), (Outage(412, NEVER),)))
    return plot.depot(1)


def missed_late() -> Depot:
    """Silent for less than `connector_stale_after_s`, they fall back all the same (R17)."""
    plot = _steady(10, 250_000, fallback_w=20_000, order="first_come")
    plot.settings = Settings(connector_stale_after_s=600)
    plot.outages.update(dict.fromkeys(_first_ones_first(plot), (Outage(400, NEVER),)))
    return plot.depot(1)


def nobody_speaks_often() -> Depot:
    """Between two cycles there would be 40 s, more than the room for a fallback may wait (R19)."""
    plot = _steady(10, 250_000, fallback_w=20_000, order="first_come")
    plot.become(list(plot.habits), every_s=60, phase_s=0, lag_s=18)
    plot.outages.update(dict.fromkeys(_first_ones_first(plot), (Outage(423, NEVER),)))
    return plot.depot(1)


def take_overs_while_the_meter_is_silent() -> Depot:
    """Workers come and go every 29 s, and the building rises behind a meter that says nothing (R22)."""
    plot = _steady(10, 800_000)
    _metered(plot, 50_000, 300_000, Gauge(silent=(Span(400, NEVER),)))
    plot.buildings["gc-1"] = ((0, 50_000), (500, 450_000))
    plot.take_overs.update(range(410, SECONDS, 29))
    return plot.depot(1)


def meter_in_kilowatts() -> Depot:
    """For ten minutes it shows a thousandth of what the chargers draw (R25)."""
    plot = _steady(8, 600_000)
    _metered(plot, 200_000, 250_000, Gauge(divided=(Span(300, 900),)))
    return plot.depot(1)


def meter_slow_to_speak() -> Depot:
    """Its first sample comes when chargers have been raised, and deceives about the building (R24)."""
    plot = _steady(10, 800_000)
    for place in plot.visits:
        plot.visits[place] = (Visit(1, "s", RATING_W),)
    _metered(plot, 300_000, 400_000, Gauge(silent=(Span(0, 25),)))
    return plot.depot(1)


def another_vehicle_behind_a_dead_link() -> Depot:
    """What a charger out of reach draws is not known, while the meter goes on seeing it (R26)."""
    plot = _steady(8, 600_000)
    _metered(plot, 200_000, 250_000, Gauge(every_s=10))
    for each in list(plot.habits)[:4]:
        plot.outages[each] = (Outage(400, 700),)
        plot.visits[each, 1] = (Visit(60, "s", RATING_W), Visit(640), Visit(660, "t", RATING_W))
    return plot.depot(1)


def ratings_lowered_out_of_reach() -> Depot:
    """They draw what they were told by the former rating until that lapses (R14)."""
    plot = _steady(6, 450_000)
    chosen = tuple(plot.habits)[:2]
    plot.outages.update(dict.fromkeys(chosen, (Outage(390, 700),)))
    plot.edits.append(Edit(Span(400, NEVER), rated(chosen, 20)))
    return plot.depot(1)


def refuses_all_it_is_told_at_first() -> Depot:
    """A charger that names cycles, willing from second 600 on: it was never told anything that stands."""
    plot = _steady(2, 60_000, fallback_w=30_000)
    plot.become(["cp-1"], names=True)
    plot.refusals["cp-1"] = (Span(0, 600),)
    return plot.depot(1)


def never_knows_its_power() -> Depot:
    """A charger that says neither its power nor its limit, told less than its fallback, was out of reach."""
    plot = _steady(2, 50_000, fallback_w=25_000, order="first_come")
    plot.become(["cp-1"], reports=False, unknown_s=NEVER)
    plot.outages["cp-1"] = (Outage(400, 700),)
    plot.visits["cp-1", 1] = (Visit(60, "s", RATING_W),)
    return plot.depot(1)


def never_knows_its_power_and_is_back_late() -> Depot:
    """The same, out of reach until just before the last fault ends."""
    depot = never_knows_its_power()
    return replace(depot, outages={"cp-1": (Outage(671, 1181),)})


def leaves_out_of_reach() -> Depot:
    """A charger says no more than that it is there while nobody charges; its vehicle left while its link was dead."""
    plot = _steady(2, 60_000)
    plot.become(["cp-1"], heartbeats=True)
    plot.outages["cp-1"] = (Outage(700, 900),)
    plot.visits["cp-1", 1] = (Visit(20, "s", RATING_W), Visit(800))
    return plot.depot(1)


SCENES: dict[str, Callable[[], Depot]] = {
    each.__name__: each
    for each in (
        heard_but_not_reached,
        links_die_late_in_an_interval,
        missed_late,
        nobody_speaks_often,
        take_overs_while_the_meter_is_silent,
        meter_in_kilowatts,
        meter_slow_to_speak,
        another_vehicle_behind_a_dead_link,
        ratings_lowered_out_of_reach,
    )
}


def fault_of_scene(name: str) -> str | None:
    return fault_of(SCENES[name](), SECONDS)
