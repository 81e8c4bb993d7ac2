"""How long a decision takes, beside what it has to be compared with, all measured in the same run.

`make bench`, or `python -m benchmarks.decide [--sizes N,N,...] [--rounds N] [--save]`.
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

from adapters.messages.snapshot import answer
from benchmarks.cases import Filling, cases, snapshot_line
from benchmarks.depots import a_depot
from benchmarks.machine import machine
from benchmarks.quadratic import Program, rivals
from benchmarks.report import text
from benchmarks.timing import growth_exponent, least_seconds
from domain.sharing.plan import Setpoint
from domain.site.configuration import Order, Strategy, Unit
from tests.property.lexicographic_lp import LexicographicProgram

Contestants: TypeAlias = dict[str, Callable[[], Any]]
Seconds: TypeAlias = dict[str, dict[int, float]]
"""By what was run and by number of connectors."""

RESULTS = Path(__file__).parent / "results"

SIZES = (30, 300, 1_000, 3_000, 30_000, 300_000)
LARGE = 30_000
LARGEST_WITH_ALL_ORDERS = 30_000
LARGEST_QUADRATIC = 30_000
LARGEST_LINEAR = 1_000
REBALANCE_SIZE = 3_000
GROWTH_FROM = 300
COMMAND = [sys.executable, "-m", "entrypoints", "rebalance", "-"]

EVERYTHING = list(product(Unit, Order))
SIMPLEST = [(Unit.CONNECTOR, Order.EQUAL_SHARE), (Unit.CONNECTOR, Order.FIRST_COME)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of connectors")
    parser.add_argument("--rounds", type=int, default=15, help="rounds at small sizes; a third of it from 30,000 up")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/decide.json and .txt")
    arguments = parser.parse_args()

    seconds: Seconds = {}
    closeness: dict[str, dict[int, dict[str, float]]] = {}
    for size in map(int, arguments.sizes.split(",")):
        rounds = arguments.rounds if size < LARGE else max(2, arguments.rounds // 5)
        for name, least in least_seconds(_contestants(size, closeness), rounds).items():
            seconds.setdefault(name, {})[size] = least
        print(f"{size} connectors measured", file=sys.stderr)
    seconds.setdefault("rebalance, a whole process", {})[REBALANCE_SIZE] = _process_seconds(arguments.rounds // 3)

    results = {
        "machine": machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "method": f"least CPU time of {arguments.rounds} rounds (a fifth of them from 30,000 up), everything of one"
        " size in turns, the garbage collector run before each and off during it",
        "seconds": seconds,
        "growth_exponents": {
            name: round(exponent, 3)
            for name, by_size in seconds.items()
            if (exponent := growth_exponent({n: each for n, each in by_size.items() if n >= GROWTH_FROM})) is not None
        },
        "quadratic_programs": closeness,
    }
    print(table := text(results))
    if arguments.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "decide.txt").write_text(table + "\n")
        (RESULTS / "decide.json").write_text(json.dumps(results, indent=1) + "\n")


def _contestants(size: int, closeness: dict[str, dict[int, dict[str, float]]]) -> Contestants:
    """What is run at one size, by its name in the results."""
    running: Contestants = {"floor": _floor(size)}
    for (unit, order), case in cases(size, EVERYTHING if size <= LARGEST_WITH_ALL_ORDERS else SIMPLEST):
        running[f"decide {unit} {order}"] = case.decide
        running[f"first cycle {unit} {order}"] = case.first_cycle
        running[f"next cycle {unit} {order}"] = case.next_cycle
        if (unit, order) == (Unit.CONNECTOR, Order.EQUAL_SHARE):
            filling = case.filling()
            running["fill connector equal_share"] = filling.again
            if size <= LARGEST_QUADRATIC:
                for name, rival in rivals(Program.of(filling)).items():
                    running[f"QP {name}"] = rival.solve
                    near = {"tolerance": rival.tolerance, "furthest_w": round(rival.error_w, 2)}
                    closeness.setdefault(f"QP {name}", {})[size] = near
            if size <= LARGEST_LINEAR:
                running["LP sequence, warm"] = _bind(_linear, filling, True)
                running["LP sequence, cold"] = _bind(_linear, filling, False)
    if size == REBALANCE_SIZE:
        running["rebalance, one line"] = _bind(answer, snapshot_line(a_depot(size, Strategy())))
    return running


def _bind(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    return lambda: function(*arguments)


def _floor(size: int) -> Callable[[], Any]:
    """One frozen slotted dataclass of 14 fields a connector: what a plan cannot do without."""
    row = ("cp-1", 1, 60_000, 60_000, 61_000, 150_000, 61_200, 0, "Charging", "limited", "gc-1", 120, 1000, None)
    rows = [row] * size
    return lambda: [Setpoint(*each) for each in rows]  # type: ignore[arg-type]


def _linear(filling: Filling, warm: bool) -> list[float]:
    program = LexicographicProgram(
        filling.parents, filling.capacities_w, filling.claims, filling.fill.admitted, from_scratch=not warm
    )
    return program.shares()


def _process_seconds(rounds: int) -> float:
    """`busbar rebalance -` on one line, start and end of Python included."""
    line = snapshot_line(a_depot(REBALANCE_SIZE, Strategy())) + b"\n"
    taken = []
    for _ in range(max(1, rounds)):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "entrypoints", "rebalance", "-"], input=line, capture_output=True, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


if __name__ == "__main__":
    main()
