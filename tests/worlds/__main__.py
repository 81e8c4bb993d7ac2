"""Worlds for as long as one likes: one line a seed that fails, exit 1 if any does. What is known, and left, is counted
apart.

python -m tests.worlds sums|mixes|liveness|links|swing FIRST LAST
"""

import argparse
import time
from collections.abc import Callable

from tests.worlds import links, liveness, mixes, sums, swing

PROPERTIES: dict[str, Callable[[int], str | None]] = {
    "sums": sums.fault_of_seed,
    "mixes": mixes.fault_of_seed,
    "liveness": liveness.fault_of_seed,
    "links": links.fault_of_seed,
    "swing": swing.fault_of_seed,
}

KNOWN: dict[str, tuple[str, Callable[[int], bool]]] = {
    "sums": ("by what the contract has a first cycle send", sums.is_by_a_first_cycle)
}
"""What ADR 0018 lists as known, and left: in words, and whether that is all that is wrong with a seed that fails."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.worlds", description=__doc__)
    parser.add_argument("property", choices=PROPERTIES)
    parser.add_argument("first", type=int, help="seed")
    parser.add_argument("last", type=int, help="seed, not played any more")
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.last)
    failed = _play(chosen.property, seeds)
    if chosen.property == "sums":
        failed += _show_occurrences(seeds)
    return 1 if failed else 0


def _play(chosen: str, seeds: range) -> int:
    began, failed, left = time.process_time(), 0, 0
    known, is_known = KNOWN.get(chosen, ("", lambda seed: False))
    for seed in seeds:
        fault = PROPERTIES[chosen](seed)
        if fault is None:
            continue
        if is_known(seed):
            left += 1
            print(f"seed {seed}, {known}: {fault}", flush=True)
        else:
            failed += 1
            print(f"seed {seed}: {fault}", flush=True)
    besides = f", {left} besides {known}" if known else ""
    print(f"{failed} of {len(seeds)} fail{besides}, {time.process_time() - began:.0f} s of CPU", flush=True)
    return failed


def _show_occurrences(seeds: range) -> int:
    """How often each habit and fault occurred; how many are too rare to be looked at."""
    rare = 0
    for name, depots in sums.occurrences(seeds).most_common():
        percent = 100 * depots / len(seeds)
        rare += percent < sums.RARE_PERCENT
        print(f"{percent:4.0f} %  {name}{'  (too rare)' if percent < sums.RARE_PERCENT else ''}")
    return rare


if __name__ == "__main__":
    raise SystemExit(main())
