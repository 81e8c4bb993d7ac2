"""Starting and ending the process that decides for ever."""

import os
import signal
import subprocess
import sys
from pathlib import Path

DECIDING_FOR_EVER = Path(__file__).with_name("deciding_for_ever.py")


def decide_until_killed(url: str, *arguments: str) -> subprocess.Popen[str]:
    """A process that decides cycles and says on its standard output which it has committed."""
    return subprocess.Popen(
        [sys.executable, str(DECIDING_FOR_EVER), url, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def kill(process: subprocess.Popen[str]) -> None:
    """As a machine that loses its power."""
    process.send_signal(signal.SIGKILL)
    process.communicate()
