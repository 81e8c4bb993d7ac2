"""An acceptance in a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from adapters.ocpp.spoken import ALONE
from entrypoints.accept.acceptance import Acceptance
from entrypoints.accept.outcomes import Instant, Played
from entrypoints.cli.tables import kw, new_table
from entrypoints.demo.report.html import clock


def shown(acceptance: Acceptance) -> Iterator[RenderableType]:
    """What failed, sentence by sentence; the proof and the runs as tables; which OCPP is spoken; the verdict."""
    for sentence in (*acceptance.check_failures, *acceptance.proof_failures):
        yield Text(sentence, style="bold red")
    if acceptance.draws:
        yield _proof(acceptance)
    if acceptance.outcomes:
        yield _runs(acceptance)
    yield Text(ALONE, style="dim")
    yield Text(_verdict(acceptance), style="bold")


def _proof(acceptance: Acceptance) -> Table:
    headings = ("fallbacks kW", "background kW", "worst draw kW", "safe limit kW", "limit kW")
    table = new_table("if every link died now", *headings, "fails safe")
    for draw in acceptance.draws:
        figures = (draw.fallbacks_w, draw.background_w, draw.total_w, draw.safe_w, draw.default_w)
        table.add_row("  " * draw.depth + draw.node_id, *map(kw, figures), "no" if draw.faults else "yes")
    return table


def _runs(acceptance: Acceptance) -> Table:
    table = new_table("run", "verdict", "violated", "breaches", "unexpected", "energy", "changes", "worst instant")
    for each in acceptance.outcomes:
        if isinstance(each, Played):
            table.add_row(
                each.name,
                each.summary["verdict"],
                f"{each.summary['limit_violations']} s",
                str(each.breaches_expected),
                str(each.breaches_unexpected),
                "-" if each.energy_percent is None else f"{each.energy_percent} %",
                "-" if each.changes_a_charger_and_hour is None else f"{each.changes_a_charger_and_hour} /h",
                _worst(each.worst),
            )
        else:
            table.add_row(each.name, "-", "", "", "", "", "", each.reason)
    return table


def _worst(worst: Instant | None) -> str:
    return "-" if worst is None else f"{clock(worst.second)}, {worst.sentence}"


def _verdict(acceptance: Acceptance) -> str:
    if acceptance.passed:
        return f"{acceptance.site} is accepted: pass."
    not_played = "" if acceptance.outcomes else " It was not played."
    return f"{acceptance.site} is not accepted: fail.{not_played}"
