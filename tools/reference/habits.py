"""What chargers were seen to do, and what comes of it at the gateway: the list that the tests play."""

from collections.abc import Iterator, Sequence
from typing import Final

from adapters.ocpp.findings import IGNORES, SENTENCES, SLOW
from tests.stations.test_station_habits import KEPT, LATE, NAMED
from tools.reference.tables import table

HEAD: Final = """# Habits of chargers

What chargers of OCPP 1.6 were seen to do, and what `busbar gateway ocpp` and `busbar run --ocpp` make of it. Each row
is a station on a real websocket in a test (`tests/stations/test_station_habits.py`): over an evening with a limit
that falls, a link that is cut, a pause, a second session and a gateway that dies, its limit is kept as measured at the
station, and it falls back when its setpoint has lapsed; or the gateway names it as not controlled, and why
([DEPOT-4](specification/bring-your-depot.md#depot-4-a-gateway-for-ocpp)).
"""


def habits() -> str:
    """The page of habits."""
    return f"{HEAD}\n{table(('habit', 'what comes of it'), _rows())}"


def _rows() -> Iterator[Sequence[str]]:
    for name in KEPT:
        yield _words(name), "its limit is kept"
    yield _words(LATE), f"its limit is kept late, and it is named: {SENTENCES[IGNORES]}, later {SENTENCES[SLOW]}"
    for name, (_, why) in NAMED.items():
        yield _words(name), f"it is named: {SENTENCES[why]}"


def _words(name: str) -> str:
    return name.replace("-", " ")
