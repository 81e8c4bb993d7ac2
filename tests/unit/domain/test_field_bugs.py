"""Faults seen in other load managers, each as the case in which it would show."""

from domain.sharing.plan import Outcome, Reason
from tests.unit.domain.depot import Depot, charger, feeder, grid


def test_a_missing_meter_is_not_zero_load() -> None:
    """Without its meter gc-1 goes by its safe capacity. Taking the building's load for 0 would hand out 100 kW.

    Holds LIM-1.
    """
    depot = Depot(grid("gc-1", 100_000, 40_000, metered=True), charger("cp-1", "gc-1", 150_000))
    depot.hears("cp-1/1", applied_limit_w=0)
    depot.meters("gc-1", 70_000, age_s=31)
    assert depot.node("gc-1").limit_w == 40_000
    assert depot.targets() == {"cp-1/1": 40_000}


def test_every_ancestor_binds_not_only_the_parent() -> None:
    """Five levels above the charger, each with more room than the one below it, and the tightest at the top.

    Holds FILL-3.
    """
    depot = Depot(
        grid("gc-1", 60_000),
        feeder("f-1", "gc-1", 70_000),
        feeder("sc-1", "f-1", 80_000),
        charger("cp-1", "sc-1", 90_000),
        max_import_w=50_000,
    )
    depot.hears("cp-1/1", applied_limit_w=0)
    assert depot.targets() == {"cp-1/1": 50_000}
    assert depot.setpoint("cp-1/1").binding_node_id == "depot"


def test_zero_is_a_limit() -> None:
    """A capacity of 0, an import limit of 0, a charge point rated 0, a requested 0: none of them means no limit.

    Holds CONV-2.
    """
    shut_off = [
        Depot(grid("gc-1", 0), charger("cp-1", "gc-1", 50)),
        Depot(grid("gc-1", 100), charger("cp-1", "gc-1", 50), max_import_w=0),
        Depot(grid("gc-1", 100), feeder("f-1", "gc-1", 0), charger("cp-1", "f-1", 50)),
        Depot(grid("gc-1", 100), feeder("f-1", "gc-1", 50, 0), charger("cp-1", "f-1", 50)),
        Depot(grid("gc-1", 100), charger("cp-1", "gc-1", 50, max_power_w=0)),
    ]
    for depot in shut_off:
        depot.hears("cp-1/1", applied_limit_w=0)
        assert depot.targets() == {"cp-1/1": 0}
        assert depot.setpoint("cp-1/1").reason is Reason.LIMITED
    depot = Depot(grid("gc-1", 100), charger("cp-1", "gc-1", 50))
    depot.hears("cp-1/1", requested_w=0)
    assert depot.setpoint("cp-1/1").reason is Reason.IDLE


def test_a_stale_charger_is_never_0() -> None:
    """Silent for 100 s it still draws what it was told: its 40 kW stay taken, and nobody is told them again (LIM-8)."""
    depot = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000), charger("cp-2", "gc-1", 80_000))
    depot.hears("cp-1/1", 40_000, applied_limit_w=40_000, age_s=100)
    depot.hears("cp-2/1", applied_limit_w=0)
    assert depot.targets() == {"cp-1/1": None, "cp-2/1": 60_000}
    assert depot.setpoint("cp-1/1").reserved_w == 40_000


def test_a_silent_sub_meter_does_not_vanish_upstream() -> None:
    """The building behind f-1 may draw all that f-1 withholds, so gc-1 must not give that away."""
    depot = Depot(
        grid("gc-1", 100_000),
        feeder("f-1", "gc-1", 70_000, 10_000, metered=True),
        charger("cp-1", "gc-1", 150_000),
    )
    depot.hears("cp-1/1", applied_limit_w=0)
    depot.meters("f-1", 60_000)
    assert depot.targets() == {"cp-1/1": 40_000}
    depot.later(31)
    depot.hears("cp-1/1", applied_limit_w=0)
    assert depot.node("gc-1").background_w == 60_000
    assert depot.targets() == {"cp-1/1": 40_000}


def test_an_exhausted_branch_does_not_freeze_others() -> None:
    """f-1 is over its limit by its background alone; f-2 goes on as if nothing were."""
    depot = Depot(
        grid("gc-1", 300_000),
        feeder("f-1", "gc-1", 50_000, 50_000, metered=True),
        feeder("f-2", "gc-1", 100_000),
        charger("cp-1", "f-1", 80_000),
        charger("cp-2", "f-2", 80_000),
    )
    depot.hears("cp-1/1", 0, applied_limit_w=0)
    depot.hears("cp-2/1", 20_000, applied_limit_w=20_000)
    depot.meters("f-1", 60_000)
    assert depot.plan().outcome is Outcome.INFEASIBLE
    assert depot.limits() == {"cp-1/1": 0, "cp-2/1": 80_000}


def test_a_late_joiner_is_not_starved() -> None:
    """All 100 kW are in use when a third comes: everybody is to have a third, and it gets it within two cycles."""
    depot = Depot(grid("gc-1", 99_000), *(charger(f"cp-{number}", "gc-1", 80_000) for number in (1, 2, 3)))
    for connector, applied_w in (("cp-1/1", 49_500), ("cp-2/1", 49_500), ("cp-3/1", 0)):
        depot.hears(connector, applied_w, applied_limit_w=applied_w)
    assert depot.targets() == {"cp-1/1": 33_000, "cp-2/1": 33_000, "cp-3/1": 33_000}
    assert depot.limits() == {"cp-1/1": 33_000, "cp-2/1": 33_000, "cp-3/1": 0}
    depot.later(5)
    for connector, applied_w in (("cp-1/1", 33_000), ("cp-2/1", 33_000), ("cp-3/1", 0)):
        depot.hears(connector, applied_w, applied_limit_w=applied_w)
    assert depot.limits() == {"cp-1/1": 33_000, "cp-2/1": 33_000, "cp-3/1": 33_000}


def test_five_chargers_in_two_nested_circuits_share_equally() -> None:
    """Two hang on the inner circuit, three on the outer; only the connection is short, so all get the same."""
    depot = Depot(
        grid("gc-1", 100_000),
        feeder("f-1", "gc-1", 100_000),
        feeder("sc-1", "f-1", 60_000),
        *(charger(f"cp-{number}", "sc-1", 50_000) for number in (1, 2)),
        *(charger(f"cp-{number}", "f-1", 50_000) for number in (3, 4, 5)),
    )
    for number in range(1, 6):
        depot.hears(f"cp-{number}/1", applied_limit_w=0)
    assert set(depot.targets().values()) == {20_000}
    assert depot.limits() == depot.targets()
