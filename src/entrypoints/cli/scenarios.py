"""`busbar scenarios`: what can be played (CLI-16)."""

import json

import click

from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.scenarios import SCENARIOS


def run(*, as_json: bool) -> int:
    """List scenarios and fault scripts with a sentence each; returns the exit code."""
    listed = {
        "scenarios": [{"name": each.name, "summary": each.summary} for each in SCENARIOS.values()],
        "faults": [{"name": each.name, "summary": each.summary} for each in FAULTS.values()],
    }
    if as_json:
        click.echo(json.dumps(listed))
        return 0
    width = max(len(each["name"]) for kind in listed.values() for each in kind)
    for kind, entries in listed.items():
        click.echo(f"{kind}:")
        for each in entries:
            click.echo(f"  {each['name']:<{width}}  {each['summary']}")
    return 0
