"""What an acceptance came to, and its reports (DEPOT-1, DEPOT-2)."""

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any
from xml.etree import ElementTree

import pytest

from adapters.ocpp.spoken import ALONE
from application.fail_safe import worst_draws
from domain.site.power_tree import derive
from entrypoints.accept.acceptance import Acceptance, Asked
from entrypoints.accept.diagram import diagram
from entrypoints.accept.outcomes import NotPlayed, Outcome, Played
from entrypoints.accept.reports import FILES
from entrypoints.cli.check import Findings, check
from entrypoints.demo.progress import counted
from tests.builders import EIGHT, a_configuration
from tests.references import References
from tests.unit.adapters.messages.examples import CONFIGURATION

TREE = derive(a_configuration(chargers=3))
VIOLATION = {"node_id": "gc-1", "ticks": 41, "longest_s": 40, "worst_w": 56_929, "worst_s": 61}
MISSING = {"code": "breach_not_opened", "node_id": "f-1", "message": "No breach at <f-1> opened."}


def breach(cause: str) -> dict[str, Any]:
    figures = {"severity": "major", "excess_w": 9_000, "opened_s": 60, "cleared_s": None}
    return {"node_id": "gc-1", "cause": cause, **figures}


def a_run(name: str = "plain", causes: frozenset[str] = frozenset(), **more: Any) -> Played:
    """A run in which nothing went wrong, or with this instead."""
    summary = {"verdict": "pass", "simulated_s": 120, "limit_violations": 0, "true_overload_ticks": 0, "expected": []}
    energy = {"energy_delivered_wh": 905, "energy_possible_wh": 1_000}
    samples = [
        {"second": second, "load_w": [load_w, 1], "permitted_w": [60_000, 2], "capacity_w": [100_000, None]}
        for second, load_w in ((60, 91_000), (120, 50_000))
    ]
    account = {
        "violations": [],
        "true_overloads": [],
        "limit_changes": 6,
        "breaches": [],
        "time_line": {"every_s": 60, "circuits": ["gc-1", "f-1"], "samples": samples},
    }
    return Played(
        name=name,
        causes=causes,
        charge_points=3,
        summary={key: more.get(key, value) for key, value in {**summary, **energy}.items()},
        account={key: more.get(key, value) for key, value in account.items()},
    )


def an_acceptance(*outcomes: Outcome, **background_w: int) -> Acceptance:
    """One of a site whose chargers have fallbacks that fit, but for this background."""
    asked = Asked("site.json", b"{}", background_w, seed=7, seconds=120)
    draws = worst_draws(TREE, background_w)
    return Acceptance(asked, EIGHT, Findings((), ()), tree=TREE, draws=draws, outcomes=outcomes or (a_run(),))


FAILED = a_run("refuses", verdict="fail", violations=[VIOLATION], expected=[MISSING])


def test_it_passes_where_check_proof_and_every_run_do() -> None:
    assert an_acceptance().passed
    assert an_acceptance(a_run(), NotPlayed("late-meters", "there are no meters")).passed
    assert not an_acceptance(a_run(), FAILED).passed
    assert not an_acceptance(**{"f-1": 900_000}).passed
    assert not replace(an_acceptance(), outcomes=()).passed


def test_breaches_are_expected_where_the_fault_script_explains_their_cause() -> None:
    run = a_run(causes=frozenset({"stale_telemetry"}), breaches=[breach("stale_telemetry"), breach("unknown")])
    assert (run.breaches_expected, run.breaches_unexpected) == (1, 1)
    assert run.passed


def test_energy_is_held_against_what_was_possible_and_changes_are_those_a_charger_and_hour() -> None:
    assert a_run().energy_percent == 90.5
    assert a_run(energy_possible_wh=0).energy_percent is None
    # Six changes at three chargers in two minutes.
    assert a_run().changes_a_charger_and_hour == 60.0
    assert replace(a_run(), charge_points=0).changes_a_charger_and_hour is None


def test_the_worst_instant_is_a_violation_else_an_overdraw_else_where_a_circuit_was_fullest() -> None:
    overload = {**VIOLATION, "node_id": "cp-1", "worst_s": 99}
    worst = [FAILED.worst, a_run(true_overloads=[overload]).worst, a_run().worst]
    assert [None if each is None else (each.node_id, each.second) for each in worst] == [
        ("gc-1", 61),
        ("cp-1", 99),
        ("gc-1", 60),
    ]
    assert a_run().worst is not None
    assert a_run(time_line={"every_s": 5, "circuits": [], "samples": []}).worst is None


def test_the_page_says_what_is_signed_and_needs_nothing_from_anywhere() -> None:
    acceptance = an_acceptance(a_run(), FAILED, NotPlayed("late-meters", "there are no meters"), **{"f-1": 900_000})
    page = FILES["report.html"](acceptance).decode()
    references = References()
    references.feed(page)
    assert references.found == []
    assert "url(" not in page
    for said in (
        acceptance.asked.digest,
        *acceptance.versions.values(),
        *acceptance.proof_failures,
        "2026-11-22T08:00:00Z",
        "Single-line diagram of depot",
        "The fail-safe proof",
        "3 chargers, cp-1 to cp-3",
        "gc-1 was over its limit in 41 s",
        "No breach at &lt;f-1&gt; opened.",
        "56,929 W more permitted than gc-1 bears",
        "0:01:01",
        "gc-1 at 91.0 % of its capacity",
        "there are no meters",
        'class="load" points=',
        ALONE,
    ):
        assert said in page


def test_the_diagram_has_a_row_a_circuit_and_one_for_chargers_that_are_alike_below_what_feeds_them() -> None:
    symbols = diagram(TREE, frozenset({"f-1"})).symbols
    assert [(each.kind, each.metered, each.is_unsafe) for each in symbols] == [
        ("microgrid", False, False),
        ("circuit", True, False),
        ("circuit", False, True),
        ("charger", False, False),
    ]
    assert [(each.from_x, each.from_y) for each in symbols[1:]] == [(each.x, each.y) for each in symbols[:-1]]
    assert symbols[3].detail == "180 kW each, fallback 180 kW each, 2 connectors each"


def test_a_build_server_sees_a_test_for_check_proof_and_every_run() -> None:
    acceptance = an_acceptance(a_run(), FAILED, NotPlayed("late-meters", "there are no meters"))
    suite = ElementTree.fromstring(FILES["junit.xml"](acceptance))
    assert [suite.get(key) for key in ("tests", "failures", "skipped")] == ["5", "1", "1"]
    cases = {case.get("name"): [child.tag for child in case] for case in suite.findall("testcase")}
    assert cases == {
        "the configuration has no faults and no likely slips": [],
        "the site fails safe": [],
        "run plain": [],
        "run refuses": ["failure"],
        "run late-meters": ["skipped"],
    }


@pytest.mark.parametrize("key", ["circuits\ud800", "circuits\x00", "\x1b[2Jcircuits", "circuits\uffff"])
def test_reports_stay_readable_whatever_a_key_is_that_nothing_reads(key: str) -> None:
    findings = check({**CONFIGURATION, key: []})
    acceptance = replace(an_acceptance(), findings=findings)
    assert len(acceptance.check_failures) == 1
    failure = ElementTree.fromstring(FILES["junit.xml"](acceptance)).find("testcase/failure")
    assert failure is not None
    assert failure.text == acceptance.check_failures[0].replace(key[-1], ascii(key[-1])[1:-1]).replace("\x1b", "\\x1b")
    assert "circuits" in FILES["report.html"](acceptance).decode()
    assert json.loads(FILES["report.json"](acceptance))["check"]["failures"] == acceptance.check_failures


class Terminal(StringIO):
    """A stream at which somebody watches."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(StringIO(), False), (Terminal(), True)])
def test_the_runs_are_counted_at_a_terminal_alone(stream: StringIO, shown: bool) -> None:
    assert [*counted("abc", 3, "runs", stream)] == ["a", "b", "c"]
    assert ("runs" in stream.getvalue()) == shown


@pytest.mark.parametrize("name", FILES)
def test_two_reports_of_the_same_differ_in_their_date_alone(name: str) -> None:
    one = an_acceptance(a_run(), FAILED)
    other = replace(one, made_at=EIGHT + timedelta(hours=1))
    first, second = (FILES[name](each).decode() for each in (one, other))
    assert first != second
    assert first == second.replace("2026-11-22T09:00:00", "2026-11-22T08:00:00")


def test_a_program_reads_everything_but_the_time_lines() -> None:
    read = json.loads(FILES["report.json"](an_acceptance(FAILED, NotPlayed("late-meters", "there are no meters"))))
    assert (read["verdict"], read["seed"], read["for_s"], read["site"]) == ("fail", 7, 120, "depot")
    assert [(each["name"], each["verdict"], each["not_played"]) for each in read["runs"]] == [
        ("refuses", "fail", None),
        ("late-meters", None, "there are no meters"),
    ]
    assert [each["node_id"] for each in read["fail_safe"]["nodes"]] == ["depot", "gc-1", "f-1", "cp-1", "cp-2", "cp-3"]
