"""Checkouts of Busbar that are measured beside each other, each with a `.venv` of its own."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Checkout:
    """One of them. `name` is how it stands in the results."""

    name: str
    path: Path

    @property
    def command(self) -> tuple[str, ...]:
        """What `busbar` is."""
        return (str(self.path / ".venv" / "bin" / "python"), "-m", "entrypoints")

    def tuples(self) -> dict[str, float]:
        """What `benchmarks.tuples` finds out about it."""
        path = os.pathsep.join(filter(None, (str(self.path), os.environ.get("PYTHONPATH"))))
        program = [self.command[0], str(HERE / "benchmarks" / "tuples.py")]
        found: dict[str, float] = json.loads(
            subprocess.run(program, env=os.environ | {"PYTHONPATH": path}, check=True, capture_output=True).stdout
        )
        return found


def least_tuples(checkouts: list[Checkout], rounds: int) -> dict[str, Any]:
    """Tuples a connector by checkout, the least of some rounds in turns; a tuple takes the least that any saw."""
    found: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for each in checkouts:
            seconds = each.tuples()
            best = found.get(each.name, seconds)
            found[each.name] = {what: min(best[what], taken_s) for what, taken_s in seconds.items()}
    tuple_s = min(of["tuple"] for of in found.values())
    return {
        name: {what: round(taken_s / tuple_s, 1) for what, taken_s in of.items() if what != "tuple"}
        for name, of in found.items()
    }
