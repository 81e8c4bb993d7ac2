"""Disks that can be full: a tmpfs of a few MiB, filled to the brim by a file that can be taken away again."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.services.finding import missing

PAGE: Final = 4096
MOUNT: Final = "mount"
MISSING = "A test on a full disk mounts a tmpfs: run it as root, in a container with the capability SYS_ADMIN."


class SmallDisk:
    """A file system of its own at a path."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """To the last page."""
        with self._ballast.open("ab", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(PAGE))
        assert shutil.disk_usage(self.path).free == 0

    def make_room(self) -> None:
        self._ballast.unlink()


@contextmanager
def a_small_disk(path: Path, mib: int) -> Iterator[SmallDisk]:
    """Mounted at a folder that is made; skips the test where that is not allowed, or fails it where CI is set."""
    path.mkdir()
    mount = [MOUNT, "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        missing(MISSING)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", str(path)], check=True)
