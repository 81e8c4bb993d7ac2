"""The command line: `busbar COMMAND`. Bad usage and bad settings end with exit 2 and one sentence."""

import sys
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import click

from adapters.observability.escapes import escaped
from entrypoints.cli.accept import accept
from entrypoints.cli.addresses import Address
from entrypoints.cli.gateway import gateway
from entrypoints.cli.groups import GroupedCommands, show_examples
from entrypoints.cli.options import FILE, FOLDER, OPERATIONS_PORT, PORT, Duration, Speed, played
from entrypoints.unusable import UnusableSetting


@click.group(cls=GroupedCommands, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(package_name="busbar", message="%(version)s", help="Show the version.")
@click.pass_context
def busbar(context: click.Context) -> None:
    """Decide how much power each charger of an EV depot may draw."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@busbar.command()
@played
@click.option("--seed", default=1, show_default=True, help="Same seed, same depot, same summary.")
@click.option("--for", "duration_s", type=Duration(), help="Simulated time [headless: 2h; live: until stopped].")
@click.option(
    "--speed", type=click.IntRange(1, 100_000), default=10, show_default=True, help="Simulated seconds a second, live."
)
@click.option("--port", type=PORT, help="Where the API is served, live. [default: 8080 or the next free one]")
@click.option("--headless", is_flag=True, help="No view, as fast as it can; prints a summary.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the messages down for `busbar replay`. What goes on from an earlier run cannot be replayed.",
)
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
def demo(speed: int, port: int | None, headless: bool, record: Path | None, **wanted: Any) -> int:
    """Balance a simulated depot, everything in one process."""
    from entrypoints.cli import demo as demo_command
    from entrypoints.demo.playing import Wanted

    return demo_command.run(Wanted(**wanted), speed, port, record, headless=headless)


@busbar.command()
@click.argument("file", type=click.File("rb"), default="-")
def rebalance(file: BinaryIO) -> int:
    """Decide snapshots: one JSON object a line in, one a line out."""
    from entrypoints.cli import rebalance as rebalance_command

    return rebalance_command.run(file, sys.stdout.buffer)


@busbar.command()
@click.argument("file", type=click.File("rb"), default="-")
def replay(file: BinaryIO) -> int:
    """Decide messages in virtual time: one JSON object a line in, events out.

    Each has an instant (`at`), and a message (`type`, `data`), `take_over` or nothing more: a time mark.
    """
    from entrypoints.cli import replay as replay_command

    return replay_command.run(file, sys.stdout.buffer)


@busbar.command()
@click.argument("file", type=click.File("rb"))
@click.option("--against", type=click.File("rb"), metavar="FILE", help="Also what changes of this configuration.")
@click.option("--strict", is_flag=True, help="Exit 1 on warnings too.")
@click.option("--json", "as_json", is_flag=True)
def check(file: BinaryIO, against: BinaryIO | None, strict: bool, as_json: bool) -> int:
    """Judge a site configuration offline: its faults, its warnings, likely slips, and its tree in figures."""
    from entrypoints.cli import check

    return check.run(file, against, strict=strict, as_json=as_json)


@busbar.command()
@click.option("--json", "as_json", is_flag=True)
def scenarios(as_json: bool) -> int:
    """List the depots that can be played, and what can go wrong in them."""
    from entrypoints.cli import scenarios as scenarios_command

    return scenarios_command.run(as_json=as_json)


@busbar.command()
@click.option("--site", type=FILE, required=True, help="The site configuration. Saved anew, it is applied.")
@click.option("--port", type=PORT, help="Where page and API are served. [default: 8080 or the next free one]")
@click.option("--data", type=FOLDER, help="Where its database lies. [default: a folder of this user]")
@click.option("--telemetry", type=click.File("rb"), help="Telemetry, a message a line; - is standard input.")
@click.option("--plan", type=FILE, help="CSV with connector, departs_at, energy_needed_wh, priority.")
@click.option("--token-file", "token", type=FILE, help="Who has the token in it is served on BUSBAR_HTTP_HOST.")
@click.option("--ocpp", type=Address(), metavar="HOST:PORT", help="Chargers connect to ws://HOST:PORT/CHARGE_POINT_ID.")
@click.option("--passwords", type=FILE, help="Of chargers, a line each, of `busbar gateway password`.")
def run(**wanted: Any) -> int:
    """Balance a real depot on this machine, with database, bus, page and API in one process, until stopped."""
    from entrypoints.cli import run

    return run.run(run.Wanted(**wanted))


@busbar.command()
@click.option("--port", type=PORT, help="[default: BUSBAR_HTTP_PORT, else 8080]")
def api(port: int | None) -> int:
    """Serve the read models of the configured database over HTTP, until it is told to end."""
    from entrypoints.cli import api as api_command

    return api_command.run(port)


@busbar.command()
@click.option("--new-stream", is_flag=True, help="Begin a new stream of events: after the database was restored, say.")
@click.option("--finish", is_flag=True, help="Refuse the release before from now on: once nothing of it runs.")
def migrate(new_stream: bool, finish: bool) -> int:
    """Bring the database to the newest schema and make the topics that are missing, as often as one likes."""
    from entrypoints.cli import migrate as migrate_command

    return migrate_command.run(new_stream=new_stream, finish=finish)


@busbar.command()
@click.option("--port", type=PORT, help=OPERATIONS_PORT.format(8081))
def worker(port: int | None) -> int:
    """Decide for the depots on the bus, until stopped; one of any number."""
    from entrypoints.service import worker

    return worker.run(port)


@busbar.command()
@click.option("--port", type=PORT, help=OPERATIONS_PORT.format(8082))
def project(port: int | None) -> int:
    """Keep the read models by the events on the bus, until stopped."""
    from entrypoints.service import project

    return project.run(port)


@busbar.command()
@click.argument("microgrid", required=False)
def rebuild(microgrid: str | None) -> int:
    """Project the events again that the bus still holds: of one microgrid, or of all. Projectors may run meanwhile."""
    from entrypoints.cli import rebuild as rebuild_command

    return rebuild_command.run(microgrid)


@busbar.command()
@click.argument("file", type=click.File("rb"))
@click.option("--wait", "wait_s", type=Duration(), help="How long to wait for the answer.")
@click.option("--strict", is_flag=True, help="Publish nothing that has warnings.")
def configure(file: BinaryIO, wait_s: int | None, strict: bool) -> int:
    """Check and publish a site configuration. 1 with faults; with --wait 3 for no answer or a newer one in force."""
    from entrypoints.cli import configure as configure_command

    return configure_command.run(file, wait_s, strict=strict)


@busbar.command()
@click.argument("microgrid")
@click.option("--wait", "wait_s", type=Duration(), help="How long to wait for the answer.")
def retire(microgrid: str, wait_s: int | None) -> int:
    """Close a depot: no more cycles, its setpoints lapse. With --wait 1 where it was refused, 3 for no answer."""
    from entrypoints.cli import retire as retire_command

    return retire_command.run(microgrid, wait_s)


@busbar.command()
@played
@click.option("--seed", default=1, show_default=True, help="Same seed, same buses.")
@click.option("--for", "duration_s", type=Duration(), help="Simulated time [default: until stopped].")
@click.option("--speed", type=Speed(), default=1, show_default=True, help="Simulated seconds a second, 0.01 to 1000.")
@click.option("--ocpp", "url", metavar="URL", help="Its chargers alone, as stations of a gateway, without a bus.")
@click.option("--passwords", type=FILE, help="Of the stations: lines of an id and a password. With --ocpp.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
def simulate(speed: float, url: str | None, passwords: Path | None, **wanted: Any) -> int:
    """Play a depot onto the bus in time, or its chargers to a gateway; it obeys the setpoints that come back."""
    from entrypoints.cli import simulate as simulate_command
    from entrypoints.demo.playing import Wanted

    if url is not None:
        from entrypoints.cli import simulate_stations

        return simulate_stations.run(Wanted(**wanted), speed, url, passwords)
    if passwords is not None:
        raise click.UsageError("--passwords are those of stations: say by --ocpp where they connect.")
    return simulate_command.run(Wanted(**wanted), speed)


@busbar.command()
@click.option("--follow", is_flag=True, help="Go on with what comes, until stopped.")
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest event there is.")
@click.option("--microgrid", help="Of this one alone.")
def events(follow: bool, from_beginning: bool, microgrid: str | None) -> int:
    """Print events as CloudEvents JSON, one a line; the newest few where nothing is said."""
    from entrypoints.cli import events as events_command

    return events_command.run(microgrid, follow=follow, from_beginning=from_beginning)


@busbar.command("dead-letters")
@click.option("--follow", is_flag=True, help="Go on with what comes, until stopped.")
@click.option("--microgrid", help="Of this one alone, by the key of the message or by what its data name.")
def dead_letters(follow: bool, microgrid: str | None) -> int:
    """Print what nobody could read, one letter a line: its code, what is wrong, and where the message lay."""
    from entrypoints.cli import dead_letters as dead_letters_command

    return dead_letters_command.run(microgrid, follow=follow)


@busbar.command()
@click.argument("file", type=click.File("rb"))
def send(file: BufferedReader) -> int:
    """Publish telemetry, a message a line, as it comes. Says which lines cannot be used, and sends the others."""
    from entrypoints.cli import send as send_command

    return send_command.run(file, sys.stdout.buffer)


@busbar.command()
@click.argument("microgrid", required=False)
@click.option("--json", "as_json", is_flag=True)
def status(microgrid: str | None, as_json: bool) -> int:
    """Show how every microgrid is, or one of them in detail."""
    from entrypoints.cli import read as read_commands

    return read_commands.status(microgrid, as_json=as_json)


@busbar.command()
@click.argument("microgrid", required=False)
@click.option("--state", type=click.Choice(["open", "closed", "all"]), default="open", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def breaches(microgrid: str | None, state: str, as_json: bool) -> int:
    """List loads over their limits."""
    from application.queries.rows import BreachState
    from entrypoints.cli import read as read_commands

    return read_commands.breaches(microgrid, BreachState(state), as_json=as_json)


@busbar.command()
@click.argument("microgrid")
@click.argument("node")
@click.option("--json", "as_json", is_flag=True)
def explain(microgrid: str, node: str, as_json: bool) -> int:
    """Show why a connector (cp-1/1) may draw what it may; of any other node what is below it and who it holds back."""
    from entrypoints.cli import read as read_commands

    return read_commands.explain(microgrid, node, as_json=as_json)


@busbar.command()
@click.argument("microgrid")
def show_state(microgrid: str) -> int:
    """Print what is stored of a microgrid between two cycles, as JSON. Exit 1: nothing is, or nobody can read it."""
    from entrypoints.cli import show_state as show_state_command

    return show_state_command.run(microgrid)


busbar.add_command(accept)
busbar.add_command(gateway)
show_examples(busbar)


def main() -> NoReturn:
    """Run the command the arguments name, and exit with its code."""
    if isinstance(sys.stdout, TextIOWrapper):
        # Half a surrogate pair can be written in JSON, and not every terminal speaks UTF-8: the rest is shown escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = busbar.main(prog_name="busbar", standalone_mode=False)
    except click.ClickException as error:
        _refuse(error.format_message())
    except UnusableSetting as error:
        _refuse(str(error))
    except click.Abort:
        code = 130
    sys.exit(code)


def _refuse(message: str) -> NoReturn:
    print(escaped(f"busbar: {' '.join(message.split())}"), file=sys.stderr)
    sys.exit(2)
