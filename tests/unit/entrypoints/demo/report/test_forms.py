"""A run as a file: for people, for build servers and for programs (CLI-12)."""

import json
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from adapters.simulation.layout import read_layout
from adapters.simulation.scenarios import SCENARIOS
from adapters.simulation.timeline import MOST_SAMPLES, TimeLine
from entrypoints.demo.progress import watched
from entrypoints.demo.report.forms import FORMS
from entrypoints.demo.report.html import clock
from entrypoints.demo.report.run import Run
from tests.references import References
from tests.unit.conftest import CommandLine

VIOLATION = {"node_id": "gc-1", "ticks": 41, "longest_s": 40, "worst_w": 56_929, "worst_s": 371}
MISSING = {"code": "breach_not_opened", "node_id": "f-1", "message": "No breach at <f-1> opened."}


def a_run(**more: Any) -> Run:
    """A run in which something went wrong, or with this instead."""
    summary = {
        "scenario": "two",
        "fault": "ignores-setpoint",
        "seed": 7,
        "simulated_s": 120,
        "limit_violations": 41,
        "true_overload_ticks": 0,
        "verdict": "fail",
        "expected": [MISSING],
        "violations": [],
    }
    account = {
        "started_at": "2026-03-16T08:00:00Z",
        "chargers": "real",
        "habits": {"cp-1": {"lag_s": 11, "factor": 1043}, "gc-1": {"interval_s": 7, "late_s": 2}},
        "violations": [VIOLATION],
        "true_overloads": [],
        "breaches": [
            {"node_id": "gc-1", "cause": "unmanaged_load", "severity": "major", "excess_w": 9_000}
            | {"opened_s": 60, "cleared_s": None}
        ],
        "configurations": [{"second": 0, "version": 1}],
        "time_line": {
            "every_s": 60,
            "circuits": ["gc-1", "f-1"],
            "samples": [
                {"second": second, "load_w": [50_000, 1], "permitted_w": [60_000, 2], "capacity_w": [100_000, None]}
                for second in (60, 120)
            ],
        },
    }
    return Run("two", {**summary, **more}, account)


def test_the_page_says_what_happened_and_needs_nothing_from_anywhere() -> None:
    page = FORMS[".html"](a_run()).decode()
    references = References()
    references.feed(page)
    assert references.found == []
    assert "url(" not in page
    assert "@import" not in page
    for said in ("ignores-setpoint", "fail", "56,929 W", "0:06:11", "unmanaged_load", "1043", "real chargers"):
        assert said in page
    assert "No breach at &lt;f-1&gt; opened." in page


def test_the_page_draws_load_permitted_power_and_capacity_of_every_circuit() -> None:
    page = FORMS[".html"](a_run()).decode()
    assert page.count("<svg") == 2
    assert '<polyline class="load" points="450.0,75.0 900.0,75.0"/>' in page
    assert '<polyline class="capacity" points="450.0,0.0 900.0,0.0"/>' in page
    assert page.count('class="capacity" points') == 1
    assert '<line class="mark" x1="450.0"' in page


def test_a_build_server_sees_a_test_for_the_limits_and_one_for_what_was_expected() -> None:
    suite = ElementTree.fromstring(FORMS[".xml"](a_run()))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "2")
    failures = [case.find("failure") for case in suite.findall("testcase")]
    assert [None if each is None else each.get("message") for each in failures] == [
        "gc-1: 41 s, 40 s on end, 56929 W at second 371",
        "breach_not_opened: No breach at <f-1> opened.",
    ]
    properties = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert properties["chargers"] == "real"
    assert "1043" in (properties["habits.cp-1"] or "")
    assert "120: 50.0 / 60.0 / 100.0, 0.0 / 0.0 / -" in (suite.findtext("system-out") or "").splitlines()


def test_a_run_without_a_fault_script_is_one_test_that_passes_where_no_limit_is_violated() -> None:
    run = a_run(fault=None, expected=[], verdict="pass")
    suite = ElementTree.fromstring(FORMS[".xml"](Run("two", run.summary, {**run.account, "violations": []})))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


def test_a_program_reads_the_summary_and_the_account() -> None:
    run = a_run()
    read = json.loads(FORMS[".json"](run))
    assert read == {"depot": "two", "summary": run.summary, **run.account}


@pytest.mark.parametrize("ending", FORMS)
def test_a_demo_is_reported(busbar: CommandLine, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"run{ending}"
    summary = busbar.demo("--scenario", "leichhardt-mixed", "--chargers", "real", "--for", "30s", "--report", file)
    written = file.read_text()
    assert "cp-ac-31" in written
    if ending == ".json":
        read = json.loads(written)
        assert read["summary"] == summary
        assert (read["depot"], read["chargers"]) == ("leichhardt-mixed", "real")
        assert read["time_line"]["circuits"] == ["gc-1", "ac-1", "ac-2", "dc-1"]
        assert [each["second"] for each in read["time_line"]["samples"]] == [5, 10, 15, 20, 25, 30]
        assert read["time_line"]["samples"][-1]["capacity_w"] == [1_500_000, 900_000, 900_000, 500_000]
        assert read["configurations"] == [{"second": 0, "version": 1}]


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_a_report_of_another_form_is_bad_usage(busbar: CommandLine, tmp_path: Path, command: str) -> None:
    assert ".html, .xml, .json" in busbar.refusal(command, "--report", tmp_path / "run.pdf")


def test_a_report_that_cannot_be_written_is_refused_before_the_run(busbar: CommandLine, tmp_path: Path) -> None:
    line = busbar.refusal("demo", "--headless", "--report", tmp_path / "missing" / "run.html")
    assert "cannot be written: No such file or directory" in line


def test_a_long_run_is_kept_in_coarser_steps() -> None:
    layout = read_layout(SCENARIOS["joondalup-small"].configuration)
    timeline, nothing = TimeLine(layout), [0] * len(layout.nodes)
    for second in range(1, 4 * 5 * MOST_SAMPLES):
        timeline.note(second, charging_w=nothing, permitted_w=nothing, background_w=nothing, capacities_w={"gc-1": 9})
    assert timeline.every_s == 20
    assert [each.second for each in timeline.samples] == [*range(20, 4 * 5 * MOST_SAMPLES, 20)]
    assert timeline.samples[0].capacity_w == (9, 400_000)


@pytest.mark.parametrize(("second", "said"), [(0, "0:00:00"), (3_671, "1:01:11"), (None, "–")])
def test_instants_are_hours_minutes_and_seconds_of_the_run(second: int | None, said: str) -> None:
    assert clock(second) == said


class Terminal(StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(StringIO(), False), (Terminal(), True)])
def test_progress_is_shown_at_a_terminal_alone(stream: StringIO, shown: bool) -> None:
    """Holds CLI-6."""
    assert [*watched(50, stream)] == [*range(50)]
    assert ("simulated" in stream.getvalue()) == shown
