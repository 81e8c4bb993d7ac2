"""What the acceptance of a gateway came to, and its reports (DEPOT-2, DEPOT-3)."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from rich.console import Console, Group

from application.trial.checks import CHECKS, Check, Result
from application.trial.findings import Verdict
from entrypoints.accept.asked import SiteFile
from entrypoints.accept.gateway.acceptance import Acceptance
from entrypoints.accept.gateway.reports import FILES
from entrypoints.accept.gateway.tables import shown
from tests.builders import EIGHT

BY_NAME = {each.name: each for each in CHECKS}
KEPT = tuple(Result(each, Verdict.PASS, (), 7) for each in CHECKS)
DREW = "cp-1/1 drew <16,000 W>."


def with_result(verdict: Verdict, name: str, *failures: str) -> Acceptance:
    """The acceptance of a gateway that kept all duties, but for one check."""
    check: Check = BY_NAME[name]
    found = tuple(Result(check, verdict, failures, len(failures)) if each.check is check else each for each in KEPT)
    return Acceptance(SiteFile("site.json", b"{}"), "garage", "accept", EIGHT, results=found)


@pytest.mark.parametrize(
    ("acceptance", "verdict", "in_suite"),
    [
        (with_result(Verdict.PASS, "link"), "pass", ("0", "0")),
        (with_result(Verdict.FAIL, "zero", DREW), "fail", ("1", "0")),
        (with_result(Verdict.NOT_SEEN, "zero"), "fail", ("1", "0")),
        (with_result(Verdict.NOT_SEEN, "link"), "pass", ("0", "1")),
    ],
)
def test_it_passes_where_all_was_seen_and_kept_but_for_what_not_every_depot_shows(
    acceptance: Acceptance, verdict: str, in_suite: tuple[str, str]
) -> None:
    assert acceptance.verdict == verdict
    assert json.loads(FILES["report.json"](acceptance))["verdict"] == verdict
    suite = ElementTree.fromstring(FILES["junit.xml"](acceptance))
    assert (suite.get("failures"), suite.get("skipped")) == in_suite
    assert f'<span class="{verdict}">' in FILES["report.html"](acceptance).decode()


def test_what_speaks_against_a_duty_stands_in_every_report_and_on_the_terminal() -> None:
    acceptance = with_result(Verdict.FAIL, "zero", DREW)
    page, read, suite = (form(acceptance).decode() for form in FILES.values())
    assert "cp-1/1 drew &lt;16,000 W&gt;." in page
    assert acceptance.asked.digest in page
    assert [each for each in json.loads(read)["checks"] if each["failures"]] == [
        {
            "duty": 6,
            "name": "zero",
            "promise": "A limit of 0 is a limit.",
            "verdict": "fail",
            "needs": None,
            "judged": 1,
            "failures": [DREW],
        }
    ]
    assert "duty 6: zero" in suite
    console = Console(width=200, record=True, file=None, force_terminal=False)
    with console.capture() as printed:
        console.print(Group(*shown(acceptance)))
    assert DREW in printed.get()
    assert "The gateway of garage is not accepted: fail." in printed.get()


def test_what_was_not_seen_says_what_it_takes() -> None:
    acceptance = with_result(Verdict.NOT_SEEN, "link")
    needs = "an engineer at a terminal who pulls the network plug"
    assert all(needs in form(acceptance).decode() for form in FILES.values())


@pytest.mark.parametrize("name", FILES)
def test_two_reports_of_the_same_differ_in_their_date_alone(name: str) -> None:
    one = with_result(Verdict.FAIL, "zero", DREW)
    first, second = (FILES[name](each).decode() for each in (one, replace(one, made_at=EIGHT.replace(hour=9))))
    assert first != second
    assert first == second.replace("2026-11-22T09:00:00", "2026-11-22T08:00:00")
