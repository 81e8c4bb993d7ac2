"""`busbar show-state`: what the configured database keeps of a microgrid between two cycles."""

import click
from pydantic_core import to_json

from adapters.database.shown_state import shown_state
from entrypoints.cli.read import ask


def run(microgrid_id: str) -> int:
    """Print the stored state as JSON; returns 0, or 1 where there is none or this release cannot read it."""
    shown = ask(lambda engine, _now: shown_state(engine, microgrid_id), microgrid_id)
    if shown is None:
        click.echo(f"Nothing is stored of a microgrid {microgrid_id!r}.", err=True)
        return 1
    click.echo(to_json(shown))
    if shown.unreadable is not None:
        click.echo(f"Nothing is decided for {microgrid_id}: {shown.unreadable}.", err=True)
        return 1
    return 0
