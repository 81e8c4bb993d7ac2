"""helm: the one on the PATH, or one that Go builds once into the user's cache folder."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import platformdirs
import pytest

VERSION = "v3.19.5"
BUILT_S = 1200
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RENDER = (
    "template",
    "busbar",
    "helm/busbar",
    "--values",
    "helm/example.yaml",
    "--namespace",
    "busbar",
    "--kube-version",
    "1.34.0",
)
"""Whose output `deploy/kubernetes/busbar.yaml` is, in the folder `deploy`."""


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it in the folder `deploy`. Skips the test where there is neither helm nor Go."""
    return subprocess.run([_program(), *arguments], cwd=DEPLOY, capture_output=True, text=True, timeout=60, check=False)


def _program() -> str:
    cached = platformdirs.user_cache_path("busbar") / f"helm-{VERSION}" / "helm"
    if not cached.exists():
        if (installed := shutil.which("helm")) is not None:
            return installed
        if shutil.which("go") is None:
            pytest.skip("This test needs helm 3 on the PATH, or Go to build it with.")
        _build(cached)
    return str(cached)


def _build(program: Path) -> None:
    """Whole or not at all: beside its place, then moved there."""
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        ended = subprocess.run(
            ["go", "install", f"helm.sh/helm/v3/cmd/helm@{VERSION}"],
            env=os.environ | {"GOBIN": folder},
            capture_output=True,
            text=True,
            timeout=BUILT_S,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        (Path(folder) / "helm").rename(program)
