"""The command line: `busbar COMMAND`. Bad usage and bad settings end with exit 2 and one sentence."""

import asyncio
import json
import re
import sys
from typing import BinaryIO, NoReturn

import click

from entrypoints import settings as environment


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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def busbar() -> None:
    """Decide, every second, how much power each charger of an EV depot may draw."""


@busbar.command()
@click.option("--scenario", default="malaga", show_default=True, help="The depot to play; see `busbar scenarios`.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same depot, same summary.")
@click.option("--for", "duration_s", type=Duration(), help="Simulated time [headless: 2h; live: until stopped].")
@click.option(
    "--speed", type=click.IntRange(1, 100_000), default=10, show_default=True, help="Simulated seconds a second, live."
)
@click.option("--headless", is_flag=True, help="No view, as fast as it can; prints a summary.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
def demo(scenario: str, seed: int, duration_s: int | None, speed: int, headless: bool, as_json: bool) -> int:
    """Balance a simulated depot, everything in one process."""
    from entrypoints import demo_command

    return demo_command.run(scenario, seed, duration_s, speed, headless=headless, as_json=as_json)


@busbar.command()
@click.argument("file", type=click.File("rb"), default="-")
def rebalance(file: BinaryIO) -> int:
    """Decide snapshots: one JSON object a line in, one a line out."""
    from entrypoints import rebalance_command

    return rebalance_command.run(file, sys.stdout.buffer)


@busbar.command()
@click.option("--json", "as_json", is_flag=True)
def scenarios(as_json: bool) -> int:
    """List the depots that can be played."""
    from entrypoints.container import SCENARIOS_BY_NAME

    listed = [{"name": each.name, "summary": each.summary} for each in SCENARIOS_BY_NAME.values()]
    if as_json:
        click.echo(json.dumps({"scenarios": listed, "faults": []}))
    else:
        width = max(len(each["name"]) for each in listed)
        for each in listed:
            click.echo(f"{each['name']:<{width}}  {each['summary']}")
    return 0


@busbar.command()
def migrate() -> int:
    """Bring the database to the newest schema, as often as one likes."""
    database_url = environment.load().database_url
    if database_url is None:
        raise environment.UnusableSetting("The variable BUSBAR_DATABASE_URL is missing: which database?")
    from entrypoints.container import UnusableDatabase, upgrade_database

    try:
        asyncio.run(upgrade_database(database_url))
    except UnusableDatabase as error:
        raise environment.UnusableSetting(f"The database of BUSBAR_DATABASE_URL cannot be used: {error}.") from None
    return 0


def main() -> NoReturn:
    """Run the command the arguments name, and exit with its code."""
    try:
        code = busbar.main(prog_name="busbar", standalone_mode=False)
    except click.ClickException as error:
        _refuse(error.format_message())
    except environment.UnusableSetting as error:
        _refuse(str(error))
    except click.Abort:
        code = 130
    sys.exit(code)


def _refuse(message: str) -> NoReturn:
    print(f"busbar: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)
