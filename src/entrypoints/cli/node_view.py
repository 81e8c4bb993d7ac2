"""What holds at a node, as tables for people."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from application.queries.explanation import Link
from application.queries.node_explanation import HeldBack, NodeExplanation
from entrypoints.cli.tables import kw, new_table
from entrypoints.cli.views import QUALITIES, chain, instant


def node_explanation(explained: NodeExplanation) -> RenderableType:
    """A sentence, the way up, what is below, who is held back."""
    return Group(*_parts(explained))


def _parts(explained: NodeExplanation) -> Iterator[RenderableType]:
    node = explained.chain[0]
    yield Text(_sentence(node, len(explained.held_back)), style="bold")
    yield chain(explained.chain)
    if node.quality in QUALITIES:
        yield Text(f"{node.node_id}: {QUALITIES[node.quality]}.")
    if explained.below:
        yield Text("Below it:")
        yield chain(explained.below)
    if explained.held_back:
        yield Text("Held back by it:")
        yield _held_back(explained.held_back)
    yield Text(instant(explained.as_of), style="dim")


def _sentence(node: Link, held_back: int) -> str:
    load = "is not known" if node.measured_w is None else f"is {kw(node.measured_w)} kW"
    limit = "has no limit" if node.limit_w is None else f"may draw {kw(node.limit_w)} kW"
    room = "" if node.headroom_w is None else f", {kw(node.headroom_w)} kW are left"
    who = {0: "It holds back no connector.", 1: "It holds back one connector."}
    return (
        f"{node.node_id} {limit}, its load {load}{room}. {who.get(held_back, f'It holds back {held_back} connectors.')}"
    )


def _held_back(connectors: Sequence[HeldBack]) -> Table:
    table = new_table("connector", "told kW", "asks for kW", "target kW", "reason")
    for each in connectors:
        setpoint = each.setpoint
        figures = (setpoint.limit_w, setpoint.requested_w, setpoint.target_w)
        table.add_row(each.node_id, *map(kw, figures), setpoint.reason)
    return table
