"""What keeps a depot safe and served, switched off one by one: some shipped scenario shows it."""

from dataclasses import dataclass

import pytest

from adapters.simulation.scenarios import SCENARIOS
from domain.knowledge import background, confirmation
from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.limits import Mode
from domain.sharing import certificate, transition
from tests.e2e.nights import play
from tests.property.planting import Fault, always, answered, answered_given, asked, but, each, unless_none


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
    "confirmation by reports": Ablation(
        (
            Fault(
                confirmation,
                "heard",
                "no report confirms anything",
                asked(news=but(known=unless_none(but(report=always(None))))),
            ),
        ),
        "joondalup-small",
        900,
        lost_percent=1,
    ),
    "background over time": Ablation(
        (
            Fault(background, "assess", "the background is what is left now", asked(memory=always({}))),
            Fault(background, "Background", "nothing is in doubt", asked(unconfirmed=always(False), doubt_w=always(0))),
        ),
        "leichhardt-mixed",
        900,
        violations=10,
    ),
    "withheld room of a silent sub-meter": Ablation(
        (Fault(background, "assess", "nothing is withheld", asked(limits=each(but(mode=always(Mode.NORMAL))))),),
        "submeter-silent",
        1500,
        violations=100,
    ),
    "room for a fallback in time": Ablation(
        (Fault(LedgerEntry, "falls_back_by", "nobody falls back", always(lambda *_: False)),),
        "malaga",
        900,
        "charger-offline",
        violations=5,
    ),
}


@pytest.mark.slow
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
