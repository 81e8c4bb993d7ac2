"""What `busbar demo` and `busbar simulate` have in common: which depot is played, and what it came to."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from adapters.simulation.faults.script import LOWERED, Fault, NothingToAffect
from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.habits import Chargers
from adapters.simulation.scenario import Scenario
from adapters.simulation.scenarios import SCENARIOS
from application.queries.sentences import plural
from entrypoints.demo.defaults import DEFAULT_SCENARIO
from entrypoints.demo.report.forms import FORMS
from entrypoints.demo.report.run import Run
from entrypoints.site_files import UnusableSite, read_site

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be played, as it stands on the command line."""

    scenario: str | None
    site: BinaryIO | None
    fault: str | None
    seed: int
    duration_s: int | None
    chargers: str
    report: Path | None
    as_json: bool


@dataclass(frozen=True, slots=True)
class Played:
    """A depot with what goes wrong in it. `scenario_name` is None for a site of one's own."""

    scenario: Scenario
    scenario_name: str | None
    fault: Fault | None
    seed: int
    chargers: Chargers


def played(wanted: Wanted) -> Played:
    """What the command line means. Raises UsageError, also where no report could be written."""
    _require_a_form_of(wanted.report)
    if wanted.scenario is not None and wanted.site is not None:
        raise click.UsageError("Play either a scenario or a site of your own, not both.")
    if wanted.site is not None:
        scenario = own_site(wanted.site)
    else:
        scenario = named("scenario", wanted.scenario or DEFAULT_SCENARIO, SCENARIOS)
    fault = None if wanted.fault is None else named("fault script", wanted.fault, FAULTS)
    _leave_time_for(fault, wanted.duration_s)
    name = scenario.name if wanted.site is None else None
    return Played(scenario, name, fault, wanted.seed, Chargers(wanted.chargers))


def _require_a_form_of(report: Path | None) -> None:
    if report is None:
        return
    if report.suffix.lower() not in FORMS:
        raise click.UsageError(f"The report {report} has to end in one of {', '.join(FORMS)}.")
    with _writing(report):
        report.write_bytes(b"")


@contextmanager
def _writing(report: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.UsageError(f"The report {report} cannot be written: {error.strerror}.") from None


def _leave_time_for(fault: Fault | None, duration_s: int | None) -> None:
    if fault is not None and duration_s is not None and duration_s <= fault.starts_s:
        raise click.UsageError(
            f"--for {duration_s}s leaves no time for the fault script {fault.name}, "
            f"of which nothing is seen before second {fault.starts_s}."
        )


def require_no_worker_here(depot: Played) -> None:
    """Raises UsageError where the fault script acts on a worker, which is not in this process."""
    with affecting(depot):
        if depot.fault is not None and depot.fault.of_the_worker:
            raise NothingToAffect("the worker is another process")


def require_chargers_alone(depot: Played) -> None:
    """Raises UsageError where the fault script acts on more than the chargers, which are all that is played here."""
    with affecting(depot):
        if depot.fault is not None and (depot.fault.of_the_worker or depot.fault.causes & LOWERED):
            raise NothingToAffect("its chargers alone are played")


@contextmanager
def affecting(depot: Played) -> Iterator[None]:
    """Raises UsageError where the fault script finds nothing to affect."""
    try:
        yield
    except NothingToAffect as error:
        assert depot.fault is not None
        raise click.UsageError(
            f"The fault script {depot.fault.name} finds nothing to affect in {depot.scenario.name}: {error}."
        ) from None


def told(depot: Played, wanted: Wanted, result: Mapping[str, Any], account: Mapping[str, Any]) -> int:
    """Print the summary of a run, report it; returns the exit code: 1 where the verdict is `fail`, else 0."""
    fault = None if depot.fault is None else depot.fault.name
    summary = {"scenario": depot.scenario_name, "fault": fault, "seed": depot.seed, **result}
    if wanted.report is not None:
        form = FORMS[wanted.report.suffix.lower()]
        with _writing(wanted.report):
            wanted.report.write_bytes(form(Run(depot.scenario.name, summary, account)))
    click.echo(json.dumps(summary) if wanted.as_json else in_words(depot.scenario.name, summary))
    return 0 if summary["verdict"] == "pass" else 1


def in_words(depot: str, summary: Mapping[str, Any]) -> str:
    """A summary for people."""
    possible, delivered = summary["energy_possible_wh"], summary["energy_delivered_wh"]
    ready, left = summary["vehicles_ready"], summary["vehicles_departed"]
    share = 100 * delivered / possible if possible else 100
    fault = f", fault {summary['fault']} ({summary['messages_affected']} messages affected)" if summary["fault"] else ""
    return (
        f"{depot}, {summary['simulated_s']} simulated seconds, seed {summary['seed']}{fault}: "
        f"{delivered / 1e6:.2f} MWh delivered, {share:.1f} % of what was possible; "
        f"{plural(ready, 'vehicle')} took all {'it' if ready == 1 else 'they'} wanted, "
        f"{left} {'has' if left == 1 else 'have'} left; "
        f"{_cycles_in_words(summary)}"
        f"limits violated in {summary['limit_violations']} seconds{_worst_in_words(summary)}; {summary['verdict']}."
        + "".join(f" {each['message']}" for each in summary["expected"])
    )


def _cycles_in_words(summary: Mapping[str, Any]) -> str:
    """Nothing where no cycle could be heard."""
    if summary["cycles"] is None:
        return ""
    return f"{summary['cycles']} cycles, {summary['cycles_published']} published; "


def _worst_in_words(summary: Mapping[str, Any]) -> str:
    if not summary["violations"]:
        return ""
    worst = summary["violations"][0]
    return f", worst at {worst['node_id']}: {worst['worst_w']:,} W, for {worst['longest_s']} s on end"


def named(kind: str, name: str, known: Mapping[str, _T]) -> _T:
    """One of what is known by name. Raises UsageError."""
    if name not in known:
        raise click.UsageError(f"There is no {kind} {name!r}; there are {', '.join(known)}.")
    return known[name]


def own_site(site: BinaryIO) -> Scenario:
    """A site configuration of one's own, to be played. Raises UsageError."""
    try:
        return read_site(site.read())
    except (UnusableSite, OSError) as error:
        raise click.UsageError(f"The site configuration {site.name} cannot be used: {error}") from None
