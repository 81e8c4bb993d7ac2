"""What options mean: durations, speeds, ports, files, and those that several commands have."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from entrypoints.demo.defaults import DEFAULT_CHARGERS, DEFAULT_SCENARIO


class Duration(click.ParamType[int]):
    """A length of time such as `90s`, `15m` or `2h`, in whole seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"([0-9]{1,9})(s|m|h)", str(value))
        if match is None or int(match[1]) == 0:
            self.fail(f"{value!r} is no duration; write it like 90s, 15m or 2h.", param, ctx)
        return int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


class Speed(click.ParamType[float]):
    """How many simulated seconds pass in a second."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        written = str(value)
        if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4})?", written) or not 0.01 <= float(written) <= 1000:
            self.fail(f"{written!r} is no speed; write a number from 0.01 to 1000.", param, ctx)
        return float(written)


class Background(click.ParamType[tuple[str, int]]):
    """A load that no charger causes, as `NODE=W`: where, and how many watts."""

    name = "background"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        node_id, _, watts = str(value).rpartition("=")
        if not node_id or not re.fullmatch(r"[0-9]{1,12}", watts):
            self.fail(f"{value!r} is no background; write it like gc-1=250000, in watts.", param, ctx)
        return node_id, int(watts)


class _Named(click.ParamType[str]):
    """A text that a shell completes from what is known; what is not is refused where it is used, with those known."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value)

    def known(self) -> Iterable[str]:
        raise NotImplementedError

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in self.known() if name.startswith(incomplete)]


class Scenario(_Named):
    """A depot that can be played."""

    def known(self) -> Iterable[str]:
        from adapters.simulation.scenarios import SCENARIOS

        return SCENARIOS


class Fault(_Named):
    """A fault script."""

    def known(self) -> Iterable[str]:
        from adapters.simulation.faults.scripts import FAULTS

        return FAULTS


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)

PORT = click.IntRange(0, 65535)
"""0 is any free one."""

OPERATIONS_PORT = "Where health and metrics are served. [default: BUSBAR_HTTP_PORT, else {} or the next free one]"


def played(command: Callable[..., int]) -> Callable[..., int]:
    """The options of a command that plays a depot."""
    for option in (
        click.option(
            "--chargers",
            type=click.Choice(["real", "ideal"]),
            default=DEFAULT_CHARGERS,
            show_default=True,
            help="Chargers and meters as people have them, or as they should be.",
        ),
        click.option(
            "--report",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Write the run down with its time line: .html, .xml (JUnit) or .json.",
        ),
        click.option("--fault", type=Fault(), help="What goes wrong meanwhile; see `busbar scenarios`."),
        click.option("--site", type=click.File("rb"), help="A site configuration of your own, instead of a scenario."),
        click.option(
            "--scenario",
            type=Scenario(),
            help=f"The depot to play; see `busbar scenarios`. [default: {DEFAULT_SCENARIO}]",
        ),
    ):
        command = option(command)
    return command
