"""The reports of the acceptance of a gateway: for people who sign it, for programs, for build servers."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from application.trial.checks import Result
from application.trial.findings import Verdict
from entrypoints.accept.forms import page, suite, written_at
from entrypoints.accept.gateway.acceptance import Acceptance


def as_page(acceptance: Acceptance) -> bytes:
    """One page that needs nothing from anywhere else."""
    return page("gateway.html", acceptance=acceptance, made_at=written_at(acceptance.made_at))


def as_json(acceptance: Acceptance) -> bytes:
    """All that was found."""
    report = {
        "made_at": written_at(acceptance.made_at),
        "site": acceptance.site,
        "verdict": acceptance.verdict,
        "file": acceptance.asked.file,
        "sha256": acceptance.asked.digest,
        "topic_prefix": acceptance.topic_prefix,
        "versions": dict(acceptance.versions),
        "checks": [_check(each) for each in acceptance.results],
    }
    return json.dumps(report, indent=1).encode() + b"\n"


def _check(result: Result) -> Mapping[str, Any]:
    return {
        "duty": result.check.duty,
        "name": result.check.name,
        "promise": result.check.promise,
        "verdict": result.verdict.value,
        "needs": result.check.needs if result.verdict is Verdict.NOT_SEEN else None,
        "judged": result.seen,
        "failures": result.failures,
    }


def as_suite(acceptance: Acceptance) -> bytes:
    """A test for every check; those that had nothing to judge are skipped, and fail where they must not be missing."""
    failures: dict[str, tuple[str, ...]] = {}
    skipped: dict[str, str] = {}
    for each in acceptance.results:
        test, needs = f"duty {each.check.duty}: {each.check.name}", f"Not seen: that takes {each.check.needs}."
        if each.verdict is Verdict.NOT_SEEN and each.passed:
            skipped[test] = needs
        else:
            failures[test] = (needs,) if each.verdict is Verdict.NOT_SEEN else each.failures
    asked = acceptance.asked
    stated = {"file": asked.file, "sha256": asked.digest, "topic_prefix": acceptance.topic_prefix}
    name = f"busbar.accept.gateway.{acceptance.site}"
    return suite(name, acceptance.made_at, failures, skipped, stated={**stated, **acceptance.versions})


FILES: Mapping[str, Callable[[Acceptance], bytes]] = MappingProxyType(
    {"report.html": as_page, "report.json": as_json, "junit.xml": as_suite}
)
"""What is written for whom, by the name of the file."""
