"""CPU time of things that are compared, taken in turns."""

import gc
from collections.abc import Callable, Mapping
from math import inf, log
from time import process_time
from typing import Any


def least_seconds(contestants: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The least CPU time of each over some rounds, in every one of which each is run once (A B C A B C ...).

    The garbage collector is run before and held off during each, for all alike.
    """
    best = dict.fromkeys(contestants, inf)
    for _ in range(rounds):
        for name, run in contestants.items():
            gc.collect()
            gc.disable()
            try:
                start = process_time()
                kept = run()
                best[name] = min(best[name], process_time() - start)
            finally:
                gc.enable()
            del kept
    return best


def growth_exponent(seconds: Mapping[int, float]) -> float | None:
    """The slope of log seconds over log size by least squares; 1 is proportional to the size."""
    points = [(log(size), log(each)) for size, each in seconds.items()]
    if len(points) < 2:
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
