"""The depot in a terminal: its tree with measured load against limit, the last cycle, the vehicles that are ready.

Without a terminal: a line of plain text now and then.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from application.queries.status import LatestCycle, MicrogridStatus
from application.queries.tree import Node
from entrypoints.cli.views import sentence

SHOWN_EVERY_S = 0.2
PRINTED_EVERY_S = 5.0

BAR_CELLS = 20
EIGHTHS = " ▁▂▃▄▅▆▇█"


class LiveView:
    """A view that is updated a few times a second, whatever the speed of simulated time."""

    def __init__(self, speed: int, address: str) -> None:
        self._speed = speed
        self._address = address
        self._console = Console()
        self._live = Live(console=self._console, screen=self._console.is_terminal, auto_refresh=False)
        self._next = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        else:
            self._console.print(f"Serving {self._address}", soft_wrap=True, highlight=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def wants_an_update(self, now_s: float) -> bool:
        """Whether it is time to show something new, by a monotonic clock."""
        if now_s < self._next:
            return False
        self._next = now_s + (SHOWN_EVERY_S if self._console.is_terminal else PRINTED_EVERY_S)
        return True

    def show(self, status: MicrogridStatus | None, summary: dict[str, Any], now: datetime) -> None:
        """Show the depot as the read model has it."""
        if status is None or status.latest_cycle is None:
            return
        if self._console.is_terminal:
            self._live.update(depot_view(status, summary, now, self._speed, self._address), refresh=True)
        else:
            self._console.print(_line(status, status.latest_cycle, summary, now), soft_wrap=True, highlight=False)


def _line(status: MicrogridStatus, cycle: LatestCycle, summary: dict[str, Any], now: datetime) -> str:
    root = status.nodes[0]
    return (
        f"{now:%Y-%m-%d %H:%M:%S}Z {status.microgrid_id} cycle {cycle.cycle_seq}, {status.state.sentence}: "
        f"{_drawn(root.measured_w)} drawn, {_kw(root.allocated_w)} allocated, "
        f"headroom {_kw(status.headroom_w)}, {summary['vehicles_ready']} vehicles ready, "
        f"{summary['limit_violations']} violations"
    )


def depot_view(
    status: MicrogridStatus, summary: dict[str, Any], now: datetime, speed: int, address: str
) -> RenderableType:
    """The whole view of a depot that has had a cycle."""
    cycle = [] if status.latest_cycle is None else [_cycle(status.latest_cycle)]
    title = _title(status, now, speed, address)
    return Group(title, sentence(status.state), Text(), _tree(status), Text(), *cycle, _vehicles(summary))


def _title(status: MicrogridStatus, now: datetime, speed: int, address: str) -> Text:
    title = Text(status.name, style="bold")
    title.append(f"   {now:%a %H:%M:%S} UTC, up to {speed}x", style="dim")
    if status.as_of.state == "fresh":
        title.append(f"   live, cycle {status.as_of.cycle_seq:,}", style="green")
    else:
        title.append(f"   stale, last cycle {status.as_of.cycle_seq}", style="yellow")
    title.append(f"   {address}", style="dim")
    return title


def _tree(status: MicrogridStatus) -> Table:
    """The microgrid, its grid connections and circuits; a circuit's chargers as columns, a column a charger."""
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for heading in ("kW", "measured", "limit", "", "allocated", "headroom", "chargers"):
        figures = heading in ("measured", "limit", "allocated", "headroom")
        table.add_column(heading, justify="right" if figures else "left", no_wrap=True)
    chargers: dict[str | None, list[Node]] = defaultdict(list)
    for node in status.nodes:
        if node.node_type == "charge_point":
            chargers[node.parent_id].append(node)
    for node, depth in _with_depth(status.nodes):
        if node.node_type == "charge_point":
            continue
        name = Text("  " * depth + node.name)
        if node.mode == "safe":
            name.append(" safe", style="yellow")
        table.add_row(
            name,
            _measured(node),
            _figure(node.limit_w),
            _bar(node),
            _figure(node.allocated_w),
            _figure(node.headroom_w),
            "".join(_column(each) for each in chargers[node.node_id]),
        )
    return table


def _with_depth(nodes: Sequence[Node]) -> Iterator[tuple[Node, int]]:
    depths: dict[str | None, int] = {None: -1}
    for node in nodes:
        depths[node.node_id] = depths[node.parent_id] + 1
        yield node, depths[node.node_id]


def _bar(node: Node) -> Text:
    """Measured load over the limit in force; said in words too where it is over, never by colour alone. None where
    nobody measured it.
    """
    limit, measured = node.limit_w, node.measured_w
    if not limit or measured is None:
        return Text()
    filled = round(BAR_CELLS * max(0, min(measured, limit)) / limit)
    over = measured > limit
    style = "bold red" if over else "cyan" if measured < 0.95 * limit else "blue"
    bar = Text("█" * filled, style=style)
    bar.append("░" * (BAR_CELLS - filled), style="dim")
    bar.append(f" {100 * measured // limit:>3} %")
    if over:
        bar.append(" OVER", style="bold red")
    elif node.constrained:
        bar.append(" binds", style="dim")
    return bar


def _column(charger: Node) -> str:
    limit, measured = charger.limit_w, charger.measured_w
    if measured is None:
        return "-"
    share = max(0.0, min(1.0, measured / limit)) if limit else 0.0
    return EIGHTHS[round(share * (len(EIGHTHS) - 1))] if share > 0.02 else "·"


def _cycle(cycle: LatestCycle) -> Text:
    totals = cycle.totals
    text = Text(f"Cycle {cycle.cycle_seq:,}: {cycle.outcome}", style="bold")
    text.append(
        f", by {cycle.trigger}; {_kw(totals.requested_w)} asked for, {_kw(totals.allocated_w)} allocated, "
        f"{_kw(totals.reserved_w)} reserved, {_kw(totals.background_w)} background"
        + (", degraded" if cycle.degraded else ""),
        style="not bold",
    )
    return text


def _vehicles(summary: dict[str, Any]) -> Text:
    possible = summary["energy_possible_wh"]
    share = 100 * summary["energy_delivered_wh"] / possible if possible else 100
    return Text(
        f"Vehicles: {summary['vehicles_ready']} have what they need, {summary['vehicles_departed']} have left; "
        f"{summary['energy_delivered_wh'] / 1e6:.2f} MWh delivered ({share:.1f} % of what was possible); "
        f"limits violated in {summary['limit_violations']} seconds"
    )


def _measured(node: Node) -> str:
    """What is measured, and what is held beside it for chargers that are not heard."""
    return _figure(node.measured_w) + (f" +{_figure(node.held_w)}" if (node.held_w or 0) >= 500 else "")


def _kw(watts: int | None) -> str:
    return "no limit" if watts is None else f"{_figure(watts)} kW"


def _drawn(watts: int | None) -> str:
    return "an unknown power" if watts is None else _kw(watts)


def _figure(watts: int | None) -> str:
    return "-" if watts is None else f"{watts / 1000:,.0f}"
