"""Oddities by chance: what messages leave out or get wrong, sockets that are never at rest, settings that change."""

from dataclasses import replace

from tests.worlds.depot import Gauge
from tests.worlds.edits import Edit, limited, retimed
from tests.worlds.habits import AMPERE_W, Span
from tests.worlds.plot import Plot

FORGOTTEN_S = 300
"""By then nothing is in force any more of what was sent under former settings."""

KNOWN_AFTER_S = 60
"""So long after a building rose that is known."""


def add(plot: Plot) -> None:
    """Drawn last, so that all else of a depot stays as it is without them."""
    if plot.chance(25):
        _idle_power(plot)
    if plot.chance(25):
        _read_back_coarsely(plot)
    rises = any(len(steps) > 1 for steps in plot.buildings.values())
    if plot.chance(35) and not rises:
        _leave_connectors_out(plot)
    if plot.chance(15) and not rises:
        _say_thousandfold(plot)
    if plot.chance(20):
        _retime(plot)
    if plot.chance(50):
        _lower_below_the_safe_one(plot)


def _idle_power(plot: Plot) -> None:
    """Fans and lights, no more than what a charger falls back to."""
    for index, row in enumerate(plot.charge_points):
        if row.fallback_w and plot.chance(60):
            idle_w = plot.draw.choice([500, 1_500, 3_000])
            connectors = [replace(each, idle_power_w=idle_w) for each in row.connectors]
            plot.charge_points[index] = replace(row, connectors=tuple(connectors))


def _read_back_coarsely(plot: Plot) -> None:
    """It obeys to the watt, but says whole amperes or kilowatts."""
    for identifier in plot.habits:
        if plot.chance(50):
            plot.become([identifier], reads_back_w=plot.draw.choice([AMPERE_W, 1_000]))


def _leave_connectors_out(plot: Plot) -> None:
    """Messages of a live charger say nothing of a connector for a while, whatever happens there."""
    for row in plot.charge_points:
        if row.charge_point_id in plot.refusals:
            # What it refuses it has to be able to say.
            continue
        for connector in row.connectors:
            if plot.chance(30):
                spans = [plot.span(30, 600) for _ in range(plot.draw.randint(1, 2))]
                plot.mutes[row.charge_point_id, connector.connector_id] = tuple(spans)


def _say_thousandfold(plot: Plot) -> None:
    """Milliwatts for watts."""
    for identifier in plot.habits:
        if plot.chance(20):
            plot.misreads[identifier] = (plot.span(5, 300),)


def _retime(plot: Plot) -> None:
    """Setpoints last for another time; no charger gets less time to apply them than it needs."""
    settings = plot.settings
    for _ in range(plot.draw.randint(1, 3)):
        valid_for_s = plot.draw.choice([100, 120, 180, 240])
        grace_s = settings.apply_grace_s + plot.draw.choice([0, 0, 10])
        span = plot.span(60, 600)
        end = min(span.end, plot.quiet_s - FORGOTTEN_S)
        if span.start < end:
            plot.edits.append(Edit(Span(span.start, end), retimed(valid_for_s, grace_s)))


def _lower_below_the_safe_one(plot: Plot) -> None:
    """A limit falls below the safe one, which leaves no room for the building, while nobody sees what that draws."""
    for circuit in plot.circuits:
        fallbacks_w, buildings_w, _ = plot.below(circuit.circuit_id)
        gauge, safe_w = plot.gauges.get(circuit.circuit_id), circuit.safe_operating_capacity_w
        span = plot.span(60, 200)
        if gauge is None or safe_w is None or not plot.calm(span.start, span.end + 60):
            continue
        if fallbacks_w + buildings_w <= safe_w:
            silent = Span(span.start - plot.draw.randint(40, 90), span.end)
            if plot.rises_below(circuit.circuit_id, Span(_unseen_since(gauge, silent) - KNOWN_AFTER_S, silent.end)):
                # What rises then cannot be known, and nothing but the safe limit leaves room for it.
                continue
            plot.gauges[circuit.circuit_id] = replace(gauge, silent=(*gauge.silent, silent))
            change = limited(circuit.circuit_id, plot.draw.randint(fallbacks_w + buildings_w, safe_w), safe_w)
            # Where another edit changes the same limit, that is what holds.
            plot.edits.insert(0, Edit(span, change))


def _unseen_since(gauge: Gauge, silent: Span) -> int:
    """Since when a meter says nothing that is relied on, where it is silent for other reasons as well."""
    since = silent.start
    for each in sorted(gauge.silent, key=lambda span: span.end, reverse=True):
        if each.start < since <= each.end + KNOWN_AFTER_S:
            since = each.start
    return since
