"""A short fuzz with a fixed seed: no 500, no traceback, no growth, and depots beside it go on. `make fuzz` goes on."""

import pytest

from tests.faults.stage import a_ground, staged
from tests.fuzz.fuzzing import fuzzed

SEED = 20261130
SECONDS = 45.0


@pytest.mark.slow
def test_whatever_is_sent_nothing_falls_over() -> None:
    """Holds HTTP-21, BUS-10."""
    with a_ground() as ground, staged(ground, SEED, bad=()) as stage:
        found = fuzzed(stage, SEED, SECONDS)
    assert found.faults == [], found.summary
