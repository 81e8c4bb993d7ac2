"""What is said of a depot through every scenario and every fault script: each sentence is so, in each of its phases.

Phases come from what a script says that it does, in seconds of the run, with the time that has to pass until a charger
(90 s), a meter (30 s) or all of a depot (180 s) is to be called silent, and until a meter is back (30 s, R24). Whether
a sentence is so is what the simulation knows (`said.py`). That the whole service and its page say the same:
`test_states_of_fault_scripts.py` and `page/test_page_says_what_the_api_says.py`.
"""

from collections.abc import Mapping
from typing import Final

import pytest

from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.scenarios import SCENARIOS
from application.queries.state import StateCode
from tests.e2e.nights import play
from tests.e2e.said import Listener

IN_ORDER: Final = {StateCode.WITHIN_LIMITS}
SILENT: Final = {StateCode.CHARGERS_SILENT}
UNHEARD_METER: Final = {StateCode.METER_SILENT}
CONTRADICTED_METER: Final = {StateCode.METER_CONTRADICTED}
UNHEEDING: Final = {StateCode.NOT_HONOURED}

Phases = Mapping[tuple[int, int], set[StateCode]]

BEFORE: Final[Phases] = {(10, 300): IN_ORDER}

SAID: Final[Mapping[str, tuple[str, Phases]]] = {
    "charger-offline": ("leichhardt-mixed", {**BEFORE, (400, 900): SILENT, (910, 1200): IN_ORDER}),
    "meter-silent": ("leichhardt-mixed", {**BEFORE, (340, 900): UNHEARD_METER, (950, 1200): IN_ORDER}),
    "all-silent": (
        "malaga",
        {
            **BEFORE,
            (300, 325): IN_ORDER,
            (400, 470): {StateCode.CHARGERS_SILENT, StateCode.OVER_LIMIT, StateCode.METER_SILENT},
            (530, 895): {StateCode.NO_DATA},
            (960, 1200): IN_ORDER,
        },
    ),
    "duplicates-and-late": ("leichhardt-mixed", {(30, 1200): IN_ORDER}),
    "ignores-setpoint": ("leichhardt-mixed", {**BEFORE, (345, 900): UNHEEDING, (960, 1200): IN_ORDER}),
    "limit-below-minimums": (
        "elizabeth-quay",
        {**BEFORE, (305, 895): {StateCode.STOPPED}, (920, 1200): IN_ORDER},
    ),
    "cold-start": ("leichhardt-mixed", {(10, 295): SILENT, (310, 1200): IN_ORDER}),
    "clock-skew": ("leichhardt-mixed", {(10, 1200): IN_ORDER}),
    "half-offline": ("leichhardt-mixed", {**BEFORE, (400, 895): SILENT, (910, 1200): IN_ORDER}),
    # Its chargers fall back to what fits: no load is over a limit, and no charger is silent.
    "downlink-dead": ("leichhardt-mixed", {(10, 1200): IN_ORDER}),
    "late-meters": ("leichhardt-mixed", {(5, 60): UNHEARD_METER, (120, 1200): IN_ORDER}),
    "meter-wrong-unit": ("leichhardt-mixed", {**BEFORE, (390, 900): CONTRADICTED_METER, (950, 1200): IN_ORDER}),
    "meter-frozen": ("leichhardt-mixed", {**BEFORE, (390, 900): CONTRADICTED_METER, (950, 1200): IN_ORDER}),
    "ratings-lowered": ("leichhardt-mixed", {**BEFORE, (360, 895): IN_ORDER, (960, 1200): IN_ORDER}),
    # A worker that took over knows of no charger that said nothing of its connectors since, as idle ones need not.
    "take-overs": ("leichhardt-mixed", {**BEFORE, (910, 1200): IN_ORDER | SILENT}),
    # What a charger draws of what it is told is found out, and counts from then on.
    "overdraw": ("leichhardt-mixed", {(90, 1200): IN_ORDER}),
    "refuses": ("leichhardt-mixed", {**BEFORE, (345, 895): UNHEEDING, (990, 1200): IN_ORDER}),
    "forgets": ("leichhardt-mixed", {**BEFORE, (300, 960): IN_ORDER | UNHEEDING, (990, 1200): IN_ORDER}),
}


def heard_out(scenario: str, seconds: int, fault: str | None) -> Listener:
    listener = Listener()
    play(SCENARIOS[scenario], seconds, fault, watch=listener.watch)
    return listener


def codes(listener: Listener, since_s: int, until_s: int) -> set[StateCode]:
    return {each.state.code for each in listener.said if since_s <= each.second < until_s}


def test_every_fault_script_is_among_them() -> None:
    assert SAID.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", SAID)
def test_what_is_said_while_something_is_wrong_is_so_and_is_what_is_wrong(fault: str) -> None:
    """Holds HTTP-16."""
    scenario, phases = SAID[fault]
    listener = heard_out(scenario, 1200, fault)

    assert listener.untrue == []
    for (since_s, until_s), expected in phases.items():
        said = codes(listener, since_s, until_s)
        assert said
        assert said <= expected, f"from second {since_s} to {until_s}"


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_so_of_two_chargers_too(fault: str) -> None:
    listener = heard_out("joondalup-small", 1200, fault)

    assert listener.untrue == []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_is_said_of_a_scenario_is_so(scenario: str) -> None:
    """All of them are in order, as long as nothing is wrong."""
    listener = heard_out(scenario, 300, None)

    assert listener.untrue == []
    assert codes(listener, 10, 301) == IN_ORDER


def test_a_meter_that_is_silent_by_the_scenario_is_said_to_be() -> None:
    """From second 1,200 to 3,600, in `submeter-silent`."""
    listener = heard_out("submeter-silent", 3800, None)

    assert listener.untrue == []
    assert codes(listener, 10, 1200) == IN_ORDER
    assert {each.state.sentence for each in listener.said if 1240 <= each.second < 3600} == {
        "The meter of Building is silent, its safe limit holds"
    }
    assert codes(listener, 3660, 3801) == IN_ORDER


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["malaga", "new-lynn-night"])
def test_a_limit_that_a_scenario_lowers_leaves_all_in_order(scenario: str) -> None:
    """In second 2,400, by a configuration."""
    listener = heard_out(scenario, 2700, None)

    assert listener.untrue == []
    assert codes(listener, 10, 2701) <= IN_ORDER | {StateCode.STOPPED}
