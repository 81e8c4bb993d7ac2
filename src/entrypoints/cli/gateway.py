"""`busbar gateway`: chargers that speak a protocol of their own, connected to the service."""

import sys
from pathlib import Path
from typing import BinaryIO

import click

from entrypoints.cli.addresses import DEFAULT_LISTEN, Address
from entrypoints.cli.options import OPERATIONS_PORT, PORT


@click.group(invoke_without_command=True)
@click.pass_context
def gateway(context: click.Context) -> None:
    """Connect chargers that speak OCPP to the service."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@gateway.command()
@click.option("--site", type=click.File("rb"), required=True, help="The site configuration that has the chargers.")
@click.option(
    "--listen",
    type=Address(),
    default=DEFAULT_LISTEN,
    show_default=True,
    metavar="HOST:PORT",
    help="Where chargers connect, each to ws://HOST:PORT/CHARGE_POINT_ID.",
)
@click.option(
    "--passwords",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A line a charger, of `busbar gateway password`. Without it only this machine may connect.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where sessions and what chargers were found to do are kept. [default: the user's state folder]",
)
@click.option("--port", type=PORT, help=OPERATIONS_PORT.format(8083))
def ocpp(site: BinaryIO, listen: tuple[str, int], passwords: Path | None, data: Path | None, port: int | None) -> int:
    """Serve chargers of OCPP 1.6-J on the bus, until stopped: their readings go up, setpoints down."""
    from entrypoints.cli import ocpp as ocpp_command

    return ocpp_command.run_ocpp(site, listen, passwords=passwords, data=data, port=port)


@gateway.command()
@click.argument("charge_point")
@click.option("--from-stdin", is_flag=True, help="Read the password from standard input instead of making one up.")
def password(charge_point: str, from_stdin: bool) -> int:
    """Print the line of a charger for the file of `--passwords`, with a new password."""
    from entrypoints.cli import ocpp as ocpp_command

    given = sys.stdin.readline().rstrip("\n") if from_stdin else None
    click.echo(ocpp_command.password_line(charge_point, given))
    return 0
