"""helm, where it is there: building it takes Go longer than all other tests of these files together."""

import shutil
import subprocess
from pathlib import Path

import pytest

VERSION = "v3.19.5"
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RENDER = ("template", "busbar", "helm/busbar", "--values", "helm/example.yaml", "--namespace", "busbar")
ON = ("--kube-version", "1.34.0")
"""With both, the output is `deploy/kubernetes/busbar.yaml`, in the folder `deploy`."""


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it in the folder `deploy`. Skips the test where it is missing, in continuous integration too."""
    if (program := shutil.which("helm")) is None:
        pytest.fail(f"This test needs helm 3 on the PATH: go install helm.sh/helm/v3/cmd/helm@{VERSION}")
    return subprocess.run([program, *arguments], cwd=DEPLOY, capture_output=True, text=True, timeout=60, check=False)
