"""The acceptance of a site: what was found, and whether all of it passed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import click

from adapters.messages import parsing, site_shape
from adapters.messages.configuration import read_configuration
from application.fail_safe import WorstDraw, unknown_nodes, worst_draws
from domain.site.configuration import Fault
from domain.site.power import Watts
from domain.site.power_tree import PowerTree, derive
from entrypoints.accept.asked import SiteFile, versions
from entrypoints.accept.outcomes import Outcome, Played
from entrypoints.accept.playing import play_all
from entrypoints.cli.check import Findings, check


@dataclass(frozen=True, slots=True)
class Asked(SiteFile):
    """What was asked for: a file, the highest background by node id, and how to play."""

    background_w: Mapping[str, Watts]
    seed: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What an acceptance came to. Without a valid configuration there is no tree and no proof.

    No run was asked for where the check did not pass: what would be played is not what its author means.
    """

    asked: Asked
    made_at: datetime
    findings: Findings
    tree: PowerTree | None
    draws: tuple[WorstDraw, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def site(self) -> str:
        """The id of the microgrid, or the name of the file where nobody can read it."""
        return self.asked.file if self.tree is None else self.tree.nodes[0].node_id

    @property
    def check_failures(self) -> list[str]:
        """The faults and likely slips of the configuration, a sentence each."""
        return check_failures(self.findings)

    @property
    def proof_failures(self) -> list[str]:
        """Why the site is not fail-safe, or is not known to be, a sentence each."""
        if self.tree is None:
            return ["A configuration with faults proves nothing."]
        return [sentence for draw in self.draws for sentence in draw.faults]

    @property
    def passed(self) -> bool:
        """Whether the configuration has neither faults nor likely slips, fails safe, and passed every run."""
        runs = [each for each in self.outcomes if isinstance(each, Played)]
        return not self.check_failures and not self.proof_failures and bool(runs) and all(run.passed for run in runs)

    @property
    def verdict(self) -> str:
        return "pass" if self.passed else "fail"

    @property
    def versions(self) -> Mapping[str, str]:
        """What the site was accepted with."""
        return versions()


def accept(asked: Asked, made_at: datetime) -> Acceptance:
    """Check a site, prove that it fails safe and play it. Raises UsageError where the question makes no sense."""
    data = _parsed(asked)
    findings = check(data)
    if findings.faults:
        return Acceptance(asked, made_at, findings, tree=None, draws=(), outcomes=())
    tree = derive(read_configuration(site_shape.unwrapped(data)))
    unknown = unknown_nodes(tree, asked.background_w)
    if unknown:
        raise click.UsageError(f"--background names {unknown[0]!r}, which is neither a circuit nor the microgrid.")
    draws = worst_draws(tree, asked.background_w)
    site = json.dumps(site_shape.unwrapped(data)).encode()
    outcomes = () if check_failures(findings) else play_all(site, asked.seed, asked.seconds)
    return Acceptance(asked, made_at, findings, tree=tree, draws=draws, outcomes=outcomes)


def check_failures(findings: Findings) -> list[str]:
    """Faults, likely slips, and keys that nothing reads and that are like one that is read; a sentence each."""
    return [
        *map(_fault, findings.faults),
        *(f"{each.code} {each.node_id}: {each.message}" for each in findings.slips),
        *(
            f"unknown_key {each.path}: nothing reads {each.key}; was {each.nearest} meant?"
            for each in findings.unknown_keys
            if each.nearest is not None
        ),
    ]


def _fault(fault: Fault) -> str:
    return f"{fault.code} {fault.path or ''}: {fault.message}"


def _parsed(asked: Asked) -> object:
    try:
        return parsing.parse(asked.raw)
    except parsing.NotJson as error:
        raise click.UsageError(f"The site configuration {asked.file} cannot be read: {error}") from None
