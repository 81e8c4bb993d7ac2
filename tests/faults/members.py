"""The processes of a deployment, and how long they are waited for."""

import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.stacks import readiness

PATIENCE_S = 100.0
ENDED_S = 30.0


@dataclass(frozen=True, slots=True)
class Member:
    """A process of the deployment, and what it logs."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int:
        """Where it says how it is."""
        served = re.search(r"are served at http://127\.0\.0\.1:(\d+)", self.log.read_text())
        assert served is not None, self.log.read_text()
        return int(served[1])

    def joined(self) -> None:
        """Wait until it is a member of its group."""
        self.says("Joined the group")

    def says(self, text: str) -> None:
        """Wait until it has."""
        wait_until(lambda: text in self.log.read_text(), self.log.read_text)

    def ready(self, patience_s: float) -> None:
        """Wait until it says that it is."""
        wait_until(lambda: readiness(self.port)[0] == 200, self.log.read_text, patience_s)

    def resident_kb(self) -> int:
        """Of its memory; 0 once it has ended."""
        if self.process.poll() is not None:
            return 0
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) if found else 0

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> float:
        """In order; returns how many seconds it took."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        self.ended()
        return time.monotonic() - began

    def ended(self) -> None:
        """Wait for it, once it was told to end. AssertionError where it does not end well."""
        self.process.wait(ENDED_S)
        assert self.process.returncode == 0, f"{self.name} ended with {self.process.returncode}: {self.log.read_text()}"

    def signalled_itself(self, failpoint: str) -> None:
        """Wait until it came to its failpoint."""
        self.says(f"reached {failpoint}")


def wait_until(holds: Callable[[], bool], log: Callable[[], str], patience_s: float = PATIENCE_S) -> None:
    """AssertionError with the log where it does not come about in time."""
    until = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < until, log()[-6000:]
        time.sleep(0.1)
