"""Configurations by chance: limits and ratings fall and rise, chargers and circuits come, go and come back."""

from collections.abc import Iterator
from random import Random

from tests.worlds.edits import Edit, limited, moved, rated, without
from tests.worlds.habits import NEVER, Outage, Span
from tests.worlds.plot import NAMED_AFTER_S, Plot

BACK_WITHIN_S = 45
"""What a configuration leaves out or moves though it is there stays out for less than its setpoint and loads last."""

COMMISSIONED_AFTER_S = 60
"""From the configuration that adds a charger until it is there."""


def edits_of(plot: Plot) -> Iterator[Edit]:
    """What becomes of a depot in time; when chargers come or go for good is noted in it."""
    yield from _for_good(plot)
    kinds = [_lowered, _lowered, _rated_lower, _left_out, _moved, _circuit_left_out]
    second = NAMED_AFTER_S
    while True:
        second += plot.draw.randint(60, 500)
        if second + 2 * BACK_WITHIN_S >= plot.quiet_s:
            return
        edit = plot.draw.choice(kinds)(plot, second)
        if edit is not None:
            yield edit
            second = max(second, edit.span.end)


def _for_good(plot: Plot) -> Iterator[Edit]:
    """One charger that is added, one that is taken away; neither takes part in anything else."""
    draw = plot.draw
    ids = [each.charge_point_id for each in plot.charge_points]
    second = plot.second(60, plot.quiet_s - 600)
    arrives = second + COMMISSIONED_AFTER_S
    if len(ids) > 2 and plot.chance(50) and plot.calm(arrives, arrives + 60):
        added = ids.pop()
        plot.there[added] = Span(arrives, NEVER)
        outages = plot.outages.pop(added, ())
        plot.outages[added] = tuple(
            [Outage(each.start, each.end) for each in outages if each.start > arrives + NAMED_AFTER_S]
        )
        yield Edit(Span(0, second), without(added))
    if len(ids) > 2 and plot.chance(30):
        removed, second = draw.choice(ids), plot.second(NAMED_AFTER_S)
        plot.there[removed] = Span(0, second)
        yield Edit(Span(second, NEVER), without(removed))


def _lowered(plot: Plot, second: int) -> Edit | None:
    """A limit falls, not below what the fallbacks and buildings need, while all are in reach."""
    draw = plot.draw
    circuit = draw.choice(plot.circuits)
    fallbacks_w, buildings_w, _ = plot.below(circuit.circuit_id)
    capacity_w = circuit.default_capacity_w
    if capacity_w is None or not plot.calm(second, second + 60):
        return None
    lower_w = draw.randint(fallbacks_w + buildings_w, capacity_w)
    safe_w = circuit.safe_operating_capacity_w
    safe_w = None if safe_w is None else min(safe_w, max(fallbacks_w, lower_w - buildings_w))
    return Edit(Span(second, second + draw.randint(10, 300)), limited(circuit.circuit_id, lower_w, safe_w))


def _rated_lower(plot: Plot, second: int) -> Edit | None:
    willing = [each for each in _settled(plot) if each not in plot.refusals and not plot.habits[each].loses]
    if not willing:
        return None
    return Edit(Span(second, second + plot.draw.randint(1, 300)), rated(_some(plot.draw, willing), 40))


def _left_out(plot: Plot, second: int) -> Edit | None:
    return Edit(_shortly(plot, second), without(*_some(plot.draw, _settled(plot))))


def _moved(plot: Plot, second: int) -> Edit | None:
    homes = sorted({each.circuit_id for each in plot.charge_points})
    if len(homes) < 2:
        return None
    return Edit(_shortly(plot, second), moved(_some(plot.draw, _settled(plot)), plot.draw.choice(homes)))


def _circuit_left_out(plot: Plot, second: int) -> Edit | None:
    """A feeder with its chargers, if nothing else is behind it that nobody would see meanwhile."""
    feeders = [each.circuit_id for each in plot.circuits if each.parent_id and each.circuit_id not in plot.buildings]
    if not feeders:
        return None
    return Edit(_shortly(plot, second), without(circuits=(plot.draw.choice(feeders),)))


def _shortly(plot: Plot, second: int) -> Span:
    return Span(second, second + plot.draw.choice([0, 1, 1, 10, BACK_WITHIN_S]))


def _settled(plot: Plot) -> list[str]:
    """The chargers that are there from beginning to end."""
    return [each.charge_point_id for each in plot.charge_points if each.charge_point_id not in plot.there]


def _some(draw: Random, identifiers: list[str]) -> tuple[str, ...]:
    return tuple(draw.sample(identifiers, draw.randint(1, max(1, len(identifiers) // 2))))
