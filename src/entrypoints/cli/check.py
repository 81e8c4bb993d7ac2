"""`busbar check`: a site configuration judged offline, with all that its author ought to know of it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import BinaryIO

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from adapters.messages import parsing, site_shape
from adapters.messages.site_shape import UnknownKey
from adapters.observability.escapes import escaped
from application import site_check
from application.site_check import NodeFigures, SiteChange
from domain.site import validation
from domain.site.configuration import Fault, SiteConfiguration, SiteWarning
from domain.site.power_tree import derive
from entrypoints.cli import views
from entrypoints.cli.tables import kw, new_table, shown


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check came to. A configuration with faults has no tree, so neither figures nor warnings nor changes.

    `changes` is null too where there was no other configuration to hold it against.
    """

    faults: Sequence[Fault]
    unknown_keys: Sequence[UnknownKey]
    warnings: Sequence[SiteWarning] = ()
    slips: Sequence[SiteWarning] = ()
    nodes: Sequence[NodeFigures] = ()
    changes: Sequence[SiteChange] | None = None

    def code(self, *, strict: bool) -> int:
        """The exit code: 1 on faults, if strict on anything else that is to be known, else 0."""
        known = self.warnings or self.unknown_keys or self.slips
        return 1 if self.faults or (strict and known) else 0


def run(file: BinaryIO, against: BinaryIO | None, *, strict: bool, as_json: bool) -> int:
    """Print what there is to be known of a configuration; returns the exit code."""
    former = None if against is None else _in_force(against)
    findings = check(_parsed(file), former)
    if as_json:
        click.echo(json.dumps({"valid": not findings.faults, **asdict(findings)}, default=list))
    else:
        views.show(Group(*_shown(findings)))
    return findings.code(strict=strict)


def check(data: object, former: SiteConfiguration | None = None) -> Findings:
    """Judge a parsed configuration, bare or in an example message, on its own and as what follows a former one."""
    shape = site_shape.look_at(site_shape.unwrapped(data))
    configuration = shape.configuration
    faults = [*shape.faults, *([] if configuration is None else shape.meant(validation.faults(configuration)))]
    if former is not None and configuration is not None and not shape.faults:
        faults += site_check.succession_faults(former, configuration)
    if faults or configuration is None:
        return Findings(faults, shape.unknown_keys)
    tree = derive(configuration)
    return Findings(
        faults,
        shape.unknown_keys,
        warnings=validation.warnings(configuration, tree),
        slips=site_check.slips(configuration, tree),
        nodes=site_check.figures(tree),
        changes=None if former is None else site_check.changes(former, configuration),
    )


def _parsed(file: BinaryIO) -> object:
    try:
        return parsing.parse(file.read())
    except (parsing.NotJson, OSError) as error:
        raise click.UsageError(f"The site configuration {file.name} cannot be read: {error}") from None


def _in_force(file: BinaryIO) -> SiteConfiguration:
    """A configuration that another one is held against. Raises UsageError where it is not valid itself."""
    shape = site_shape.look_at(site_shape.unwrapped(_parsed(file)))
    faults = shape.faults or (() if shape.configuration is None else validation.faults(shape.configuration))
    if faults or shape.configuration is None:
        raise click.UsageError(f"The site configuration {file.name} has faults of its own: {parsing.summary(faults)}")
    return shape.configuration


def _shown(findings: Findings) -> Iterator[RenderableType]:
    for fault in findings.faults:
        yield Text(escaped(f"fault {fault.code} {fault.path or ''}: {fault.message}"), style="bold red")
    for warning in (*findings.warnings, *findings.slips):
        yield Text(escaped(f"warning {warning.code} {warning.node_id}: {warning.message}"), style="yellow")
    for unknown in findings.unknown_keys:
        meant = "" if unknown.nearest is None else f" Was {unknown.nearest} meant?"
        line = f"warning unknown_key {unknown.path}: nothing reads {unknown.key}.{meant}"
        yield Text(escaped(line), style="yellow")
    if findings.nodes:
        yield _tree(findings.nodes)
    if findings.changes is not None:
        yield _changed(findings.changes)
    yield Text(_verdict(findings), style="bold")


def _tree(nodes: Sequence[NodeFigures]) -> Table:
    table = new_table("node", "name", "limit kW", "safe limit kW", "rated kW", "fallbacks kW", "connectors")
    for node in nodes:
        figures = (node.limit_w, node.safe_limit_w, node.ratings_w, node.fallbacks_w)
        indented = "  " * node.depth + node.node_id
        table.add_row(indented, node.name, *map(kw, figures), str(node.connectors))
    return table


def _changed(changes: Sequence[SiteChange]) -> RenderableType:
    if not changes:
        return Text("Nothing changes.")
    table = new_table("node", "field", "before", "now")
    for each in changes:
        table.add_row(each.node_id, each.field, shown(each.before), shown(each.now))
    return table


def _verdict(findings: Findings) -> str:
    warned = len(findings.warnings) + len(findings.slips) + len(findings.unknown_keys)
    if findings.faults:
        return f"Not valid: {_counted(len(findings.faults), 'fault')}, {_counted(warned, 'warning')}."
    return f"Valid, {_counted(warned, 'warning')}." if warned else "Valid."


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
