"""What the fill of demands leaves is offered to those that may have more than they demand (R33, R33a)."""

from dataclasses import replace

import pytest

from domain.knowledge.readings import Session
from domain.knowledge.situation import Situation
from domain.sharing import rebalance
from domain.sharing.figures import Decision
from domain.sharing.plan import Outcome, Plan, Reason
from domain.sharing.rotation import Rotation, ServiceRecord
from domain.site.configuration import ChargePoint, Circuit
from tests.unit.domain.depot import EIGHT, Depot, charger, feeder, grid


def depot_of(*parts: Circuit | ChargePoint, unit: str = "connector", order: str = "equal_share") -> Depot:
    """Everybody wants all that it can get, and was told 0."""
    depot = Depot(*parts, unit=unit, order=order)
    for connector in depot.site.tree.connectors:
        depot.hears(connector.node_id, applied_limit_w=0)
    return depot


def demanding(depot: Depot, **demands_w: int) -> Situation:
    """The same, but cp_1, cp_2, … demand this; 0 for one that stands by."""
    situation = depot.situation()
    lines = [
        replace(line, demand_w=demands_w.get(line.connector.charge_point_id.replace("-", "_"), line.demand_w))
        for line in situation.lines
    ]
    return replace(situation, lines=lines)


def decided(situation: Situation) -> Plan:
    plan = rebalance.decide(situation)
    assert plan.fault is None
    return plan


def targets(situation: Situation) -> list[int | None]:
    return [each.target_w for each in decided(situation).setpoints]


def three(capacity_w: int, minimum_w: int = 0, *, unit: str = "connector") -> Depot:
    """Three chargers of 80 kW."""
    chargers = (charger(f"cp-{number}", "gc-1", 80_000, minimum_w=minimum_w) for number in (1, 2, 3))
    return depot_of(grid("gc-1", capacity_w), *chargers, unit=unit)


@pytest.mark.parametrize("unit", ["connector", "charger"])
def test_what_nobody_demands_goes_to_those_that_could_take_more(unit: str) -> None:
    """The first has all it may have, the second demands 40 kW, the third stands by: 30 kW more for each of these."""
    depot = three(180_000, unit=unit)
    assert targets(demanding(depot, cp_2=40_000, cp_3=0)) == [80_000, 70_000, 30_000]


def test_nothing_is_spare_where_somebody_is_hungry() -> None:
    depot = three(100_000)
    assert targets(demanding(depot, cp_2=40_000, cp_3=0)) == [60_000, 40_000, 0]


def test_nothing_is_filled_again_where_all_demand_what_they_may_have() -> None:
    """The watt that flooring left stays."""
    assert targets(three(100_000).situation()) == [33_333, 33_333, 33_333]


def test_nobody_gets_more_than_it_may_have() -> None:
    depot = three(500_000)
    assert targets(demanding(depot, cp_1=10_000, cp_2=0)) == [80_000, 80_000, 80_000]


@pytest.mark.parametrize(("capacity_w", "offered_w"), [(189_999, 0), (190_000, 30_000), (190_001, 30_001)])
def test_who_stands_by_is_off_or_at_its_minimum_and_above(capacity_w: int, offered_w: int) -> None:
    depot = three(capacity_w, minimum_w=30_000)
    assert targets(demanding(depot, cp_3=0)) == [80_000, 80_000, offered_w]


def test_who_is_on_needs_no_minimum_again() -> None:
    """One that demands 30 kW is offered the 5 kW that are left, though its minimum is 30 kW."""
    depot = three(195_000, minimum_w=30_000)
    assert targets(demanding(depot, cp_3=30_000)) == [80_000, 80_000, 35_000]


def test_a_single_watt_is_offered_too() -> None:
    depot = three(190_001, minimum_w=30_000)
    assert targets(demanding(depot, cp_3=30_000)) == [80_000, 80_000, 30_001]


def test_who_was_held_off_is_offered_nothing() -> None:
    """cp-2 needs 80 kW of the 70 kW that its feeder has: cp-1 stands by there and gets them, though it ranks last."""
    depot = depot_of(
        grid("gc-1", 500_000),
        feeder("f-1", "gc-1", 70_000),
        charger("cp-1", "f-1", 50_000),
        charger("cp-2", "f-1", 80_000, minimum_w=80_000),
    )
    plan = decided(demanding(depot, cp_1=0))
    assert [each.target_w for each in plan.setpoints] == [50_000, 0]
    assert [each.reason for each in plan.setpoints] == [Reason.STANDBY, Reason.BELOW_MINIMUM]
    assert [each.binding_node_id for each in plan.setpoints] == [None, "f-1"]


def test_spare_room_goes_by_the_order_of_the_strategy() -> None:
    """100 kW are left for two that stand by: the one that goes first gets all it may have."""
    depot = Depot(
        grid("gc-1", 180_000), *(charger(f"cp-{number}", "gc-1", 80_000) for number in (1, 2, 3)), order="priority"
    )
    for number, priority in ((1, 1), (2, 9), (3, 5)):
        depot.hears(f"cp-{number}/1", applied_limit_w=0, session=Session("s", priority=priority))
    assert targets(demanding(depot, cp_2=0, cp_3=0)) == [80_000, 20_000, 80_000]


def test_in_unit_charger_spare_room_has_a_leaf_a_connector() -> None:
    """60 kW are left for three connectors that stand by, two of them at one charge point: 20 kW each."""
    depot = depot_of(
        grid("gc-1", 60_000),
        charger("cp-1", "gc-1", 50_000, 50_000),
        charger("cp-2", "gc-1", 50_000),
        unit="charger",
    )
    assert targets(demanding(depot, cp_1=0, cp_2=0)) == [20_000, 20_000, 20_000]


def test_spare_room_keeps_to_every_limit() -> None:
    depot = depot_of(
        grid("gc-1", 500_000),
        feeder("f-1", "gc-1", 90_000),
        charger("cp-1", "f-1", 80_000),
        charger("cp-2", "f-1", 80_000, max_power_w=60_000),
        charger("cp-3", "gc-1", 80_000),
    )
    plan = decided(demanding(depot, cp_1=0, cp_2=0, cp_3=0))
    assert [each.target_w for each in plan.setpoints] == [45_000, 45_000, 80_000]
    shown = {node.node_id: (node.allocated_w, node.headroom_w, node.constrained) for node in plan.nodes}
    assert shown["f-1"] == (90_000, 0, False)
    assert shown["cp-2"] == (45_000, 15_000, False)


# --- What is said of it -------------------------------------------------------------------------------------------


def test_reason_outcome_and_binding_are_of_what_is_demanded() -> None:
    """cp-2 gets more than it demands, cp-3 less than it may have, and nobody less than it demands."""
    plan = decided(demanding(three(180_000), cp_2=40_000, cp_3=0))
    assert plan.outcome is Outcome.BALANCED
    assert [each.reason for each in plan.setpoints] == [Reason.GRANTED, Reason.GRANTED, Reason.STANDBY]
    assert [each.binding_node_id for each in plan.setpoints] == [None, None, None]
    assert plan.totals.requested_w == 120_000
    assert plan.totals.allocated_w == 180_000
    assert not any(node.constrained for node in plan.nodes)


def test_standing_by_without_any_room_curtails_nothing() -> None:
    plan = decided(demanding(three(80_000), cp_2=0, cp_3=0))
    assert plan.outcome is Outcome.BALANCED
    assert [(each.reason, each.target_w) for each in plan.setpoints] == [
        (Reason.GRANTED, 80_000),
        (Reason.STANDBY, 0),
        (Reason.STANDBY, 0),
    ]


def test_who_waits_for_its_spare_room_awaits_a_decrease() -> None:
    """cp-2 was told 80 kW and comes down to 20 kW; until it has, cp-1 that stands by is told 20 kW of its 80 kW."""
    depot = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000), charger("cp-2", "gc-1", 80_000))
    depot.hears("cp-1/1", applied_limit_w=0)
    depot.hears("cp-2/1", requested_w=20_000, applied_limit_w=80_000)
    first, second = decided(demanding(depot, cp_1=0)).setpoints
    assert (first.reason, first.target_w, first.limit_w) == (Reason.AWAITING_DECREASE, 80_000, 20_000)
    assert (second.reason, second.limit_w) == (Reason.GRANTED, 20_000)


def test_who_is_given_spare_room_alone_is_not_on() -> None:
    """R33a: so that it does not go first for a quantum when it demands something."""
    situation = demanding(three(180_000), cp_2=40_000, cp_3=0)
    memory = Rotation({f"cp-{number}/1": ServiceRecord(None, 0, EIGHT) for number in (2, 3)})
    records = rebalance.decide(situation, memory).rotation.records
    assert [records[f"cp-{number}/1"].on_since for number in (1, 2, 3)] == [situation.at, EIGHT, None]


def test_the_safe_answer_offers_nothing() -> None:
    """cp-1 demands 10 kW and was told 60 kW, cp-2 stands by."""
    depot = Depot(grid("gc-1", 500_000), charger("cp-1", "gc-1", 80_000), charger("cp-2", "gc-1", 80_000))
    for connector in ("cp-1/1", "cp-2/1"):
        depot.hears(connector, 10_000, applied_limit_w=60_000)
    plan = rebalance.decide(demanding(depot, cp_1=10_000, cp_2=0), certifier=lambda *_: "R: planted")
    assert [(each.target_w, each.limit_w) for each in plan.setpoints] == [(10_000, 10_000), (0, 0)]


@pytest.mark.parametrize("unit", ["connector", "charger"])
def test_spare_room_that_is_not_that_of_the_fill_is_stopped(unit: str) -> None:
    situation = demanding(three(180_000, unit=unit), cp_2=40_000, cp_3=0)

    def mistaken(_: Situation, decision: Decision) -> str | None:
        spare = decision.targets.spare
        assert spare is not None
        wrong = replace(spare, targets_w=[0, 40_000, 20_000])
        return rebalance.certify(
            situation, replace(decision, targets=replace(decision.targets, spare=wrong), limits_w=[0, 0, 0])
        )

    fault = rebalance.decide(situation, certifier=mistaken).fault
    assert fault is not None
    assert fault.startswith("M: ")
