"""The depot on a screen of text: its tree with measured load against limit, the last cycle, what vehicles have got.

A screen of 80 x 24 is enough. Where there is less room than a depot needs, names are shortened first, then columns are
left out, then circuits in which nothing is to be seen.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from textwrap import wrap
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from application.queries.status import LatestCycle, MicrogridStatus
from application.queries.tree import Node
from entrypoints.cli.views import sentences
from entrypoints.demo.columns import Column, fitting, flowed, table, taken

EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
PERCENT: Final = 6
"""Cells of the figure behind a bar."""
SHORTEST_BAR, LONGEST_BAR = 8, 40


@dataclass(frozen=True, slots=True)
class Screen:
    """How large it is, and what is said of the demo itself: how fast it goes at most, where its page is."""

    width: int
    height: int
    speed: int
    address: str

    def of(self, status: MicrogridStatus, summary: Mapping[str, Any], now: datetime) -> RenderableType:
        """The whole view of a depot."""
        said = [Text(line, style=each.style) for each in sentences(status) for line in wrap(each.plain, self.width)]
        above = [*flowed(self._title(status, now), self.width), *said]
        cycle = [] if status.latest_cycle is None else _cycle(status.latest_cycle)
        below = [line for parts in (cycle, _vehicles(summary), _LEGEND) for line in flowed(parts, self.width)]
        blank = [Text()]
        around = len(above) + len(below) + 2 * len(blank)
        return Group(*above, *blank, *self._tree(status.nodes, self.height - around), *blank, *below)

    def _title(self, status: MicrogridStatus, now: datetime) -> list[Text]:
        local = now.astimezone(ZoneInfo(status.time_zone))
        cycle = status.as_of.cycle_seq
        live = status.as_of.state == "fresh"
        return [
            Text(status.name, style="bold"),
            Text(f"live, cycle {cycle:,}", style="green") if live else Text(f"stale, cycle {cycle}", style="yellow"),
            Text(f"{local:%a %H:%M:%S %Z}, up to {self.speed}x", style="dim"),
            Text(self.address, style="dim"),
        ]

    def _tree(self, nodes: Sequence[Node], lines: int) -> list[Text]:
        """The microgrid, its grid connections and circuits, as many as there is room for."""
        depths = _depths(nodes)
        all_of_them = [node for node in nodes if node.node_type != "charge_point"]
        shown = _foremost(all_of_them, depths, lines - 1)
        names = Column("kW", [Text("  " * depths[each.node_id] + each.name) for each in shown], to_the_right=False)
        columns = fitting(names, _columns(shown, _chargers(nodes)), self.width)
        spare = self.width - names.width - taken(columns)
        bars = SHORTEST_BAR + max(0, min(LONGEST_BAR - SHORTEST_BAR, spare))
        columns = [
            replace(each, cells=[_bar(node, bars) for node in shown]) if each.rank == _BAR else each for each in columns
        ]
        return [*table(names, columns, self.width), *_left_out(all_of_them, shown)]


_BAR: Final = 1


def _columns(nodes: Sequence[Node], chargers: Mapping[str | None, str]) -> list[Column]:
    def of(heading: str, cells: Sequence[str], rank: int = 0) -> Column:
        return Column(heading, [Text(each) for each in cells], rank)

    return [
        of("measured", [_measured(each) for each in nodes]),
        of("limit", [_figure(each.limit_w) for each in nodes]),
        Column("", [_mark(each) for each in nodes], to_the_right=False),
        Column("", [_bar(each, SHORTEST_BAR) for each in nodes], _BAR, to_the_right=False),
        of("headroom", [_figure(each.headroom_w) for each in nodes], 2),
        of("allocated", [_figure(each.allocated_w) for each in nodes], 4),
        Column("chargers", [Text(chargers.get(each.node_id, "")) for each in nodes], 3, to_the_right=False),
    ]


def _depths(nodes: Sequence[Node]) -> Mapping[str | None, int]:
    depths: dict[str | None, int] = {None: -1}
    for node in nodes:
        depths[node.node_id] = depths[node.parent_id] + 1
    return depths


def _foremost(nodes: Sequence[Node], depths: Mapping[str | None, int], count: int) -> Sequence[Node]:
    """As many as fit, in their order: first those over their limits with all above them, then what binds or is not
    known, then the others from the top.
    """
    if len(nodes) <= count:
        return nodes
    urgency: dict[str | None, int] = defaultdict(lambda: len(_URGENT))
    for node in reversed(nodes):
        urgency[node.node_id] = min(urgency[node.node_id], _urgency(node))
        urgency[node.parent_id] = min(urgency[node.parent_id], urgency[node.node_id])
    foremost = sorted(nodes, key=lambda node: (urgency[node.node_id], depths[node.node_id]))
    chosen = {each.node_id for each in foremost[: max(1, count - 1)]}
    return [node for node in nodes if node.node_id in chosen]


def _left_out(nodes: Sequence[Node], shown: Sequence[Node]) -> list[Text]:
    left_out = [node for node in nodes if node not in shown]
    if not left_out:
        return []
    over = sum(_mark(node).plain == _URGENT[0] for node in left_out)
    said = "none of them" if over == 0 else f"{over} of them"
    return [Text(f"and {len(left_out)} more, {said} over the limit", style="bold red" if over else "dim")]


_URGENT: Final = ("OVER", "safe", "binds")


def _urgency(node: Node) -> int:
    mark = _mark(node).plain
    return _URGENT.index(mark) if mark else len(_URGENT)


def _mark(node: Node) -> Text:
    """What is to be known of a node, in a word: never by colour alone."""
    if node.limit_w is not None and node.measured_w is not None and node.measured_w > node.limit_w:
        return Text("OVER", style="bold red")
    if node.mode == "safe":
        return Text("safe", style="yellow")
    return Text("binds", style="dim") if node.constrained else Text()


def _bar(node: Node, cells: int) -> Text:
    """Measured load over the limit in force. None where nobody measured it."""
    limit, measured = node.limit_w, node.measured_w
    if not limit or measured is None:
        return Text()
    filled = round(cells * max(0, min(measured, limit)) / limit)
    style = "bold red" if measured > limit else "cyan" if measured < 0.95 * limit else "blue"
    bar = Text("█" * filled, style=style)
    bar.append("░" * (cells - filled), style="dim")
    return bar.append(f"{100 * measured // limit:>4} %")


def _chargers(nodes: Sequence[Node]) -> Mapping[str | None, str]:
    """The chargers of a circuit as columns, a column a charger."""
    chargers: dict[str | None, str] = defaultdict(str)
    for node in nodes:
        if node.node_type == "charge_point":
            chargers[node.parent_id] += _column(node)
    return chargers


def _column(charger: Node) -> str:
    limit, measured = charger.limit_w, charger.measured_w
    if measured is None:
        return "-"
    share = max(0.0, min(1.0, measured / limit)) if limit else 0.0
    return EIGHTHS[round(share * (len(EIGHTHS) - 1))] if share > 0.02 else "·"


def _cycle(cycle: LatestCycle) -> list[Text]:
    totals = cycle.totals
    outcome = f"Cycle {cycle.cycle_seq:,}: {cycle.outcome}{', degraded' if cycle.degraded else ''}"
    figures = (
        f"{kilowatts(totals.requested_w)} asked for",
        f"{kilowatts(totals.allocated_w)} allocated",
        f"{kilowatts(totals.reserved_w)} reserved",
        f"{kilowatts(totals.background_w)} background",
    )
    return [Text(outcome, style="bold"), *map(Text, figures)]


def _vehicles(summary: Mapping[str, Any]) -> list[Text]:
    possible = summary["energy_possible_wh"]
    share = 100 * summary["energy_delivered_wh"] / possible if possible else 100
    return [
        Text(f"Vehicles: {summary['vehicles_ready']} took all they wanted"),
        Text(f"{summary['vehicles_departed']} have left"),
        Text(f"{summary['energy_delivered_wh'] / 1e6:.2f} MWh delivered, {share:.1f} % of what was possible"),
        Text(f"limits violated in {summary['limit_violations']} seconds"),
    ]


_LEGEND: Final = [
    Text(each, style="dim")
    for each in ("█ drawn ░ left", "·▁▄█ charger", "- not known", "+5 held beside", "safe: safe limit")
]


def _measured(node: Node) -> str:
    """What is measured, and what is held beside it for chargers that are not heard."""
    return _figure(node.measured_w) + (f" +{_figure(node.held_w)}" if (node.held_w or 0) >= 500 else "")


def kilowatts(watts: int | None) -> str:
    """Whole kilowatts in words."""
    return "no limit" if watts is None else f"{_figure(watts)} kW"


def _figure(watts: int | None) -> str:
    return "-" if watts is None else f"{watts / 1000:,.0f}"
