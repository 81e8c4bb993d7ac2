"""What a depot counts of the setpoints that it hears of (DEPOT-1)."""

from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.witness import CYCLE_COMPLETED, Witness
from domain.breaches.constraint import Cause


def hear(witness: Witness, **limits_w: int | None) -> None:
    setpoints = [{"charge_point_id": name, "connector_id": 1, "limit_w": watts} for name, watts in limits_w.items()]
    witness.hear(CYCLE_COMPLETED, {"nodes": [], "setpoints": setpoints}, 1)


def test_another_limit_is_a_change_and_the_first_one_and_a_repeated_one_are_none() -> None:
    witness = Witness()
    hear(witness, a=10_000, b=None)
    hear(witness, a=10_000, b=None)
    assert witness.limit_changes == 0
    hear(witness, a=11_000, b=0)
    hear(witness, b=5_000)
    assert witness.limit_changes == 3


def test_what_a_fault_script_explains_is_a_cause_that_breaches_have() -> None:
    assert set().union(*(fault.causes for fault in FAULTS.values())) <= {*Cause}


def test_CLI_11_a_service_that_has_decided_nothing_for_longer_than_setpoints_hold_is_not_as_expected() -> None:
    witness = Witness()
    assert witness.undecided(1_000, valid_for_s=120) == []
    witness.hear("busbar.configuration.applied.v1", {"version": 1}, 10)
    assert witness.undecided(130, valid_for_s=120) == []
    assert [each.code for each in witness.undecided(131, valid_for_s=120)] == ["not_decided"]
    hear(witness, a=10_000)
    assert witness.undecided(121, valid_for_s=120) == []
