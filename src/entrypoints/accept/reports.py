"""The reports of the acceptance of a site: for people who sign it, for programs, for build servers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from entrypoints.accept.acceptance import Acceptance
from entrypoints.accept.diagram import diagram
from entrypoints.accept.forms import page, suite, written_at
from entrypoints.accept.outcomes import NotPlayed, Outcome, Played
from entrypoints.demo.report import html as run_report


def as_page(acceptance: Acceptance) -> bytes:
    """One page that needs nothing from anywhere else."""
    tree = acceptance.tree
    unsafe = frozenset(draw.node_id for draw in acceptance.draws if draw.faults)
    return page(
        "site.html",
        acceptance=acceptance,
        made_at=written_at(acceptance.made_at),
        diagram=None if tree is None else diagram(tree, unsafe),
        played=[each for each in acceptance.outcomes if isinstance(each, Played)],
        left_out=[each for each in acceptance.outcomes if isinstance(each, NotPlayed)],
        charts=run_report.charts,
        width=run_report.WIDTH,
        height=run_report.HEIGHT,
    )


def as_json(acceptance: Acceptance) -> bytes:
    """All that was found, but for the time lines."""
    asked = acceptance.asked
    report = {
        "made_at": written_at(acceptance.made_at),
        "site": acceptance.site,
        "verdict": acceptance.verdict,
        "file": asked.file,
        "sha256": asked.digest,
        "seed": asked.seed,
        "for_s": asked.seconds,
        "versions": dict(acceptance.versions),
        "check": {"failures": acceptance.check_failures, **asdict(acceptance.findings)},
        "fail_safe": {
            "failures": acceptance.proof_failures,
            "nodes": [{**asdict(each), "total_w": each.total_w, "faults": each.faults} for each in acceptance.draws],
        },
        "runs": [_run(each) for each in acceptance.outcomes],
    }
    return json.dumps(report, indent=1, default=list).encode() + b"\n"


def _run(outcome: Outcome) -> Mapping[str, Any]:
    if isinstance(outcome, NotPlayed):
        return {"name": outcome.name, "verdict": None, "not_played": outcome.reason}
    return {
        "name": outcome.name,
        "verdict": outcome.summary["verdict"],
        "not_played": None,
        "failures": outcome.failures,
        "breaches_expected": outcome.breaches_expected,
        "breaches_unexpected": outcome.breaches_unexpected,
        "energy_percent": outcome.energy_percent,
        "changes_a_charger_and_hour": outcome.changes_a_charger_and_hour,
        "worst": None if outcome.worst is None else asdict(outcome.worst),
        "summary": outcome.summary,
        "violations": outcome.account["violations"],
        "true_overloads": outcome.account["true_overloads"],
        "breaches": outcome.account["breaches"],
    }


def as_suite(acceptance: Acceptance) -> bytes:
    """A test for the configuration, one for the proof, one for every run; runs that there were not are skipped."""
    name = f"busbar.accept.{acceptance.site}"
    failures: dict[str, list[str]] = {
        "the configuration has no faults and no likely slips": acceptance.check_failures,
        "the site fails safe": acceptance.proof_failures,
    }
    skipped: dict[str, str] = {}
    for each in acceptance.outcomes:
        if isinstance(each, NotPlayed):
            skipped[f"run {each.name}"] = each.reason
        else:
            failures[f"run {each.name}"] = each.failures
    asked = acceptance.asked
    stated = {"file": asked.file, "sha256": asked.digest, "seed": asked.seed, "for_s": asked.seconds}
    return suite(name, acceptance.made_at, failures, skipped, stated={**stated, **acceptance.versions})


FILES: Mapping[str, Callable[[Acceptance], bytes]] = MappingProxyType(
    {"report.html": as_page, "report.json": as_json, "junit.xml": as_suite}
)
"""What is written for whom, by the name of the file."""
