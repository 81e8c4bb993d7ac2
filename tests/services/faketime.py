"""Clocks on the wall that can be set under running processes, by libfaketime; time goes on being counted steadily."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.services.finding import missing

MISSING = "A test that sets the clock needs libfaketime (Debian, Ubuntu: apt install libfaketime)."
FOLDERS = [*Path("/usr/lib").glob("*/faketime"), Path("/usr/lib/faketime"), Path("/usr/local/lib/faketime")]


class HostClock:
    """The clock on the wall of a host. Every process that has its variables is on that host.

    It is ahead of this machine's by what its file says, which libfaketime reads whenever it is asked for the time.
    """

    def __init__(self, file: Path, ahead_s: float = 0) -> None:
        """Skips the test where libfaketime is missing, or fails it where CI is set."""
        self._file = file
        self._library = _library() or missing(MISSING)
        self.set(ahead_s)

    @property
    def variables(self) -> Mapping[str, str]:
        preloaded = (str(self._library), os.environ.get("LD_PRELOAD"))
        return {
            "LD_PRELOAD": os.pathsep.join(filter(None, preloaded)),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            # As on a host whose clock is set: what counts from when it was started knows nothing of it.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, ahead_s: float) -> None:
        """Now, ahead of this machine's by so much, or behind it where that is negative."""
        unfinished = self._file.with_suffix(".unfinished")
        unfinished.write_text(f"{ahead_s:+.0f}\n")
        unfinished.replace(self._file)


def _library() -> Path | None:
    """The one for processes with several threads."""
    libraries = (folder / "libfaketimeMT.so.1" for folder in FOLDERS)
    return next((library for library in libraries if library.exists()), None)
