"""What the read models say, as tables for people. Power in kW; no meaning by colour alone."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from application.queries.breaches import Breach
from application.queries.explanation import Explanation, Link
from application.queries.microgrids import MicrogridLine
from application.queries.rows import BreachState
from application.queries.state import State, StateCode
from application.queries.status import AsOf, MicrogridStatus
from application.queries.tree import Node, takes_less
from domain.knowledge.controlled import ControlledCharger
from domain.sharing.plan import Setpoint
from entrypoints.cli.tables import figure, kw, new_table, shown

PLAIN_COLUMNS = 160
"""How wide tables may be where nobody watches: piped into a file, they are not to be cut."""
NONE_OPEN = "No breach is open; busbar breaches --state all lists those that were."


def show(view: RenderableType) -> int:
    """Print a view; returns the exit code 0."""
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(width=PLAIN_COLUMNS, markup=False, emoji=False)
    console.print(view)
    return 0


def microgrids(lines: Sequence[MicrogridLine]) -> RenderableType:
    """A line a microgrid."""
    if not lines:
        return Text("There are no microgrids yet.")
    table = new_table(
        "microgrid", "name", "state", "outcome", "measured kW", "allocated kW", "open breaches", "cycle", "as of"
    )
    for line in lines:
        outcome = "not decided yet" if line.outcome is None else line.outcome + (", degraded" if line.degraded else "")
        table.add_row(
            line.microgrid_id,
            line.name,
            sentence(line.state),
            outcome,
            kw(None if line.totals is None else line.totals.measured_w),
            kw(None if line.totals is None else line.totals.allocated_w),
            Text(str(line.open_breaches), style="bold red" if line.open_breaches else ""),
            figure(line.as_of.cycle_seq),
            instant(line.as_of),
        )
    return table


def status(detail: MicrogridStatus) -> RenderableType:
    """A microgrid with its tree, its warnings and its open breaches."""
    title = Text(f"{detail.name} ({detail.microgrid_id})", style="bold")
    title.append(f", configuration {detail.configuration_version}, {instant(detail.as_of)}", style="not bold")
    parts: list[RenderableType] = [title, *sentences(detail), _tree(detail.nodes)]
    cycle = detail.latest_cycle
    if cycle is not None:
        parts.append(
            Text(
                f"Cycle {cycle.cycle_seq}: {cycle.outcome}{', degraded' if cycle.degraded else ''}; "
                f"{kw(cycle.totals.requested_w)} kW asked for, {kw(cycle.totals.allocated_w)} kW "
                f"allocated, headroom {kw(detail.headroom_w)} kW."
            )
        )
    parts += [Text(f"Warning: {each.message}", style="yellow") for each in detail.warnings]
    if unknown := detail.unknown_statuses:
        parts.append(Text(f"Statuses that OCPP does not have: {', '.join(unknown)}", style="yellow"))
    if detail.controls:
        parts.append(_controls(detail.controls))
    parts.append(breaches(detail.open_breaches, BreachState.OPEN))
    return Group(*parts)


def _controls(chargers: Sequence[ControlledCharger]) -> RenderableType:
    """What gateways found of chargers, a line each."""
    table = new_table("charger", "found", "takes", "limit is read back", "limit lapses by itself")
    for each in chargers:
        control, known = each.control, {True: "yes", False: "no", None: "not known"}
        table.add_row(
            each.charge_point_id,
            "controlled" if control.why is None else Text(f"not controlled: {control.why}", style="yellow"),
            control.unit or "not known",
            known[control.reads_back],
            known[control.lapses],
        )
    return table


def sentence(state: State) -> Text:
    """How a microgrid is, in words; a colour only beside them."""
    calm = state.code in (StateCode.WITHIN_LIMITS, StateCode.RETIRED)
    alarm = state.code in (StateCode.OVER_LIMIT, StateCode.INFEASIBLE)
    return Text(state.sentence, style="" if calm else "bold red" if alarm else "yellow")


def sentences(detail: MicrogridStatus) -> list[Text]:
    """How a microgrid is, and which vehicles will not be ready where that is so."""
    late = detail.not_ready
    return [sentence(detail.state)] if late is None else [sentence(detail.state), Text(late.sentence, style="yellow")]


def breaches(items: Sequence[Breach], state: BreachState) -> RenderableType:
    """A line a breach."""
    if not items:
        return Text(NONE_OPEN if state is BreachState.OPEN else "No breaches.")
    table = new_table(
        "microgrid",
        "node",
        "severity",
        "cause",
        "observed kW",
        "limit kW",
        "peak excess kW",
        "over kWh",
        "over since",
        "cleared",
    )
    for each in items:
        table.add_row(
            each.microgrid_id,
            each.node_id,
            Text(each.severity, style="bold red" if each.severity == "critical" else "yellow"),
            each.cause,
            kw(each.observed_w),
            kw(each.limit_w),
            kw(each.peak_excess_w),
            kw(each.energy_over_limit_wh),
            f"{each.first_observed_at:%Y-%m-%d %H:%M:%S}Z",
            "still open" if each.cleared_at is None else f"{each.cleared_at:%H:%M:%S}Z",
        )
    return table


QUALITIES = {
    "missing": "nothing of its load is measured",
    "bad": "its meter shows too little, or stands still",
    "estimated": "not all of its load is measured",
}
"""What is to be known of what a node measures; nothing where that is good."""


def explanation(explained: Explanation) -> RenderableType:
    """The reason in a sentence, the chain of limits, what is wrong with its figures, the changes."""
    changes = [
        Text(f"  {each.node_id} {each.figure}: {shown(each.before)} -> {shown(each.now)}")
        for each in explained.differences
    ]
    return Group(
        Text(f"{_sentence(explained)}", style="bold"),
        chain(explained.chain),
        *[Text(f"{each.node_id}: {QUALITIES[each.quality]}.") for each in explained.chain if each.quality in QUALITIES],
        Text("Since the cycle before:" if changes else "Nothing changed since the cycle before."),
        *changes,
        Text(instant(explained.as_of), style="dim"),
    )


def _sentence(explained: Explanation) -> str:
    setpoint = explained.setpoint
    binding = next((f"{each.name} ({each.node_id})" for each in explained.chain if each.binds), "nothing")
    told = "was never told anything" if setpoint.limit_w is None else f"may draw {kw(setpoint.limit_w)} kW"
    held = f"{kw(setpoint.reserved_w)} kW are held for it"
    why = {
        "granted": "all that it asks for",
        "limited": f"{binding} has no more for it",
        "below_minimum": f"its minimum does not fit at {binding}",
        "awaiting_decrease": f"{kw(setpoint.target_w)} kW once others have come down",
        "standby": f"it is full or asleep, and is asked again within {_minutes(explained.asked_again_within_s)} min",
        "idle": "it asks for nothing",
        "reserved": f"it is not heard from or is about to fall back, and {held}",
        "unresponsive": f"it does not do what it is told, and {held}",
    }[setpoint.reason]
    less = ", but it takes less than it may" if takes_less(setpoint) else ""
    return f"{explained.node_id} {told}: {why}{less}.{_factor(setpoint)}"


def _factor(setpoint: Setpoint) -> str:
    per_mille = setpoint.factor
    return "" if per_mille == 1000 else f" It draws {per_mille / 1000:g} W for each W it is told."


def chain(links: Sequence[Link]) -> Table:
    """A line a node with its limit and its figures."""
    table = new_table(
        "",
        "node",
        "name",
        "mode",
        "limit kW",
        "kind",
        "measured kW",
        "background kW",
        "reserved kW",
        "allocated kW",
        "headroom kW",
    )
    for link in links:
        table.add_row(
            Text("binds", style="bold") if link.binds else "",
            link.node_id,
            link.name,
            Text(link.mode or "-", style="yellow" if link.mode == "safe" else ""),
            kw(link.limit_w),
            link.limit_kind or "-",
            *(
                kw(watts)
                for watts in (
                    link.measured_w,
                    link.background_w,
                    link.reserved_w,
                    link.allocated_w,
                    link.headroom_w,
                )
            ),
        )
    return table


def _tree(nodes: Sequence[Node]) -> Table:
    table = new_table(
        "node", "name", "mode", "limit kW", "measured kW", "held kW", "background kW", "allocated kW", "headroom kW", ""
    )
    depths: dict[str | None, int] = {None: -1}
    for node in nodes:
        depth = depths[node.node_id] = depths[node.parent_id] + 1
        table.add_row(
            "  " * depth + node.node_id,
            node.name,
            Text(node.mode or "-", style="yellow" if node.mode == "safe" else ""),
            *map(
                kw, (node.limit_w, node.measured_w, node.held_w, node.background_w, node.allocated_w, node.headroom_w)
            ),
            _remark(node),
        )
    return table


def _remark(node: Node) -> Text:
    """Before the first cycle a node has no figures."""
    limit_w, measured_w = node.limit_w, node.measured_w
    if limit_w is not None and measured_w is not None and measured_w > limit_w:
        return Text("OVER", style="bold red")
    remarks = ["binds"] if node.constrained else []
    return Text(", ".join([*remarks, *[QUALITIES[each] for each in [node.quality] if each in QUALITIES]]))


def _minutes(seconds: int | None) -> str:
    return "-" if seconds is None else f"{-(-seconds // 60)}"


def instant(as_of: AsOf) -> str:
    """Of which time what is shown is."""
    return "no cycle yet" if as_of.at is None else f"{as_of.state}, as of {_utc(as_of.at)}"


def _utc(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
