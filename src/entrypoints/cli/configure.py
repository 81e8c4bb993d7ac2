"""`busbar configure`: a site configuration onto the bus, and what became of it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, BinaryIO

import click

from adapters.messages import parsing
from adapters.messages.configuration import read_configuration
from adapters.observability.escapes import escaped
from application import event_types, site_check
from application.ports.bus import MalformedConfiguration, PublishedEvent
from domain.site.configuration import SiteConfiguration
from entrypoints import settings as environment
from entrypoints.cli.check import Findings, check
from entrypoints.cli.offering import offer
from entrypoints.cli.tables import shown
from entrypoints.service.refusals import quiet, refusing
from entrypoints.site_files import UnusableSite, read_offer

IN_FORCE, REJECTED, NO_ANSWER = 0, 1, 3


@dataclass(slots=True)
class Answers:
    """What the events have said of one version of a microgrid's configuration.

    `former`: the one that was in force before this was offered, as far as the events tell.
    """

    microgrid_id: str
    version: int | None
    in_force: int | None = None
    former: SiteConfiguration | None = None
    faults: Sequence[dict[str, Any]] | None = None
    rejected_now: bool = False

    def hear(self, event: PublishedEvent, *, was_there: bool) -> None:
        """Take an event in; one that was there before the offer answers an earlier one, perhaps of another content."""
        if event.microgrid_id != self.microgrid_id:
            return
        match event.type:
            case event_types.CONFIGURATION_APPLIED:
                self.in_force = event.data["version"]
                self.former = read_configuration(event.data["configuration"]) if was_there else self.former
            case event_types.MICROGRID_RETIRED:
                self.in_force = None
            case event_types.CYCLE_COMPLETED:
                self.in_force = event.data["configuration_version"]
            case event_types.CONFIGURATION_REJECTED if event.data["version"] == self.version:
                self.faults = event.data["faults"]
                self.rejected_now = not was_there

    def code(self) -> int | None:
        """The exit code, None while there is no answer."""
        if self.in_force is not None and self.version is not None and self.in_force > self.version:
            return NO_ANSWER
        if self.rejected_now:
            return REJECTED
        return None if self.in_force is None or self.in_force != self.version else IN_FORCE

    def last_word(self) -> int:
        """The exit code once nothing more is waited for. A refusal is published once: an earlier one stands."""
        return REJECTED if self.faults is not None else NO_ANSWER


def run(file: BinaryIO, wait_s: int | None, *, strict: bool) -> int:
    """Check the configuration in the file, publish it and, if told so, wait for the answer; returns the exit code."""
    settings = environment.kafka()
    quiet(settings)
    try:
        content = file.read()
        message, offered = read_offer(content)
    except (UnusableSite, OSError) as error:
        raise click.UsageError(f"The site configuration {file.name} cannot be used: {error}") from None
    findings = check(parsing.parse(content))
    if findings.code(strict=strict) != 0:
        return _refuse(f"Version {offered.version} of {offered.microgrid_id}", findings)
    _warn(findings)
    answers = Answers(offered.microgrid_id, offered.version)
    with refusing():
        tell = partial(_tell_changes, answers, offered)
        code = asyncio.run(offer(settings, message, answers, wait_s, tell=tell))
    if wait_s is not None:
        _explain(code, answers)
    return code


def _refuse(name: str, findings: Findings) -> int:
    _warn(findings)
    if findings.faults:
        click.echo(f"{name} has faults and is not published:", err=True)
        for fault in findings.faults:
            click.echo(json.dumps(asdict(fault)), err=True)
    else:
        click.echo(f"{name} has warnings and is not published.", err=True)
    return REJECTED


def _warn(findings: Findings) -> None:
    for warning in (*findings.warnings, *findings.slips):
        click.echo(escaped(f"Warning {warning.code}: {warning.node_id}: {warning.message}"), err=True)
    for unknown in findings.unknown_keys:
        meant = "" if unknown.nearest is None else f", was {unknown.nearest} meant?"
        click.echo(escaped(f"Warning unknown_key: nothing reads {unknown.path}{meant}"), err=True)


def _tell_changes(answers: Answers, offered: SiteConfiguration | MalformedConfiguration) -> None:
    former = answers.former
    if former is None or not isinstance(offered, SiteConfiguration):
        return
    for each in site_check.changes(former, offered):
        click.echo(escaped(f"{each.node_id} {each.field}: {shown(each.before)} -> {shown(each.now)}"))


def _explain(code: int, answers: Answers) -> None:
    name = f"Version {answers.version} of {answers.microgrid_id}"
    match code:
        case 0:
            click.echo(f"{name} is in force.")
        case 1:
            click.echo(f"{name} was rejected:", err=True)
            for fault in answers.faults or ():
                click.echo(json.dumps(fault), err=True)
        case _ if answers.in_force is not None and answers.in_force != answers.version:
            click.echo(f"{name} is not in force, version {answers.in_force} is.", err=True)
        case _:
            click.echo(
                f"There was no answer in time about version {answers.version} of {answers.microgrid_id}.", err=True
            )
