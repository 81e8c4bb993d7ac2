"""What keeps a depot safe and served, switched off one by one: some shipped scenario shows it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.simulation.scenarios import SCENARIOS
from tests.e2e.nights import play
from tests.property.mutants.planted import Mutant

ROOT = Path(__file__).parents[2]

PLAY = """
import json, sys
from adapters.simulation.scenarios import SCENARIOS
from tests.e2e.nights import play

scenario, seconds, fault = sys.argv[1:]
night = play(SCENARIOS[scenario], int(seconds), fault or None)
print(json.dumps([night.summary.limit_violations, night.energy_percent]))
"""


@dataclass(frozen=True, slots=True)
class Ablation:
    """A rule that is left out, and the run in which that is seen: by violations, or by the energy that is lost."""

    plants: tuple[Mutant, ...]
    scenario: str
    seconds: int
    fault: str | None = None
    violations: int = 0
    lost_percent: float = 0


ABLATIONS = {
    "lower before raise": Ablation(
        (
            Mutant("rebalance.py", "all is sent at once", "transition.send(situation, wanted, filler)", "list(wanted)"),
            Mutant(
                "rebalance.py", "nothing is refused", "fault = certifier(situation, decided, limits_w)", "fault = None"
            ),
        ),
        "brookvale-panto",
        600,
        violations=5,
    ),
    "confirmation by value": Ablation(
        (
            Mutant(
                "ledger.py",
                "no report confirms by its value",
                "if in_time and abs(report.limit_w - sent.limit_w) <= tolerance:",
                "if not tolerance:",
            ),
        ),
        "elizabeth-quay",
        1200,
        lost_percent=0.8,
    ),
    "background hold": Ablation(
        (
            Mutant(
                "background.py",
                "what is not shown now is forgotten",
                "peak = max([newest.most_w, *(each.most_w for each in highest)])",
                "peak = newest.most_w",
            ),
        ),
        "leichhardt-mixed",
        1200,
        violations=3,
    ),
    "withheld room of a silent sub-meter": Ablation(
        (
            Mutant(
                "background.py",
                "nothing is withheld above",
                "withheld[index] if limit.mode is Mode.NORMAL else max(_withheld(node, limit), unseen)",
                "0",
            ),
        ),
        "submeter-silent",
        1500,
        violations=100,
    ),
    "link-based freshness": Ablation(
        (
            Mutant(
                "demand.py",
                "an empty socket needs a reading of its own",
                "if readings.heard_at[connector.charge_point_id] >= oldest:",
                "if known.measured_at >= oldest:",
            ),
        ),
        "ocpp-sparse",
        600,
        lost_percent=3,
    ),
    "fallback lapse": Ablation(
        (
            Mutant(
                "ledger.py",
                "setpoints never lapse",
                "if at < lapses_at:\n        return entry\n    known",
                "if at:\n        return entry\n    known",
            ),
            Mutant(
                "exposure.py",
                "nobody makes room before",
                "entry.received_at <= lapsed_before + 2 * grace",
                "entry.received_at is None",
            ),
        ),
        "leichhardt-mixed",
        900,
        "charger-offline",
        violations=50,
    ),
}


@pytest.mark.parametrize("rule", ABLATIONS)
def test_without_one_of_the_rules_a_scenario_suffers(tmp_path: Path, rule: str) -> None:
    ablation = ABLATIONS[rule]
    whole = play(SCENARIOS[ablation.scenario], ablation.seconds, ablation.fault)
    violations, energy_percent = played_without(ablation, tmp_path / "src")

    assert whole.summary.limit_violations == 0
    assert violations >= ablation.violations
    if ablation.lost_percent:
        assert whole.energy_percent - energy_percent >= ablation.lost_percent


def played_without(ablation: Ablation, src: Path) -> tuple[int, float]:
    """Violations and the energy delivered, in percent of what was possible, by a copy of src without a rule."""
    shutil.copytree(ROOT / "src", src, ignore=shutil.ignore_patterns("__pycache__"))
    for plant in ablation.plants:
        plant.plant(src)
    ended = subprocess.run(
        [sys.executable, "-c", PLAY, ablation.scenario, str(ablation.seconds), ablation.fault or ""],
        env={**os.environ, "PYTHONPATH": f"{src}{os.pathsep}{ROOT}"},
        cwd=src,
        capture_output=True,
        check=True,
    )
    violations, energy_percent = json.loads(ended.stdout)
    return violations, energy_percent
