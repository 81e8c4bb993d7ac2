"""How `busbar --help` lists its commands: by what they are for, each with its whole sentence."""

from collections.abc import Mapping, Sequence
from typing import Final

import click

from entrypoints.cli.examples import EXAMPLES

GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "Try it": ("demo", "scenarios"),
    "Decide without a service": ("check", "rebalance", "replay"),
    "Bring your depot": ("accept",),
    "Run a depot on this machine": ("run",),
    "Run the service": ("migrate", "worker", "project", "api", "gateway", "rebuild"),
    "Say something to a running service": ("configure", "retire", "send", "simulate"),
    "See what a running service does": ("status", "breaches", "explain", "events", "dead-letters", "show-state"),
}


class GroupedCommands(click.Group):
    """A command whose help lists the others in groups."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One list a group, in the order of use. Every command is in one: a test says so."""
        for name, commands in GROUPS.items():
            with formatter.section(name):
                formatter.write_dl([(each, self.commands[each].get_short_help_str(limit=500)) for each in commands])


def show_examples(group: click.Group, *path: str) -> None:
    """Let the help of every command in a group, and in those below it, end with its example."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            show_examples(command, *path, name)
        else:
            command.epilog = f"Example: {EXAMPLES[' '.join((*path, name))]}"
