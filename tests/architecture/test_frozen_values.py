"""`make frozen` would notice an assignment to a value."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PLANTED = """
from dataclasses import fields
from typing import Any
from tests.builders import a_site, a_state

def test_planted():
    value: Any = {value}
    for field in fields(value):
        setattr(value, field.name, getattr(value, field.name))
"""


def run_planted(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(file.parent),
        *options,
        str(file),
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("value", ["a_site()", "a_state(a_site())"])
def test_an_assignment_to_a_value_fails_where_values_are_frozen_and_only_there(tmp_path: Path, value: str) -> None:
    planted = tmp_path / "test_planted.py"
    planted.write_text(PLANTED.format(value=value))

    frozen = run_planted(planted, "-p", "tests.frozen")
    assert frozen.returncode == 1
    assert "FrozenInstanceError" in frozen.stdout
    assert run_planted(planted).returncode == 0
