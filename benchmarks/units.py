"""What CPU time is counted in, so that figures of different machines can be compared.

One unit is the dearer of a reading of the bare loop and 9.1 times building a frozen slotted value of 12 fields:
processors differ by half in the one, and not in both.
"""

from dataclasses import dataclass
from typing import Any

from benchmarks.timing import least_seconds

VALUES_A_READING = 9.1
COUNT = 20_000
ROUNDS = 15


@dataclass(frozen=True, slots=True)
class Twelve:
    """A frozen slotted value of 12 fields."""

    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int
    h: int
    i: int
    j: int
    k: int
    l: int  # noqa: E741


def frozen_values() -> list[Any]:
    """So many of them."""
    return [Twelve(n, n, n, n, n, n, n, n, n, n, n, n) for n in range(COUNT)]


def frozen_value_s() -> float:
    """CPU seconds for building one, the least of some rounds."""
    return least_seconds({"values": frozen_values}, ROUNDS)["values"] / COUNT


def unit_s(bare_reading_s: float, frozen_value_s: float) -> float:
    """CPU seconds of one unit."""
    return max(bare_reading_s, VALUES_A_READING * frozen_value_s)
