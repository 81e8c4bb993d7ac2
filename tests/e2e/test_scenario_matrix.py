"""Every scenario plain, every fault script: no limit is broken, the breaches of `depots.md` open and only they, and
what is said meanwhile is so (HTTP-16).

By default short runs; with BUSBAR_SCENARIOS=full every scenario for two hours and every fault script for twenty
minutes on a large depot and a mixed one.
"""

import os

import pytest

from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.scenarios import SCENARIOS
from tests.e2e.nights import Night, play
from tests.e2e.phases import SAID, unexpected
from tests.e2e.said import Listener

FULL = os.environ.get("BUSBAR_SCENARIOS") == "full"

PLAIN_S = 7200 if FULL else 1200
"""How long every scenario is played; the large depots are not small change to compute."""
LARGE = ("malaga", "ocpp-sparse", "new-lynn-night")
LARGE_S = 7200 if FULL else 300

FAULTY_S = 1200
FAULTY = ("malaga", "leichhardt-mixed") if FULL else ("leichhardt-mixed",)

ENERGY_PERCENT = {"ocpp-sparse": 93.0}
"""At least this is delivered of what is possible, 95 % where nothing is said."""

CHANGES_PER_CONNECTOR_MINUTE = 0.5

NOT_WITHSTOOD = {"half-offline", "late-meters", "meter-wrong-unit"}
"""Scripts under which the rules break a limit today, until they are founded anew."""

BREACHES = {"all-silent": "stale_telemetry", "ignores-setpoint": "setpoint_not_honoured"}
"""The cause of the breaches that a fault script opens; the others open none."""


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_played_without_breaking_a_limit(name: str) -> None:
    seconds = LARGE_S if name in LARGE else PLAIN_S
    listener = Listener()
    night = play(SCENARIOS[name], seconds, watch=listener.watch)

    assert night.summary.simulated_s == seconds
    assert night.summary.limit_violations == 0
    assert night.summary.messages_affected == 0
    assert night.breached == []
    assert listener.untrue == []
    if seconds == 7200:
        assert night.energy_percent >= ENERGY_PERCENT.get(name, 95.0)
        assert night.changes_per_connector_minute <= CHANGES_PER_CONNECTOR_MINUTE


@pytest.mark.parametrize("name", FAULTY)
@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in NOT_WITHSTOOD])
def test_a_fault_breaks_no_limit_and_opens_its_breaches_alone(name: str, fault: str) -> None:
    listener = Listener()
    night = play(SCENARIOS[name], FAULTY_S, fault, watch=listener.watch)

    assert night.summary.limit_violations == 0
    assert night.summary.messages_affected > 0
    assert causes(night) == ({BREACHES[fault]} if fault in BREACHES else set())
    assert {each.breach_id for each in night.breached} == {each.breach_id for each in night.cleared}
    assert listener.untrue == []
    if SAID[fault][0] == name:
        assert list(unexpected(listener, fault)) == []


def causes(night: Night) -> set[str]:
    """Why anything was over its limit."""
    return {each.cause.value for each in night.breached}
