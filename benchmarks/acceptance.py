"""What `busbar accept site` takes: the scenarios as site files, one after the other, as a customer runs it.

`python -m benchmarks.acceptance [SCENARIO ...]` prints for each, as soon as it is known, how many runs were played for
20 simulated minutes, the seconds that passed and those of all processors, and the verdict; at the end the sums. Exit 0
where all were accepted.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from os import times
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.simulation.layout import read_layout
from adapters.simulation.scenarios import SCENARIOS

ROW = "{:<22}{:>11}{:>6}{:>12}{:>9}  {}"


@dataclass(frozen=True, slots=True)
class Took:
    """An acceptance: how many runs it played, in seconds that passed and seconds of all processors."""

    runs: int
    seconds: float
    cpu_s: float
    verdict: str


def main(names: list[str]) -> int:
    """Accept them. What is printed can be kept in `results/acceptance.txt`."""
    print(ROW.format("site", "connectors", "runs", "passed, s", "CPU, s", "verdict"))
    all_took = []
    for name in names or SCENARIOS:
        configuration = SCENARIOS[name].configuration
        took = accepted(json.dumps(configuration))
        all_took.append(took)
        print(_row(name, str(len(read_layout(configuration).outlets)), took), flush=True)
    verdict = "pass" if all(each.verdict == "pass" for each in all_took) else "fail"
    figures = ((each.runs, each.seconds, each.cpu_s) for each in all_took)
    runs, seconds, cpu_s = map(sum, zip(*figures, strict=True))
    print(_row("all", "", Took(int(runs), seconds, cpu_s, verdict)))
    return 0 if verdict == "pass" else 1


def accepted(site: str) -> Took:
    """What the command takes for a site."""
    with TemporaryDirectory() as folder:
        Path(folder, "site.json").write_text(site)
        command = [sys.executable, "-m", "entrypoints", "accept", "site", "site.json", "--report", "report"]
        began = times()
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
        ended = times()
        report = json.loads(Path(folder, "report", "report.json").read_text())
    cpu_s = sum(ended[2:4]) - sum(began[2:4])
    return Took(
        sum(each["verdict"] is not None for each in report["runs"]),
        ended.elapsed - began.elapsed,
        cpu_s,
        report["verdict"],
    )


def _row(name: str, connectors: str, took: Took) -> str:
    return ROW.format(name, connectors, took.runs, f"{took.seconds:.0f}", f"{took.cpu_s:.0f}", took.verdict)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
