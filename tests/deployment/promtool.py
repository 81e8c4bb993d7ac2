"""promtool, which judges what Prometheus is given."""

import shutil
import subprocess
from pathlib import Path

from tests.services.finding import missing


def promtool(*arguments: str | Path) -> None:
    """Run it; it has to succeed. Skips the test where it is not there; in continuous integration it fails."""
    if shutil.which("promtool") is None:
        missing("This test needs promtool (Debian, Ubuntu: apt install prometheus).")
    ended = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
