"""What commands print of what the read models say."""

from io import StringIO

from rich.console import Console

from entrypoints.cli import views
from tests.unit.entrypoints.demo.recordings import recorded


def test_the_status_says_how_many_vehicles_will_not_be_ready() -> None:
    """Holds HTTP-23."""
    told = recorded("charger-ignores").status
    written = StringIO()
    Console(file=written, width=200).print(views.status(told))
    assert told.not_ready is not None
    assert written.getvalue().splitlines()[1:3] == [told.state.sentence, told.not_ready.sentence]
