"""Faults that the contract allows, several at once, in one depot: a building and eight chargers behind one meter."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias

from domain.site.configuration import ChargePoint, Circuit, Connector, Order, Strategy, Unit
from tests.worlds.depot import Depot, Gauge, Visit
from tests.worlds.edits import Change, Edit, limited, moved, rated, without
from tests.worlds.habits import AMPERE_W, Habits, Outage, Span
from tests.worlds.plot import Plot
from tests.worlds.sums import what_is_wrong
from tests.worlds.world import World

SECONDS = 2000
QUIET_S = 1400
"""From then on every vehicle stays and wants all it can get."""

RATING_W = 150_000
TIMES = range(400, 1300, 150)
"""When configurations arrive."""

Fault: TypeAlias = Callable[[Plot], None]


def fault_of_seed(seed: int) -> str | None:
    names, depot = mix(seed)
    world = World(depot)
    world.play(SECONDS)
    wrong = what_is_wrong(world)
    return None if wrong is None else f"{', '.join(names)}: {wrong}"


def mix(seed: int) -> tuple[list[str], Depot]:
    """Two to four faults by chance, and the depot that has them."""
    draw = Random(seed)
    names = draw.sample(list(FAULTS), draw.choice([2, 3, 4]))
    return names, depot_with(seed, names)


def depot_with(seed: int, names: Sequence[str]) -> Depot:
    """The depot of a seed with these faults."""
    plot = _small(seed)
    for name in names:
        FAULTS[name](plot)
    return plot.depot(seed)


def _small(seed: int) -> Plot:
    plot = Plot(Random(seed), QUIET_S)
    draw = plot.draw
    plot.strategy = Strategy(draw.choice(list(Unit)).value, draw.choice(list(Order)).value)
    plot.circuits += [
        Circuit("gc-1", None, "gc-1", 600_000, 250_000, metered=True),
        Circuit("f-1", "gc-1", "f-1", 350_000),
        Circuit("f-2", "gc-1", "f-2", 350_000),
    ]
    plot.buildings["gc-1"] = ((0, draw.randint(60, 160) * 1000),)
    plot.gauges["gc-1"] = Gauge(phase_s=draw.randrange(5))
    for number in range(1, 9):
        row = ChargePoint(
            charge_point_id=f"cp-{number}",
            circuit_id="f-1" if number <= 4 else "f-2",
            max_power_w=RATING_W,
            connectors=(Connector(1, RATING_W, 5_000), Connector(2, RATING_W // 2, 5_000))[: draw.choice([1, 2])],
            fallback_power_w=draw.choice([0, 7_000, 20_000]),
        )
        plot.charge_points.append(row)
        reports = plot.chance(60)
        plot.habits[row.charge_point_id] = Habits(
            lag_s=draw.randint(1, 18),
            every_s=draw.choice([5, 5, 10, 30]),
            phase_s=draw.randrange(30),
            reports=reports,
            names=reports and plot.chance(40),
            requests=reports or plot.chance(30),
        )
        for connector in row.connectors:
            plot.visits[row.charge_point_id, connector.connector_id] = tuple(_evening(plot, connector))
    return plot


def _evening(plot: Plot, connector: Connector) -> list[Visit]:
    """Vehicles come, are full some time before they leave or leave before that; the last one stays."""
    draw, visits, second = plot.draw, list[Visit](), 0
    while True:
        second += 1 + int(draw.expovariate(1 / 150))
        wanted_w = min(connector.max_power_w, draw.choice([RATING_W, RATING_W, 60_000, 100_000]))
        session = f"s{len(visits)}"
        if second >= QUIET_S:
            return [*visits, Visit(QUIET_S, session, wanted_w)]
        visits.append(Visit(second, session, wanted_w))
        second += 20 + int(draw.expovariate(1 / 600))
        if second < QUIET_S and plot.chance(50):
            visits.append(Visit(second, session))
            second += 60
        if second < QUIET_S:
            visits.append(Visit(second))


def _everyone(plot: Plot) -> list[str]:
    return list(plot.habits)


def _offline(plot: Plot, count: int) -> list[str]:
    """The links of some are dead from second 500 on for 25 to 300 s."""
    chosen = plot.draw.sample(_everyone(plot), count)
    outage = Outage(500, 500 + plot.draw.randint(25, 300))
    plot.outages.update(dict.fromkeys(chosen, (outage,)))
    return chosen


def _again_and_again(plot: Plot, change: Change, for_s: int) -> None:
    plot.edits += [Edit(Span(second, second + for_s), change) for second in TIMES]


def replayed(plot: Plot) -> None:
    plot.become(_offline(plot, 3), replays=True)


def names_offline(plot: Plot) -> None:
    plot.become(_everyone(plot), reports=True, names=True)
    _offline(plot, 4)


def names_lost(plot: Plot) -> None:
    plot.become(_everyone(plot), reports=True, names=True, loses=0.2)


def old_again(plot: Plot) -> None:
    plot.become(_everyone(plot), repeats=0.3)


def clocks_wrong(plot: Plot) -> None:
    for each in _everyone(plot):
        plot.become([each], clock=((0, plot.draw.randint(-20, 45)),))


def clocks_set_back(plot: Plot) -> None:
    plot.become(_everyone(plot), clock=((0, 55), (600, -15)))


def take_overs(plot: Plot) -> None:
    plot.take_overs.update(range(400, 1000, 15))


def nobody_between_take_overs(plot: Plot) -> None:
    plot.absent += [Span(second, second + 10) for second in range(405, 1000, 15)]


def meter_silent(plot: Plot) -> None:
    start = plot.draw.randint(300, 800)
    plot.gauges["gc-1"] = Gauge(silent=(Span(start, start + plot.draw.randint(20, 400)),))


def all_at_once(plot: Plot) -> None:
    for place, visits in plot.visits.items():
        later = [each for each in visits if each.start > 200]
        plot.visits[place] = (Visit(200, "all", RATING_W), *later)


def messages_late(plot: Plot) -> None:
    plot.late_s = 5


def circuit_gone_for_a_second(plot: Plot) -> None:
    _again_and_again(plot, without(circuits=("f-2",)), 1)


def chargers_gone_for_a_minute(plot: Plot) -> None:
    _again_and_again(plot, without("cp-1", "cp-2", "cp-5"), 60)


def moved_for_a_second(plot: Plot) -> None:
    _again_and_again(plot, moved(tuple(_everyone(plot)[4:]), "f-1"), 1)


def circuit_gone_and_back_at_once(plot: Plot) -> None:
    _again_and_again(plot, without(circuits=("f-2",)), 0)


def ratings_lowered(plot: Plot) -> None:
    plot.edits += [Edit(Span(second, second + 150), rated(tuple(_everyone(plot)), 40)) for second in TIMES[::2]]


def limits_flap(plot: Plot) -> None:
    _limits(plot, range(500, 900, 20), for_s=10, divisor=None)


def limits_fall_for_a_minute(plot: Plot) -> None:
    _limits(plot, range(500, 1200, 120), for_s=60, divisor=3)


def _limits(plot: Plot, seconds: range, *, for_s: int, divisor: int | None) -> None:
    for circuit in plot.circuits:
        capacity_w = 0 if divisor is None else (circuit.default_capacity_w or 0) // divisor
        change = limited(circuit.circuit_id, capacity_w, circuit.safe_operating_capacity_w)
        plot.edits += [Edit(Span(second, second + for_s), change) for second in seconds]


def asks_on_and_off(plot: Plot) -> None:
    """Every vehicle pauses for 20 of every 40 s."""
    for place, visits in plot.visits.items():
        flickering = []
        for visit, after in zip(visits, [*visits[1:], None], strict=True):
            end = QUIET_S if after is None else after.start
            flickering.append(visit)
            if visit.wanted_w:
                seconds = range(visit.start + 20, end, 20)
                flickering += [Visit(s, visit.session, i % 2 * visit.wanted_w) for i, s in enumerate(seconds)]
        last = visits[-1]
        plot.visits[place] = (*flickering, Visit(QUIET_S, last.session, last.wanted_w))


def whole_amperes(plot: Plot) -> None:
    plot.become(_everyone(plot), step_w=AMPERE_W)


def building_up_and_down(plot: Plot) -> None:
    """By 150 kW for every other 100 s."""
    _stepping(plot, 150_000)


def sun_behind_the_meter(plot: Plot) -> None:
    """30 kW less for every other 100 s."""
    _stepping(plot, -30_000)


def _stepping(plot: Plot, by_w: int) -> None:
    # Between two readings of a charger that was raised the building hides behind what that may draw by now.
    for identifier, habits in plot.habits.items():
        plot.become([identifier], every_s=min(habits.every_s, 10))
    changes = {second: by_w if second % 200 < 100 else 0 for second in range(0, SECONDS, 100)}
    before = dict(plot.buildings["gc-1"])
    steps, watts = [], 0
    for second in sorted({*changes, *before}):
        watts = before.get(second, watts)
        steps.append((second, watts + changes.get(second, 0)))
    plot.buildings["gc-1"] = tuple(steps)


FAULTS: dict[str, Fault] = {
    each.__name__: each
    for each in (
        replayed,
        names_offline,
        names_lost,
        old_again,
        clocks_wrong,
        clocks_set_back,
        take_overs,
        nobody_between_take_overs,
        meter_silent,
        all_at_once,
        messages_late,
        circuit_gone_for_a_second,
        chargers_gone_for_a_minute,
        moved_for_a_second,
        circuit_gone_and_back_at_once,
        ratings_lowered,
        limits_flap,
        limits_fall_for_a_minute,
        asks_on_and_off,
        whole_amperes,
        building_up_and_down,
        sun_behind_the_meter,
    )
}
