"""`busbar` as a process of its own, in a folder and with a home that are empty at first."""

import faulthandler
import fcntl
import multiprocessing
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from entrypoints.cli.main import main

PATIENCE_S = 120.0
COMMAND = [sys.executable, "-m", "entrypoints"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended, and what it said."""

    code: int
    out: bytes
    err: bytes

    @property
    def lines(self) -> list[str]:
        return self.out.decode().splitlines()

    @property
    def complaints(self) -> list[str]:
        return self.err.decode().splitlines()


def environment(home: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a new user, and these."""
    others = ("BUSBAR_", "OTEL_", "XDG_", "PYTHONUNBUFFERED", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**kept, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), **(variables or {})}


def run(
    home: Path,
    *arguments: str,
    stdin: bytes = b"",
    variables: Mapping[str, str] | None = None,
    patience_s: float = PATIENCE_S,
) -> Ended:
    """`busbar` with these arguments, to its end.

    It is forked from a process that has imported all of it, which takes longer than most commands do. What goes on for
    a while is begun as its users begin it (`running`).
    """
    with TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("stdin", "stdout", "stderr")]
        streams[0].write_bytes(stdin)
        process = _FORKING.Process(target=_be_busbar, args=(home, arguments, environment(home, variables), streams))
        process.start()
        process.join(patience_s)
        if process.exitcode is None:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGUSR1)
            process.join(1)
            process.kill()
            process.join()
            said = streams[2].read_bytes()
            late = subprocess.TimeoutExpired([*COMMAND, *arguments], patience_s, stderr=said)
            late.add_note(f"{len(stdin)} bytes of input; it was in\n{said.decode(errors='replace')[-3000:]}")
            raise late
        return Ended(process.exitcode, streams[1].read_bytes(), streams[2].read_bytes())


_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.e2e.imported"])


def _be_busbar(home: Path, arguments: Sequence[str], variables: Mapping[str, str], streams: Sequence[Path]) -> None:
    os.chdir(home)
    os.environ.clear()
    os.environ.update(variables)
    for number, stream in enumerate(streams):
        opened = os.open(stream, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.argv = ["busbar", *arguments]
    faulthandler.register(signal.SIGUSR1)
    main()


class Running:
    """A process that runs, and what it has said so far on its standard output."""

    def __init__(self, process: subprocess.Popen[bytes], output: int) -> None:
        self.process = process
        self.out = b""
        self._output = output

    def read_until(self, wanted: str) -> None:
        """Wait for a text; AssertionError where the process ends or PATIENCE_S passes without it."""
        patient_until = time.monotonic() + PATIENCE_S
        while wanted.encode() not in self.out:
            assert self._read(patient_until), f"{wanted!r} did not come, but {self.out[-2000:]!r}"

    def read_for(self, seconds: float) -> None:
        """Take what it says now, or wait so long for it."""
        self._read(time.monotonic() + seconds)

    def end(self, number: int) -> float:
        """Signal the process and wait for its end; returns how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.wait()
        return time.monotonic() - began

    def wait(self) -> None:
        """Read on until the process ends."""
        patient_until = time.monotonic() + PATIENCE_S
        while self._read(patient_until):
            pass
        self.process.wait(PATIENCE_S)

    def _read(self, until: float) -> bool:
        """Whether there was more to read before this instant."""
        if not select.select([self._output], [], [], max(0.0, until - time.monotonic()))[0]:
            return False
        try:
            more = os.read(self._output, 65536)
        except OSError:  # how a terminal says that nobody writes to it any more
            return False
        self.out += more
        return bool(more)


@contextmanager
def running(
    home: Path,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    terminal: tuple[int, int] | None = None,
    command: Sequence[str] = COMMAND,
) -> Iterator[Running]:
    """`busbar` with these arguments, in a terminal of so many rows and columns where they are given.

    Without one its standard error goes to the file `stderr` at home. What still runs at the end is killed.
    """
    if terminal is None:
        output, written = os.pipe()
        error = os.open(home / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    else:
        output, written = pty.openpty()
        error = os.dup(written)
        fcntl.ioctl(written, termios.TIOCSWINSZ, struct.pack("HHHH", *terminal, 0, 0))
    process = subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.DEVNULL if terminal is None else written,
        stdout=written,
        stderr=error,
        cwd=home,
        env={**environment(home, variables), "TERM": "xterm-256color"},
    )
    os.close(written)
    os.close(error)
    try:
        yield Running(process, output)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(output)
