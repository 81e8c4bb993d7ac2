"""What of this user is going on: live demos and runs, so that other commands find them where no database is named."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from platformdirs import user_state_path

FOLDER: Final = "going-on"


@dataclass(frozen=True, slots=True)
class GoingOn:
    """A process that balances a depot. `socket` takes telemetry in; null where the process makes its own."""

    microgrid_id: str
    database_url: str
    address: str
    started_at: str
    socket: str | None = None


class Entry:
    """A process's entry among those that go on, while it lasts."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def keep_time(self, at: datetime, speed: float) -> None:
        """Note what the clock of this process shows now, which is not the one on the wall."""
        if self._file is not None:
            written = self._file.with_suffix(".new")
            written.write_text(json.dumps([datetime.now(UTC).isoformat(), at.isoformat(), speed]))
            written.replace(self._file.with_suffix(".clock"))


class Found:
    """A process that was found going on."""

    def __init__(self, file: Path, going_on: GoingOn) -> None:
        self._clock = file.with_suffix(".clock")
        self.going_on = going_on

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Null where the process is gone; then its files go too."""
        try:
            with file.open() as held:
                fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with suppress(OSError, ValueError, TypeError):
                return cls(file, GoingOn(**json.loads(file.read_text())))
        except OSError:
            return None
        else:
            _remove(file)
        return None

    def now(self) -> datetime:
        """What the clock of the process shows."""
        try:
            wall, at, speed = json.loads(self._clock.read_text())
            passed = max(timedelta(), datetime.now(UTC) - datetime.fromisoformat(wall))
            return datetime.fromisoformat(at) + passed * float(speed)
        except (OSError, ValueError):
            return datetime.now(UTC)


@contextmanager
def going_on(microgrid_id: str, database_url: str, address: str, socket: Path | None = None) -> Iterator[Entry]:
    """Let other commands of this user find the process while inside; where no state can be kept they do not."""
    started_at = datetime.now(UTC).isoformat()
    entry = GoingOn(microgrid_id, database_url, address, started_at, None if socket is None else str(socket.resolve()))
    file = _folder() / f"{os.getpid()}.json"
    with ExitStack() as stack:
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            held = stack.enter_context(file.open("w"))
            fcntl.flock(held, fcntl.LOCK_EX)
            held.write(json.dumps(asdict(entry)))
            held.flush()
        except OSError:
            yield Entry(None)
            return
        stack.callback(_remove, file)
        yield Entry(file)


def found(microgrid_id: str | None = None, *, taking_lines: bool = False) -> Found | None:
    """The process that began last, of those that balance this microgrid where one is named, or that take telemetry."""
    every = [found for file in _folder().glob("*.json") if (found := Found.read(file)) is not None]
    fitting = [
        each
        for each in every
        if microgrid_id in (None, each.going_on.microgrid_id) and (each.going_on.socket or not taking_lines)
    ]
    return max(fitting, key=lambda each: each.going_on.started_at, default=None)


def _folder() -> Path:
    return user_state_path("busbar", appauthor=False) / FOLDER


def _remove(file: Path) -> None:
    for each in (file, file.with_suffix(".clock"), file.with_suffix(".new")):
        each.unlink(missing_ok=True)
