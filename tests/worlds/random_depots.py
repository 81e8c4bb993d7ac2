"""Depots by chance: trees, chargers with habits, links, meters, buildings, configurations, take-overs.

All within what the contract promises: fallbacks and buildings fit, also into the safe capacities; what a limit that
falls or a building that rises needs lowered is in reach for long enough. The rules over time end with what they do not
give.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from domain.site.configuration import ChargePoint, Circuit, Connector, Order, Settings, Strategy, Unit
from tests.worlds import oddities
from tests.worlds.depot import Depot, Gauge, Visit
from tests.worlds.habits import AMPERE_W, NEVER, Habits, Outage, Span, Steps
from tests.worlds.plot import NAMED_AFTER_S, Plot
from tests.worlds.reconfigurations import edits_of

RATING_W = 150_000
KNOWN_BY_S = 120
"""By then a meter is relied on, and what is behind it is known."""

ROOMS_W = (25_000, 50_000, 80_000)
"""For each charger."""

SIZES = (2, 2, 3, 3, 4, 5, 6, 8, 8, 12, 20, 40)


def random_depot(seed: int, quiet_s: int = 2400) -> Depot:
    """The depot of a seed. From second `quiet_s` on nothing is wrong any more, and nothing changes."""
    plot = Plot(Random(seed), quiet_s)
    plot.late_s = plot.draw.choice([0, 0, 1, 2, 5])
    _settings(plot)
    _tree(plot)
    _habits(plot)
    _links(plot)
    _buildings(plot)
    _gauges(plot)
    _capacities(plot)
    if plot.chance(65):
        plot.edits += edits_of(plot)
    _workers(plot)
    _visits(plot)
    oddities.add(plot)
    return plot.depot(seed)


def _workers(plot: Plot) -> None:
    """Take-overs at any instant, many in a row, or after nobody was there for a while."""
    draw = plot.draw
    if plot.chance(35):
        plot.take_overs.update(plot.second(1) for _ in range(draw.randint(1, 6)))
    if plot.chance(10):
        start = plot.second(60)
        plot.take_overs.update(range(start, min(plot.quiet_s, start + 300), draw.choice([15, 29])))
    if plot.chance(15):
        plot.absent += [plot.span(5, 20) for _ in range(draw.randint(1, 3))]


def _settings(plot: Plot) -> None:
    draw = plot.draw
    plot.strategy = Strategy(draw.choice(list(Unit)).value, draw.choice(list(Order)).value)
    if plot.chance(40):
        plot.settings = Settings(
            connector_stale_after_s=draw.choice([60, 90, 300]),
            setpoint_valid_for_s=draw.choice([100, 120, 240]),
            refresh_interval_s=draw.choice([20, 40]),
        )


def _tree(plot: Plot) -> None:
    """One or two grid connections, feeders below them or not; capacities follow when it is known what is below."""
    draw = plot.draw
    count = draw.choice(SIZES)
    connections = ["gc-1", "gc-2"] if count > 5 and plot.chance(20) else ["gc-1"]
    homes = []
    for parent in connections:
        plot.circuits.append(_circuit(parent, None, metered=plot.chance(60)))
        feeders = [f"{parent}-f{each}" for each in range(1, draw.choice([1, 1, 3, 4]))] if count > 2 else []
        plot.circuits += [_circuit(each, parent, metered=plot.chance(20)) for each in feeders]
        homes += feeders or [parent]
    for number in range(1, count + 1):
        outlets = 2 if plot.chance(25) else 1
        minimum_w = draw.choice([0, 5_000])
        plot.charge_points.append(
            ChargePoint(
                charge_point_id=f"cp-{number}",
                circuit_id=draw.choice(homes),
                max_power_w=RATING_W,
                connectors=tuple([Connector(each, RATING_W, minimum_w) for each in range(1, outlets + 1)]),
                fallback_power_w=draw.choice([0, 7_000, 20_000, 30_000]),
            )
        )
    if plot.chance(15):
        # A building behind a meter of its own, beside the chargers.
        plot.circuits.append(_circuit("gc-1-building", "gc-1", metered=True))
        plot.gauges["gc-1-building"] = Gauge()


def _circuit(circuit_id: str, parent_id: str | None, *, metered: bool) -> Circuit:
    return Circuit(circuit_id=circuit_id, parent_id=parent_id, name=circuit_id, metered=metered)


def _habits(plot: Plot) -> None:
    every_s = [5, 10, 30, 60] if plot.chance(40) else [2, 5, 10]
    plot.unknown = plot.chance(35)
    for each in plot.charge_points:
        plot.habits[each.charge_point_id] = _habits_of_one(plot, every_s, outlets=len(each.connectors))


def _habits_of_one(plot: Plot, every_s: Sequence[int], *, outlets: int) -> Habits:
    draw = plot.draw
    names = plot.chance(25)
    reports = names or plot.chance(50)
    # Who names cycles has to do so in every message: nothing else shows that it received them.
    heartbeats = not names and plot.chance(30)
    unknown_s = draw.choice([30, NEVER]) if plot.unknown and outlets == 1 and plot.chance(40) else 0
    return Habits(
        # A sending arrives a second after it was decided; what names cycles may lose it.
        lag_s=draw.randint(0, plot.settings.apply_grace_s - 1),
        every_s=draw.choice(every_s),
        phase_s=draw.randrange(60),
        heartbeats=heartbeats,
        reports=reports,
        names=names,
        requests=plot.chance(40),
        step_w=AMPERE_W if plot.chance(30) else 6 * AMPERE_W if plot.chance(5) else 1,
        factor=draw.choice([1.0, 1.02, 1.05] if unknown_s else [1.0, 1.0, 0.97, 1.02, 1.05]),
        unknown_s=unknown_s,
        replays=reports and not heartbeats and plot.chance(60),
        loses_until_s=plot.quiet_s,
        loses=0.2 if names and plot.chance(40) else 0.0,
        repeats=0.1 if plot.chance(20) else 0.0,
        clock=((0, draw.randint(-20, 0 if plot.late_s else 45)),) if plot.chance(20) else (),
    )


def _links(plot: Plot) -> None:
    """Links that die for a while, and chargers that refuse for a while."""
    draw = plot.draw
    failing = draw.choice([0, 0, 10, 30, 60, 100])
    for identifier, habits in plot.habits.items():
        if plot.chance(failing):
            plot.outages[identifier] = tuple(_outages(plot, habits))
        if plot.chance(3):
            plot.refusals[identifier] = (plot.span(60, 600),)


def _outages(plot: Plot, habits: Habits) -> list[Outage]:
    draw = plot.draw
    up_s, down_s = draw.choice([120, 600, 1500]), draw.choice([5, 40, 130, 200, 400])
    outages: list[Outage] = []
    end = NAMED_AFTER_S if habits.names else 0
    while True:
        start = end + 1 + int(draw.expovariate(1 / up_s))
        end = start + 1 + int(draw.expovariate(1 / down_s))
        if end >= plot.quiet_s:
            return outages
        outages.append(Outage(start, end, down_alone=habits.names and plot.chance(50)))


def _buildings(plot: Plot) -> None:
    """Loads that nobody controls, behind meters; they rise where all are in reach, speak often and know their power."""
    draw = plot.draw
    quick = all(each.every_s <= 10 and not each.unknown_s for each in plot.habits.values())
    for circuit in plot.circuits:
        if circuit.metered and (circuit.circuit_id in plot.gauges or plot.chance(60)):
            low_w = draw.choice([10_000, 50_000, 200_000])
            steps = [(0, low_w)]
            if quick and plot.chance(90):
                high_w = low_w + draw.choice([20_000, 60_000])
                second = plot.second(120, 400)
                while second < plot.quiet_s:
                    watts = low_w if steps[-1][1] == high_w else high_w
                    if watts == low_w or plot.calm(second, second + 90):
                        steps.append((second, watts))
                    second += draw.randint(150, 500)
            plot.buildings[circuit.circuit_id] = tuple(steps)


def _capacities(plot: Plot) -> None:
    """What circuits bear: so much a charger, but never less than the fallbacks and buildings below them."""
    draw = plot.draw
    room_w = max(ROOMS_W[0], *(each.fallback_w for each in plot.charge_points), draw.choice(ROOMS_W))
    for index, circuit in enumerate(plot.circuits):
        fallbacks_w, buildings_w, chargers = plot.below(circuit.circuit_id)
        capacity_w = buildings_w + max(fallbacks_w, int(room_w * chargers * draw.choice([0.6, 0.8, 1.0, 1.0, 1.5])))
        safe_w = None
        if plot.chance(85 if circuit.metered else 10):
            safe_w = draw.randint(fallbacks_w, max(fallbacks_w, capacity_w - buildings_w))
        plot.circuits[index] = replace(circuit, default_capacity_w=capacity_w, safe_operating_capacity_w=safe_w)
    if plot.chance(15):
        connections = [each for each in plot.circuits if each.parent_id is None]
        floor_w = sum(sum(plot.below(each.circuit_id)[:2]) for each in connections)
        plot.max_import_w = max(floor_w, sum(each.default_capacity_w or 0 for each in connections) * 9 // 10)


def _gauges(plot: Plot) -> None:
    for circuit in plot.circuits:
        if circuit.metered:
            buildings = [steps for each, steps in plot.buildings.items() if circuit.circuit_id in plot.path(each)]
            plot.gauges[circuit.circuit_id] = _gauge(plot, buildings)


def _gauge(plot: Plot, buildings: Sequence[Steps]) -> Gauge:
    """A meter with its faults. One that deceives for longer than loads are held for has nothing to hide: no building
    below it, as one that has a meter of its own may have no other while that is silent.
    """
    draw = plot.draw
    gauge = Gauge(every_s=draw.choice([5, 5, 10]), phase_s=draw.randrange(10), late_s=draw.choice([0, 0, 1, 3]))
    silent = [plot.span(20, 500) for _ in range(draw.randint(1, 3))] if plot.chance(35) else []
    if plot.chance(15):
        silent.append(Span(0, draw.randint(10, 90)))
    longest, rises = 45 if buildings else 600, [second for steps in buildings for second, _ in steps]
    deceits = [plot.span(20, longest) for _ in range(draw.randint(1, 3))] if plot.chance(30) else []
    deceits = [each for each in deceits if not any(each.start - 90 < second < each.end + 90 for second in rises)]
    divides = plot.chance(50)
    return replace(
        gauge,
        silent=tuple(silent),
        divided=tuple(deceits) if divides else (),
        frozen=() if divides else tuple(deceits),
    )


def _visits(plot: Plot) -> None:
    """Vehicles come, go, ask for less and are full, on average every few minutes."""
    draw = plot.draw
    mean_s = draw.choice([120, 250, 600])
    for row in plot.charge_points:
        for connector in row.connectors:
            of_connector, number = [], 0
            second = 0 if plot.chance(30) else int(draw.expovariate(1 / mean_s))
            if plot.habits[row.charge_point_id].unknown_s:
                # What draws nobody knows how much from the start hides the building for good (R4, R27).
                second += KNOWN_BY_S
            while second < plot.quiet_s:
                wanted_w = draw.choice([None, 0, 20_000, RATING_W, RATING_W])
                number += plot.chance(50)
                session = None if wanted_w is None else f"s{number}"
                of_connector.append(Visit(second, session, wanted_w or 0))
                second += 1 + int(draw.expovariate(1 / mean_s))
            plot.visits[row.charge_point_id, connector.connector_id] = tuple(of_connector)
