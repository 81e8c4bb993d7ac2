"""One depot, worked out by hand: two grid connections, nested feeders, minimums, a building, a silent meter, an
offline charger. To be read beside the rules on limits, the fill, setpoints and events; all figures in kW.

    depot           no import limit
    ├── gc-1        230 (safe 150), its meter shows 205
    │   ├── f-1     160, no meter
    │   │   ├── a-1     100, minimum 10
    │   │   ├── a-2     100, minimum 30
    │   │   └── sc-1    80 (safe 50), its meter is silent
    │   │       ├── b-1     60
    │   │       ├── b-2     60, minimum 45
    │   │       └── b-3     60, minimum 20
    │   └── f-2     200, no meter
    │       └── c-1     90, with two connectors of 80
    └── gc-2        150, no meter
        ├── d-1         150, asks for 110
        └── d-2         120, falls back to 20, offline
"""

import pytest

from domain.breaches.observation import observe
from domain.breaches.over_limit import Severity, over_limit
from domain.knowledge.limits import Mode
from domain.sharing.plan import Outcome, Reason
from tests.unit.domain.depot import Depot, charger, feeder, grid

KW = 1000


@pytest.fixture
def depot() -> Depot:
    depot = Depot(
        grid("gc-1", 230 * KW, 150 * KW, metered=True),
        feeder("f-1", "gc-1", 160 * KW),
        feeder("sc-1", "f-1", 80 * KW, 50 * KW, metered=True),
        feeder("f-2", "gc-1", 200 * KW),
        grid("gc-2", 150 * KW),
        charger("a-1", "f-1", 100 * KW, minimum_w=10 * KW),
        charger("a-2", "f-1", 100 * KW, minimum_w=30 * KW),
        charger("b-1", "sc-1", 60 * KW),
        charger("b-2", "sc-1", 60 * KW, minimum_w=45 * KW),
        charger("b-3", "sc-1", 60 * KW, minimum_w=20 * KW),
        charger("c-1", "f-2", 80 * KW, 80 * KW, max_power_w=90 * KW),
        charger("d-1", "gc-2", 150 * KW),
        charger("d-2", "gc-2", 120 * KW, fallback_w=20 * KW),
    )
    depot.hears("a-1/1", 40 * KW, applied_limit_w=40 * KW)
    depot.hears("a-2/1", 30 * KW, applied_limit_w=30 * KW)
    depot.hears("b-1/1", 55 * KW, applied_limit_w=55 * KW)
    depot.hears("b-2/1", 0, status="Preparing", applied_limit_w=0)
    depot.hears("b-3/1", 0, status="Preparing", applied_limit_w=0)
    depot.hears("c-1/1", 50 * KW, applied_limit_w=60 * KW)
    depot.hears("c-1/2", 0, status="Available", applied_limit_w=0)
    depot.hears("d-1/1", 100 * KW, requested_w=110 * KW, applied_limit_w=100 * KW)
    depot.hears("d-2/1", 15 * KW, applied_limit_w=60 * KW, age_s=300)
    depot.meters("gc-1", 205 * KW, age_s=10)
    depot.meters("sc-1", 55 * KW, age_s=45)
    return depot


def test_limits_in_force(depot: Depot) -> None:
    limits = {node.node_id: (node.mode, node.limit_w) for node in depot.plan().nodes}
    # gc-1's meter is 10 s old and counts as fresh up to 30 s: the default capacity holds.
    assert limits["gc-1"] == (Mode.NORMAL, 230 * KW)
    # sc-1's is 45 s old: what hides there is not known, so the lower of 80 and 50 holds.
    assert limits["sc-1"] == (Mode.SAFE, 50 * KW)
    # No meter and no safe capacity: the default capacity; no import limit: none.
    assert limits["f-1"] == (Mode.NORMAL, 160 * KW)
    assert limits["gc-2"] == (Mode.NORMAL, 150 * KW)
    assert limits["depot"] == (Mode.NORMAL, None)


def test_background(depot: Depot) -> None:
    background = {node.node_id: node.background_w for node in depot.plan().nodes}
    # Of the 205 at gc-1's meter a-1, a-2, b-1 and c-1 draw 40 + 30 + 55 + 50 = 175: 30 are the building's.
    assert background["gc-1"] == 30 * KW
    # sc-1 withholds 80 − 50 = 30 at f-1, which has no meter; gc-1 has a fresh one, so it goes no further.
    assert (background["sc-1"], background["f-1"]) == (0, 30 * KW)
    assert background["depot"] == 30 * KW
    assert background["gc-2"] == 0


def test_reserved(depot: Depot) -> None:
    # d-2's limit of 60 lapsed 140 s after its report. It falls back to 20, more than the 15 it was last seen to draw.
    d_2 = depot.setpoint("d-2/1")
    assert (d_2.reason, d_2.reserved_w, d_2.measured_w) == (Reason.RESERVED, 20 * KW, 15 * KW)
    # Nothing was ever sent to it, so nothing is said to it; what it reported is shown.
    assert (d_2.limit_w, d_2.target_w, d_2.previous_limit_w) == (None, None, 60 * KW)
    # c-1/2 is idle and draws nothing: it takes no room.
    assert depot.setpoint("c-1/2").reserved_w == 0
    reserved = {node.node_id: node.reserved_w for node in depot.plan().nodes if node.reserved_w}
    assert reserved == {"depot": 20 * KW, "gc-2": 20 * KW, "d-2": 20 * KW}


def test_targets(depot: Depot) -> None:
    # To share out: gc-1 230 − 30 = 200, f-1 160 − 30 = 130, sc-1 50, gc-2 150 − 20 = 130.
    targets = depot.targets()
    # Minimums first, in the order of the ids: a-1 10, a-2 30, b-2 45. With b-3's 20 sc-1 would need 65 of its 50.
    assert targets["b-3/1"] == 0
    # sc-1: of 50 the minimum of b-2 takes 45, which is more than an equal share. b-1 gets the other 5.
    assert (targets["b-1/1"], targets["b-2/1"]) == (5 * KW, 45 * KW)
    # f-1: 130 − 50 for sc-1 leave 80 for a-1 and a-2.
    assert (targets["a-1/1"], targets["a-2/1"]) == (40 * KW, 40 * KW)
    # gc-1: 200 − 130 for f-1 leave 70 for c-1/1, which would take 80.
    assert (targets["c-1/1"], targets["c-1/2"]) == (70 * KW, 0)
    # gc-2: d-1 asks for 110 and 130 are there.
    assert targets["d-1/1"] == 110 * KW


def test_reasons_and_what_binds(depot: Depot) -> None:
    """Holds EVT-15."""
    said = {
        f"{each.charge_point_id}/{each.connector_id}": (each.reason, each.binding_node_id)
        for each in depot.plan().setpoints
    }
    assert said == {
        "a-1/1": (Reason.LIMITED, "f-1"),
        "a-2/1": (Reason.AWAITING_DECREASE, "f-1"),
        "b-1/1": (Reason.LIMITED, "sc-1"),
        "b-2/1": (Reason.AWAITING_DECREASE, "sc-1"),
        "b-3/1": (Reason.BELOW_MINIMUM, "sc-1"),
        "c-1/1": (Reason.LIMITED, "gc-1"),
        "c-1/2": (Reason.IDLE, None),
        "d-1/1": (Reason.GRANTED, None),
        "d-2/1": (Reason.RESERVED, None),
    }


def test_what_is_sent_now(depot: Depot) -> None:
    # The exposures are the reported limits, all of them above what is drawn. Free besides them and the background:
    #   sc-1   50      −  55                  =  −5
    #   f-1   160 − 30 − (40 + 30 + 55)       =   5
    #   gc-1  230 − 30 − (40 + 30 + 55 + 60)  =  15
    #   gc-2  150      − (100 + 20)           =  30
    limits = depot.limits()
    # Decreases go out at once. a-1 stays what it is.
    assert (limits["b-1/1"], limits["a-1/1"]) == (5 * KW, 40 * KW)
    # sc-1 has nothing left: b-2 stays off until b-1 has come down.
    assert (limits["b-2/1"], limits["b-3/1"]) == (0, 0)
    # a-2 is to have 10 more, f-1 has 5 for it now. c-1/1 is to have 10 more, gc-1 has 15 − 5 for it. d-1 has its 10.
    assert (limits["a-2/1"], limits["c-1/1"], limits["d-1/1"]) == (35 * KW, 70 * KW, 110 * KW)


def test_what_is_sent_once_the_decrease_has_happened(depot: Depot) -> None:
    depot.later(10)
    for connector, power_w in (
        ("a-1/1", 40 * KW),
        ("a-2/1", 35 * KW),
        ("b-1/1", 5 * KW),
        ("b-2/1", 0),
        ("c-1/1", 70 * KW),
    ):
        depot.hears(connector, power_w, applied_limit_w=power_w)
    depot.hears("d-1/1", 110 * KW, requested_w=110 * KW, applied_limit_w=110 * KW)
    depot.meters("gc-1", (40 + 35 + 5 + 70 + 30) * KW)
    # The 45 that b-2 needs to come on are free at sc-1 (50 − 5), and with the 5 that a-2 still wants also at f-1
    # (160 − 30 − 80) and at gc-1 (230 − 30 − 150).
    assert depot.limits() == depot.targets()
    assert (depot.limits()["b-2/1"], depot.limits()["a-2/1"]) == (45 * KW, 40 * KW)


def test_node_figures(depot: Depot) -> None:
    """Holds EVT-9."""
    shown = {
        node.node_id: (node.measured_w, node.allocated_w, node.headroom_w, node.constrained)
        for node in depot.plan().nodes
    }
    # sc-1's meter is silent, so what it measures is b-1. Of d-2, not heard lately, nobody knows. Meters count upwards.
    assert shown == {
        "depot": (305 * KW, 310 * KW, None, False),
        "gc-1": (205 * KW, 200 * KW, 0, True),
        "f-1": (125 * KW, 130 * KW, 0, True),
        "a-1": (40 * KW, 40 * KW, 60 * KW, False),
        "a-2": (30 * KW, 40 * KW, 60 * KW, False),
        "sc-1": (55 * KW, 50 * KW, 0, True),
        "b-1": (55 * KW, 5 * KW, 55 * KW, False),
        "b-2": (0, 45 * KW, 15 * KW, False),
        "b-3": (0, 0, 60 * KW, False),
        "f-2": (50 * KW, 70 * KW, 130 * KW, False),
        "c-1": (50 * KW, 70 * KW, 20 * KW, False),
        "gc-2": (100 * KW, 110 * KW, 20 * KW, False),
        "d-1": (100 * KW, 110 * KW, 40 * KW, False),
        "d-2": (None, 0, 100 * KW, False),
    }


def test_outcome_and_totals(depot: Depot) -> None:
    """Holds EVT-12, EVT-13."""
    plan = depot.plan()
    # Limits cut some demand; one meter is silent and one charger not heard.
    assert (plan.outcome, plan.degraded) == (Outcome.CURTAILED, True)
    totals = plan.totals
    # a-1 and a-2 want 100 each, the three of sc-1 60 each, c-1/1 80, d-1 110; d-2 is not heard.
    assert totals.requested_w == (2 * 100 + 3 * 60 + 80 + 110) * KW
    assert totals.allocated_w == (40 + 40 + 5 + 45 + 70 + 110) * KW
    assert totals.measured_w == (40 + 30 + 55 + 50 + 100) * KW
    assert (totals.reserved_w, totals.background_w) == (20 * KW, 30 * KW)


def test_breaches(depot: Depot) -> None:
    # b-1 draws 55 where 50 are safe; 80 could be borne, so it is no more than major.
    (breach,) = over_limit(observe(depot.situation()))
    assert (breach.node_id, breach.severity, breach.observed_w) == ("sc-1", Severity.MAJOR, 55 * KW)
