"""How far something long is, for whoever waits for it at a terminal."""

import sys
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

_T = TypeVar("_T")


def watched(seconds: int, shown_on: TextIO | None = None) -> Iterator[int]:
    """The seconds of a run, one after the other, shown on standard error where that is a terminal."""
    return counted(range(seconds), seconds, "simulated", shown_on)


def counted(items: Iterable[_T], total: int, what: str, shown_on: TextIO | None = None) -> Iterator[_T]:
    """So many items, one after the other, shown on standard error where that is a terminal."""
    shown_on = shown_on or sys.stderr
    if not shown_on.isatty():
        yield from items
        return
    # Imported only now: without a terminal nobody would see what it costs.
    from rich.console import Console
    from rich.progress import track

    yield from track(
        items, what, total=total, console=Console(file=shown_on, markup=False, emoji=False), transient=True
    )
