"""What each command says of itself with `--help`."""

from collections.abc import Iterator
from typing import Final

import click

from entrypoints.cli.groups import GROUPS
from entrypoints.cli.main import busbar

WIDTH: Final = 100

HEAD: Final = """# Commands

What each command says with `--help`. What it promises, with exit codes, is in the
[specification](specification/command-line.md).
"""


def commands() -> str:
    """The page of all commands, in the groups and the order of `busbar --help`."""
    top = click.Context(busbar, info_name="busbar")
    found = [HEAD]
    for group, names in GROUPS.items():
        found.append(f"## {group}\n")
        for name in names:
            found += _described(busbar.commands[name], name, top)
    return "\n".join(found)


def _described(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH)
    context.help_option_names = ["-h", "--help"]
    yield f"### {context.command_path}\n"
    yield f"```text\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for below, each in command.commands.items():
            yield from _described(each, below, context)
