"""The acceptance of a gateway in a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from adapters.ocpp.spoken import ALONE
from application.trial.findings import Verdict
from entrypoints.accept.gateway.acceptance import Acceptance
from entrypoints.cli.tables import new_table


def shown(acceptance: Acceptance) -> Iterator[RenderableType]:
    """What every check came to, which OCPP is spoken, and the verdict."""
    table = new_table("duty", "check", "verdict", "")
    for each in acceptance.results:
        what = {
            Verdict.PASS: each.check.promise,
            Verdict.FAIL: "\n".join(each.failures),
            Verdict.NOT_SEEN: f"That takes {each.check.needs}.",
        }[each.verdict]
        verdict = each.verdict.value.replace("_", " ")
        table.add_row(str(each.check.duty), each.check.name, verdict, what, style=None if each.passed else "bold red")
    yield table
    yield Text(ALONE, style="dim")
    word = "accepted: pass" if acceptance.passed else "not accepted: fail"
    unseen = f" {acceptance.unseen} of {len(acceptance.results)} checks had nothing to judge." * bool(acceptance.unseen)
    yield Text(f"The gateway of {acceptance.site} is {word}.{unseen}", style="bold")
