"""What the acceptance of a site costs: the scenarios as sites, each run of `busbar accept site` after the other.

`python -m benchmarks.acceptance [SCENARIO ...]` prints for each, as soon as it is known, how many runs were played for
20 simulated minutes, the CPU seconds of the plain run and of all of them, and whether all passed. On two processors it
takes half of that, and the start of Python on each.
"""

import json
import sys
from time import process_time

from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.layout import read_layout
from adapters.simulation.scenarios import SCENARIOS
from entrypoints import settings as environment
from entrypoints.accept.outcomes import Played
from entrypoints.accept.playing import Run, play
from entrypoints.cli.accept import EACH_S
from entrypoints.service.refusals import quiet

ROW = "{:<22}{:>11}{:>6}{:>10}{:>8}  {}"


def main(names: list[str]) -> None:
    """Play them in this process. What is printed can be kept in `results/acceptance.txt`."""
    quiet(environment.load())
    print(ROW.format("site", "connectors", "runs", "plain, s", "all, s", "passed"))
    for name in names or SCENARIOS:
        configuration = SCENARIOS[name].configuration
        site, began, outcomes, plain_s = json.dumps(configuration).encode(), process_time(), [], 0.0
        for fault in (None, *FAULTS):
            outcomes.append(play(Run(site, fault, seed=1, seconds=EACH_S)))
            plain_s = plain_s or process_time() - began
        played = [each for each in outcomes if isinstance(each, Played)]
        passed = "yes" if all(each.passed for each in played) else "no"
        seconds = (f"{plain_s:.1f}", f"{process_time() - began:.0f}")
        print(ROW.format(name, len(read_layout(configuration).outlets), len(played), *seconds, passed), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
