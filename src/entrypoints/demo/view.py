"""The depot in a terminal, a few times a second. Without a terminal: a line of plain text now and then."""

from datetime import datetime
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live

from application.queries.sentences import plural
from application.queries.status import LatestCycle, MicrogridStatus
from entrypoints.demo.screen import Screen, kilowatts

SHOWN_EVERY_S = 0.2
PRINTED_EVERY_S = 5.0


class LiveView:
    """A view that is updated a few times a second, whatever the speed of simulated time."""

    def __init__(self, speed: int, address: str) -> None:
        self._speed = speed
        self._address = address
        self._console = Console(markup=False, emoji=False)
        self._live = Live(console=self._console, screen=self._console.is_terminal, auto_refresh=False)
        self._next = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        else:
            self._console.print(f"Serving {self._address}", soft_wrap=True, highlight=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def wants_an_update(self, now_s: float) -> bool:
        """Whether it is time to show something new, by a monotonic clock."""
        if now_s < self._next:
            return False
        self._next = now_s + (SHOWN_EVERY_S if self._console.is_terminal else PRINTED_EVERY_S)
        return True

    def show(self, status: MicrogridStatus | None, summary: dict[str, Any], now: datetime) -> None:
        """Show the depot as the read model has it."""
        if status is None or status.latest_cycle is None:
            return
        if self._console.is_terminal:
            width, height = self._console.size
            screen = Screen(width, height, self._speed, self._address)
            self._live.update(screen.of(status, summary, now), refresh=True)
        else:
            self._console.print(_line(status, status.latest_cycle, summary, now), soft_wrap=True, highlight=False)


def _line(status: MicrogridStatus, cycle: LatestCycle, summary: dict[str, Any], now: datetime) -> str:
    root = status.nodes[0]
    drawn = "an unknown power" if root.measured_w is None else kilowatts(root.measured_w)
    late = "" if status.not_ready is None else f"; {status.not_ready.sentence}"
    return (
        f"{now:%Y-%m-%d %H:%M:%S}Z {status.microgrid_id} cycle {cycle.cycle_seq}, {status.state.sentence}{late}: "
        f"{drawn} drawn, {kilowatts(root.allocated_w)} allocated, "
        f"headroom {kilowatts(status.headroom_w)}, {plural(summary['vehicles_ready'], 'vehicle')} ready, "
        f"{summary['limit_violations']} violations"
    )
