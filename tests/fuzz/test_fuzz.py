"""Short fuzzes that a seed repeats: no 500, no traceback, no growth, and depots that go on. `make fuzz` is longer."""

import subprocess
import sys

import pytest

from tests.e2e.processes import PATIENCE_S
from tests.faults.stage import ROOT, a_ground, staged
from tests.fuzz.fuzzing import Length, fuzzed

SEED = 20261130
LENGTH = Length(api=6, bus=30, files=1)
"""In turns: a machine that is busy is sent no less than another, and nothing that was never sent before."""

READ_SEEDS, READ_TURNS = (20261130, 20261201), 10

pytestmark = pytest.mark.timeout(900)
"""Seconds on a machine that has little else to do, minutes where it has twenty times the work that it has cores for."""


@pytest.mark.slow
def test_whatever_is_sent_nothing_falls_over() -> None:
    """Holds HTTP-21, BUS-10."""
    with a_ground() as ground, staged(ground, SEED, bad=()) as stage:
        found = fuzzed(stage, SEED, LENGTH)
    assert found.faults == [], found.summary


@pytest.mark.slow
@pytest.mark.parametrize("seed", READ_SEEDS)
def test_whatever_is_read_nothing_falls_over(seed: int) -> None:
    module = ("tests.fuzz.reading", "--seed", str(seed), "--turns", str(READ_TURNS))
    ended = subprocess.run(
        [sys.executable, "-m", *module], cwd=ROOT, capture_output=True, text=True, timeout=5 * PATIENCE_S, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout[-6000:]
