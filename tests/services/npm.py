"""Programs that are packages of npm: installed once for each lock file, into the user's cache folder."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import platformdirs
import pytest

WANTED = ("package.json", "package-lock.json")
PATIENCE_S = 240


def modules(locked: Path, name: str, need: str) -> Path:
    """Where the packages of a folder with a lock file are installed. `need`: whose need it is, in a sentence.

    Without node and npm the test is skipped, in continuous integration it fails.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        reason = f"{need} node and npm (Debian, Ubuntu: apt install nodejs npm)."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    digest = hashlib.sha256(b"".join((locked / each).read_bytes() for each in WANTED)).hexdigest()[:12]
    installed = platformdirs.user_cache_path("busbar") / f"{name}-{digest}" / "node_modules"
    if not installed.exists():
        _install(locked, installed)
    return installed


def _install(locked: Path, folder: Path) -> None:
    """Whole or not at all: beside its place, then moved there, whatever else does so at the same time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        for each in WANTED:
            shutil.copy(locked / each, temporary)
        ended = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=temporary,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr.decode()
        try:
            (Path(temporary) / "node_modules").rename(folder)
        except OSError:
            assert folder.exists()
