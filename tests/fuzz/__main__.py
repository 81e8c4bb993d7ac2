"""A deployment fuzzed for as long as one likes: `make fuzz`. A seed repeats what is sent."""

import argparse

from tests.faults.stage import a_ground, staged
from tests.fuzz.fuzzing import Length, fuzzed


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="for how long (300)")
    parser.add_argument("--seed", type=int, default=1, help="of what is sent (1)")
    chosen = parser.parse_args()
    with a_ground() as ground, staged(ground, chosen.seed, bad=()) as stage:
        found = fuzzed(stage, chosen.seed, Length(chosen.seconds))
    print(found.summary)
    for fault in found.faults:
        print(f"        {fault}")
    return 1 if found.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
