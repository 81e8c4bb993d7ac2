"""Every help has an example that the command takes, and a shell completes scenarios and faults (CLI-4)."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.scenarios import SCENARIOS
from entrypoints.cli.examples import EXAMPLES
from entrypoints.cli.main import busbar


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield " ".join((*path, name)), command


def test_there_is_an_example_of_every_command_and_of_nothing_else() -> None:
    assert dict(commands(busbar)).keys() == EXAMPLES.keys()


@pytest.mark.parametrize(("name", "command"), list(commands(busbar)))
def test_an_example_is_shown_and_taken(
    name: str, command: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = EXAMPLES[name]
    assert f"Example: {example}" in " ".join(
        command.get_help(click.Context(command, help_option_names=["-h", "--help"])).split()
    )
    program, *arguments = shlex.split(example.partition(" >> ")[0])
    monkeypatch.chdir(tmp_path)
    for file in (each for each in arguments if each.endswith((".json", ".jsonl", ".csv")) or each == "passwords"):
        (tmp_path / file).touch()
    with command.make_context(name, arguments[len(name.split()) :]):
        assert [program, *arguments[: len(name.split())]] == ["busbar", *name.split()]


@pytest.mark.parametrize(("option", "known"), [("--scenario", SCENARIOS), ("--fault", FAULTS)])
@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_a_shell_completes_what_can_be_played(command: str, option: str, known: dict[str, object]) -> None:
    complete = ShellComplete(busbar, {}, "busbar", "_BUSBAR_COMPLETE")
    assert [each.value for each in complete.get_completions([command, option], "")] == list(known)
    first = next(iter(known))
    assert first in [each.value for each in complete.get_completions([command, option], first[:3])]
