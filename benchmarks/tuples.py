"""The domain's cycle as multiples of building a tuple of 12 fields, in one process.

A program by its path, so that it measures the checkout whose `benchmarks` and sources Python finds:
`PYTHONPATH=CHECKOUT CHECKOUT/.venv/bin/python benchmarks/tuples.py`. Prints JSON: CPU seconds
a connector, and of a tuple.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from benchmarks.cases import LATER, cases
from benchmarks.timing import least_seconds
from domain.events import Trigger
from domain.site.configuration import Order, Unit

CONNECTORS = 1_000
COUNT = 20_000
ROUNDS = 12
SETTLING, APART = 4, timedelta(seconds=5)
"""Cycles before one without news, so that nothing changes any more but time."""


def a_tuple(a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int, i: int, j: int, k: int, l: int) -> Any:  # noqa: E741
    """One of 12 fields, called for as a value is."""
    return (a, b, c, d, e, f, g, h, i, j, k, l)


def tuples() -> list[Any]:
    """So many of them."""
    return [a_tuple(n, n, n, n, n, n, n, n, n, n, n, n) for n in range(COUNT)]


def main() -> None:
    ((_, case),) = cases(CONNECTORS, [(Unit.CONNECTOR, Order.EQUAL_SHARE)])
    settled, at = case.decided_once, LATER
    for _ in range(SETTLING):
        settled, at = settled.run_cycle(case.later_readings, Trigger.MANUAL, at).microgrid, at + APART
    contestants: dict[str, Callable[[], Any]] = {
        "tuples": tuples,
        "first": case.first_cycle,
        "next, with news": case.next_cycle,
        "next, without news": lambda: settled.run_cycle(case.later_readings, Trigger.MANUAL, at),
    }
    least_s = least_seconds(contestants, ROUNDS)
    tuple_s = least_s.pop("tuples") / COUNT
    print(json.dumps({name: seconds / CONNECTORS for name, seconds in least_s.items()} | {"tuple": tuple_s}))


if __name__ == "__main__":
    main()
