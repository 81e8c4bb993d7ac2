"""Programs that are crates: built once for each version, into the user's cache folder."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import platformdirs

from tests.services.finding import missing

PATIENCE_S = 3600
"""It takes nine minutes of a processor."""


def program(crate: str, version: str, need: str) -> Path:
    """The program of a crate. `need`: whose need it is, in a sentence.

    Without cargo the test is skipped, in continuous integration it fails.
    """
    folder = platformdirs.user_cache_path("busbar") / f"{crate}-{version}"
    if not folder.exists():
        if shutil.which("cargo") is None:
            missing(f"{need} cargo (rustup; Debian 12: apt install cargo-web; Ubuntu: apt install cargo).")
        _build(crate, version, folder)
    return folder / "bin" / crate


def _build(crate: str, version: str, folder: Path) -> None:
    """Whole or not at all: beside its place, then moved there, whatever else does so at the same time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        built = Path(temporary) / "built"
        ended = subprocess.run(
            ["cargo", "install", crate, "--version", version, "--locked", "--root", str(built)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr.decode()
        try:
            built.rename(folder)
        except OSError:
            assert folder.exists()
