"""What keeps a depot safe and served, switched off one by one: some shipped scenario shows it."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from adapters.simulation.scenarios import SCENARIOS
from domain.knowledge import background, demand
from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.limits import Mode
from domain.sharing import certificate, transition
from tests.e2e.nights import play
from tests.property.planting import Fault, always, answered, answered_given, asked, asked_given, but, each


@dataclass(frozen=True, slots=True)
class Ablation:
    """A rule that is left out, and the run in which that is seen: by violations, or by the energy that is lost."""

    plants: tuple[Fault, ...]
    scenario: str
    seconds: int
    fault: str | None = None
    violations: int = 0
    lost_percent: float = 0


ABLATIONS = {
    "lower before raise": Ablation(
        (
            Fault(transition, "send", "all is sent at once", answered_given(lambda _, of: list(of.wanted_w))),
            Fault(certificate, "check_sent", "nothing of that is refused", answered(always(None))),
        ),
        "brookvale-panto",
        600,
        violations=5,
    ),
    "confirmation by value": Ablation(
        (
            Fault(
                LedgerEntry,
                "confirmed_by",
                "no report confirms by its value",
                answered_given(lambda index, of: None if of.report.cycle_seq is None else index),
            ),
        ),
        "elizabeth-quay",
        1200,
        lost_percent=0.8,
    ),
    "background hold": Ablation(
        (
            Fault(
                background,
                "assess",
                "what is not shown now is forgotten",
                asked(windows=but(background_hold=always(timedelta(0)))),
            ),
        ),
        "leichhardt-mixed",
        1200,
        violations=3,
    ),
    "withheld room of a silent sub-meter": Ablation(
        (Fault(background, "assess", "nothing is withheld", asked(limits=each(but(mode=always(Mode.NORMAL))))),),
        "submeter-silent",
        1500,
        violations=100,
    ),
    "link-based freshness": Ablation(
        (
            Fault(
                demand,
                "assess",
                "an empty socket needs a reading of its own",
                asked_given(heard_at=lambda of: of.known and of.known.measured_at),
            ),
        ),
        "ocpp-sparse",
        600,
        lost_percent=3,
    ),
    "fallback lapse": Ablation(
        (
            Fault(LedgerEntry, "lapse", "setpoints never lapse", always(lambda *_: None)),
            Fault(
                LedgerEntry,
                "told_w",
                "no room is made before",
                asked(moment=but(windows=but(validity=always(timedelta(days=1))))),
            ),
        ),
        "leichhardt-mixed",
        900,
        "charger-offline",
        violations=50,
    ),
}


@pytest.mark.parametrize("rule", ABLATIONS)
def test_without_one_of_the_rules_a_scenario_suffers(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ablation = ABLATIONS[rule]
    whole = play(SCENARIOS[ablation.scenario], ablation.seconds, ablation.fault)
    for plant in ablation.plants:
        plant.plant(monkeypatch)
    without = play(SCENARIOS[ablation.scenario], ablation.seconds, ablation.fault)

    assert whole.summary.limit_violations == 0
    assert without.summary.limit_violations >= ablation.violations
    if ablation.lost_percent:
        assert whole.energy_percent - without.energy_percent >= ablation.lost_percent
