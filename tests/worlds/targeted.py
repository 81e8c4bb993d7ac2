"""Depots made for one rule: what a random one meets rarely. Each is played for `SECONDS` and nothing may be over."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, Strategy
from tests.worlds.depot import Depot, Gauge, Visit
from tests.worlds.edits import Edit, limited, rated, retimed
from tests.worlds.habits import NEVER, Habits, Outage, Span
from tests.worlds.plot import Plot
from tests.worlds.sums import fault_of

SECONDS = 1600
RATING_W = 150_000


def steady(count: int, capacity_w: int, *, fallback_w: int = 5_000, order: str = "equal_share") -> Plot:
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


def metered(plot: Plot, building_w: int, safe_w: int, gauge: Gauge) -> None:
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
    plot = steady(10, 250_000, fallback_w=20_000, order="first_come")
    plot.become(list(plot.habits), names=True)
    plot.outages.update(dict.fromkeys(_first_ones_first(plot), (Outage(400, NEVER, down_alone=True),)))
    return plot.depot(1)


def links_die_late_in_an_interval() -> Depot:
    """Room for fallbacks is made a grace before they join (R15)."""
    plot = steady(10, 250_000, fallback_w=20_000, order="first_come")
    plot.become(list(plot.habits), lag_s=19)
    plot.outages.update(dict.fromkeys(_first_ones_first(plot), (Outage(412, NEVER),)))
    return plot.depot(1)


def missed_late() -> Depot:
    """Silent for less than `connector_stale_after_s`, they fall back all the same (R17)."""
    plot = steady(10, 250_000, fallback_w=20_000, order="first_come")
    plot.settings = Settings(connector_stale_after_s=600)
    plot.outages.update(dict.fromkeys(_first_ones_first(plot), (Outage(400, NEVER),)))
    return plot.depot(1)


def nobody_speaks_often() -> Depot:
    """Between two cycles there would be 40 s, more than the room for a fallback may wait (R19)."""
    plot = steady(10, 250_000, fallback_w=20_000, order="first_come")
    plot.become(list(plot.habits), every_s=60, phase_s=0, lag_s=18)
    plot.outages.update(dict.fromkeys(_first_ones_first(plot), (Outage(423, NEVER),)))
    return plot.depot(1)


def take_overs_while_the_meter_is_silent() -> Depot:
    """Workers come and go every 29 s, and the building rises behind a meter that says nothing (R22)."""
    plot = steady(10, 800_000)
    metered(plot, 50_000, 300_000, Gauge(silent=(Span(400, NEVER),)))
    plot.buildings["gc-1"] = ((0, 50_000), (500, 450_000))
    plot.take_overs.update(range(410, SECONDS, 29))
    return plot.depot(1)


def meter_in_kilowatts() -> Depot:
    """For ten minutes it shows a thousandth of what the chargers draw (R25)."""
    plot = steady(8, 600_000)
    metered(plot, 200_000, 250_000, Gauge(divided=(Span(300, 900),)))
    return plot.depot(1)


def another_vehicle_behind_a_dead_link() -> Depot:
    """What a charger out of reach draws is not known, while the meter goes on seeing it (R26)."""
    plot = steady(8, 600_000)
    metered(plot, 200_000, 250_000, Gauge(every_s=10))
    for each in list(plot.habits)[:4]:
        plot.outages[each] = (Outage(400, 700),)
        plot.visits[each, 1] = (Visit(60, "s", RATING_W), Visit(640), Visit(660, "t", RATING_W))
    return plot.depot(1)


def ratings_lowered_out_of_reach() -> Depot:
    """They draw what they were told by the former rating until that lapses (R14)."""
    plot = steady(6, 450_000)
    chosen = tuple(plot.habits)[:2]
    plot.outages.update(dict.fromkeys(chosen, (Outage(390, 700),)))
    plot.edits.append(Edit(Span(400, NEVER), rated(chosen, 20)))
    return plot.depot(1)


def ratings_lowered_while_vehicles_pause() -> Depot:
    """They may draw by the former rating until they have applied the new one, and the others are quicker (R14)."""
    plot = steady(6, 450_000, order="first_come")
    plot.become(list(plot.habits), lag_s=1)
    _first_ones_first(plot)
    chosen = ("cp-1", "cp-2")
    plot.become(chosen, lag_s=19)
    for each in chosen:
        plot.visits[each, 1] = (Visit(20, "s", RATING_W), Visit(396, "s"))
    plot.edits.append(Edit(Span(400, NEVER), rated(chosen, 20)))
    return plot.depot(1)


def sessions_that_nobody_says_have_ended() -> Depot:
    """Half of the chargers only say that they are there; what they were told stays theirs to draw (R7)."""
    plot = steady(8, 600_000)
    metered(plot, 200_000, 250_000, Gauge())
    for each in list(plot.habits)[:4]:
        plot.mutes[each, 1] = (Span(400, NEVER),)
        plot.visits[each, 1] = (Visit(20, "s", RATING_W), Visit(420))
    return plot.depot(1)


def who_fell_back_hides_the_building() -> Depot:
    """They draw less than when they were heard last, which the meter shows; then the limit falls (R26)."""
    plot = steady(8, 600_000)
    metered(plot, 200_000, 250_000, Gauge())
    plot.outages.update(dict.fromkeys(list(plot.habits)[:4], (Outage(400, NEVER),)))
    plot.edits.append(Edit(Span(900, NEVER), limited("gc-1", 300_000, 250_000)))
    return plot.depot(1)


def a_building_rises_behind_chargers_out_of_reach() -> Depot:
    """What they may draw hides it; when they are back their room is free at once, but not all of it is (R28)."""
    plot = steady(8, 600_000)
    metered(plot, 100_000, 250_000, Gauge())
    plot.buildings["gc-1"] = ((0, 100_000), (600, 250_000))
    plot.outages.update(dict.fromkeys(list(plot.habits)[:4], (Outage(400, 700),)))
    return plot.depot(1)


def a_rise_hidden_while_links_come_back() -> Depot:
    """Those that are heard again first may not have what the building may draw (R28)."""
    plot = steady(8, 600_000, fallback_w=20_000)
    metered(plot, 100_000, 250_000, Gauge(every_s=10))
    plot.buildings["gc-1"] = ((0, 100_000), (600, 250_000))
    plot.outages.update(dict.fromkeys(list(plot.habits)[:4], (Outage(400, 701),)))
    return plot.depot(1)


def sockets_that_never_rest() -> Depot:
    """Half of the chargers have no vehicle, but draw something all the same when the limit falls (R20)."""
    plot = steady(10, 300_000)
    for number in range(5, 10):
        connector = Connector(1, RATING_W, 5_000, idle_power_w=5_000)
        plot.charge_points[number] = replace(plot.charge_points[number], connectors=(connector,))
        del plot.visits[plot.charge_points[number].charge_point_id, 1]
    plot.edits.append(Edit(Span(400, NEVER), limited("gc-1", 120_000, None)))
    return plot.depot(1)


def refuses_to_be_lowered() -> Depot:
    """A vehicle pauses, another comes, and the charger of the first one keeps what it had until that lapses (R5)."""
    plot = steady(3, 200_000, order="first_come")
    plot.become(["cp-1"], reports=False)
    plot.visits["cp-1", 1] = (Visit(20, "s", RATING_W), Visit(395, "s"))
    plot.visits["cp-2", 1] = plot.visits["cp-3", 1] = (Visit(400, "s", RATING_W),)
    plot.refusals["cp-1"] = (Span(390, NEVER),)
    return plot.depot(1)


def validity_shortened() -> Depot:
    """What was sent under the former configuration lasts as long as that said (R8)."""
    plot = steady(3, 200_000)
    plot.settings = Settings(setpoint_valid_for_s=240)
    plot.become(list(plot.habits), lag_s=1)
    for each in ("cp-2", "cp-3"):
        plot.visits[each, 1] = (Visit(20, "s", RATING_W), Visit(396), Visit(455, "t", RATING_W))
    plot.outages["cp-1"] = (Outage(453, NEVER),)
    plot.edits.append(Edit(Span(464, NEVER), retimed(100, 20)))
    return plot.depot(1)


def limit_lowered_below_the_safe_one() -> Depot:
    """While the meter says nothing, the building goes on drawing behind it (R29)."""
    plot = steady(8, 600_000)
    metered(plot, 200_000, 300_000, Gauge(silent=(Span(400, NEVER),)))
    plot.edits.append(Edit(Span(500, NEVER), limited("gc-1", 250_000, 300_000)))
    return plot.depot(1)


def refuses_all_it_is_told_at_first() -> Depot:
    """A charger that names cycles, willing from second 600 on: it was never told anything that stands."""
    plot = steady(2, 60_000, fallback_w=30_000)
    plot.become(["cp-1"], names=True)
    plot.refusals["cp-1"] = (Span(0, 600),)
    return plot.depot(1)


def never_knows_its_power() -> Depot:
    """A charger that says neither its power nor its limit, told less than its fallback, was out of reach."""
    plot = steady(2, 50_000, fallback_w=25_000, order="first_come")
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
    plot = steady(2, 60_000)
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
        another_vehicle_behind_a_dead_link,
        ratings_lowered_out_of_reach,
        ratings_lowered_while_vehicles_pause,
        sessions_that_nobody_says_have_ended,
        who_fell_back_hides_the_building,
        a_building_rises_behind_chargers_out_of_reach,
        a_rise_hidden_while_links_come_back,
        sockets_that_never_rest,
        refuses_to_be_lowered,
        validity_shortened,
        limit_lowered_below_the_safe_one,
    )
}


def fault_of_scene(name: str) -> str | None:
    return fault_of(SCENES[name](), SECONDS)
