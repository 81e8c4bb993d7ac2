"""How far a headless run is, for whoever waits for it at a terminal."""

import sys
from collections.abc import Iterator
from typing import TextIO


def watched(seconds: int, shown_on: TextIO | None = None) -> Iterator[int]:
    """The seconds of a run, one after the other, shown on standard error where that is a terminal."""
    shown_on = shown_on or sys.stderr
    if not shown_on.isatty():
        yield from range(seconds)
        return
    # Imported only now: without a terminal nobody would see what it costs.
    from rich.console import Console
    from rich.progress import track

    yield from track(range(seconds), "simulated", console=Console(file=shown_on), transient=True)
