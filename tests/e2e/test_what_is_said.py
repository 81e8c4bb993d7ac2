"""What is said of a depot through every scenario and every fault script: each sentence is so, in each of its phases.

Whether a sentence is so is what the simulation knows (`said.py`). The scenarios, and the scripts in the depot that
`test_scenario_matrix.py` plays, are heard there. That the whole service and its page say the same:
`test_states_of_fault_scripts.py` and `page/test_page_says_what_the_api_says.py`.
"""

import pytest

from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.scenarios import SCENARIOS
from application.queries.state import StateCode
from tests.e2e.nights import play
from tests.e2e.phases import IN_ORDER, SAID, codes, unexpected
from tests.e2e.said import Listener
from tests.e2e.test_scenario_matrix import FAULTY, NOT_WITHSTOOD

ELSEWHERE = [fault for fault, (scenario, _) in SAID.items() if scenario not in FAULTY or fault in NOT_WITHSTOOD]


def heard_out(scenario: str, seconds: int, fault: str | None) -> Listener:
    listener = Listener()
    play(SCENARIOS[scenario], seconds, fault, watch=listener.watch)
    return listener


def test_every_fault_script_is_among_them() -> None:
    assert SAID.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", ELSEWHERE)
def test_what_is_said_while_something_is_wrong_is_so_and_is_what_is_wrong(fault: str) -> None:
    """Holds HTTP-16."""
    listener = heard_out(SAID[fault][0], 1200, fault)

    assert listener.untrue == []
    assert list(unexpected(listener, fault)) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_so_of_two_chargers_too(fault: str) -> None:
    listener = heard_out("joondalup-small", 1200, fault)

    assert listener.untrue == []


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
@pytest.mark.parametrize("scenario", ["brookvale-panto", "new-lynn-night"])
def test_a_limit_that_a_scenario_lowers_leaves_all_in_order(scenario: str) -> None:
    """In second 2,400, by a configuration."""
    listener = heard_out(scenario, 2700, None)

    assert listener.untrue == []
    assert codes(listener, 10, 2701) <= IN_ORDER | {StateCode.STOPPED}
