"""What is shared out is watts at the meter, what is told is what lets a charger draw them (R30, R35, R43)."""

from dataclasses import replace
from random import Random

import pytest

from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.situation import Situation
from domain.sharing import rebalance
from domain.sharing.plan import Setpoint
from domain.sharing.settling import SMALL_PERCENT
from tests.unit.domain.depot import Depot, charger, draws, grid


def dual(capacity_w: int = 500_000) -> Depot:
    """A charge point of 100 kW with three connectors of 80 kW, of which two want all they can get."""
    depot = Depot(grid("gc-1", capacity_w), charger("cp-1", "gc-1", 80_000, 80_000, 80_000, max_power_w=100_000))
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, applied_limit_w=0)
    depot.hears("cp-1/3", status="Available", applied_limit_w=0)
    return depot


@pytest.mark.parametrize(("first", "counts_w"), [(1000, 100_000), (1030, 103_000), (1035, 103_500), (1036, 103_500)])
def test_the_rating_of_a_charge_point_counts_by_the_lowest_factor_of_those_that_want(first: int, counts_w: int) -> None:
    """R30: 1035 at most. The third does not want, so its factor does not count."""
    depot = dual()
    draws(depot, cp_1_1=first, cp_1_2=1080)
    shown = depot.node("cp-1")
    assert (shown.limit_w, shown.allocated_w, shown.headroom_w) == (100_000, counts_w, 100_000 - counts_w)


def test_who_wants_nothing_but_may_draw_has_a_part_in_that() -> None:
    """R30: told 20 kW and 83 kW, as 103.5 kW would allow, the charge point would be told more than it bears."""
    depot = dual()
    depot.hears("cp-1/3", 20_000, status="Available", applied_limit_w=20_000)
    draws(depot, cp_1_1=1050, cp_1_2=1050)
    assert depot.node("cp-1").allocated_w == 80_000


def test_who_will_be_told_its_idle_power_has_a_part_in_that_too() -> None:
    """R30: told 500 W and as much as 103.5 kW would allow, the charge point would be told more than it bears."""
    depot = Depot(grid("gc-1", 500_000), charger("cp-1", "gc-1", 100_000, 100_000, max_power_w=100_000, idle_w=500))
    depot.hears("cp-1/1", applied_limit_w=0)
    depot.hears("cp-1/2", status="Available", applied_limit_w=0)
    draws(depot, cp_1_1=1050)
    assert sum(limit_w or 0 for limit_w in depot.limits().values()) <= 100_000


def test_where_nobody_wants_the_rating_counts_as_it_is() -> None:
    """R30."""
    depot = dual()
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, status="Available")
    draws(depot, cp_1_1=1050, cp_1_2=1050, cp_1_3=1050)
    assert depot.node("cp-1").headroom_w == 100_000


def test_no_other_limit_counts_for_more() -> None:
    """R30."""
    depot = dual(90_000)
    draws(depot, cp_1_1=1050, cp_1_2=1050)
    assert (depot.node("gc-1").allocated_w, depot.node("gc-1").headroom_w) == (90_000, 0)


def test_what_raises_may_use_counts_by_the_factor_too() -> None:
    """R30: the first holds 60 kW of 103.5 kW; 43.5 kW are free for the second."""
    depot = dual()
    depot.hears("cp-1/1", 60_000, applied_limit_w=60_000 * 1000 // 1050)
    depot.hears("cp-1/2", 0, applied_limit_w=0)
    draws(depot, cp_1_1=1050, cp_1_2=1050)
    assert depot.limits()["cp-1/2"] == 43_500 * 1000 // 1050


def test_a_share_is_told_as_what_lets_the_charger_draw_it() -> None:
    """R35: 51.5 kW each."""
    depot = dual()
    draws(depot, cp_1_1=1030, cp_1_2=1080)
    first, second, _ = depot.plan().setpoints
    assert (first.limit_w, first.target_w) == (50_000, 50_000)
    assert (second.limit_w, second.target_w) == (47_685, 47_685)


def test_what_is_told_again_is_exactly_what_was_told() -> None:
    """R35: from told to the meter and back nothing is lost, and no share is exceeded by what it is told as."""
    rng = Random(35)
    for factor in (1000, 1001, 1007, 1043, 1050, 1999, 2500, *rng.sample(range(1000, 2501), 50)):
        entry = LedgerEntry(factor=factor)
        for watts in (0, 1, 2, 999, 1000, 10**12, *(rng.randrange(10**6) for _ in range(200))):
            assert entry.to_tell(entry.at_meter(watts)) == watts
            assert entry.at_meter(entry.to_tell(watts)) <= watts


def _one(factor: int, least_w: int = 0, **changes: int) -> Situation:
    """One charger of 80 kW that was told 40 kW and draws that, known at the meter: the line as it is, with changes."""
    depot = Depot(grid("gc-1", 500_000), charger("cp-1", "gc-1", 80_000, minimum_w=least_w))
    depot.hears("cp-1/1", 40_000, requested_w=40_000, applied_limit_w=40_000)
    depot.cycle()
    draws(depot, cp_1_1=factor)
    situation = depot.situation()
    line = situation.lines[0]
    at_meter = {
        "full_w": changes.get("demand_w", line.full_w),
        "rating_w": 80_000 * factor // 1000,
        "minimum_w": -(-least_w * factor // 1000),
        "exposure_w": 40_000 * factor // 1000,
    }
    return replace(situation, lines=[replace(line, **(at_meter | changes))])  # type: ignore[arg-type]


def _sent(situation: Situation) -> Setpoint:
    plan = rebalance.decide(situation)
    assert plan.fault is None
    return plan.setpoints[0]


def test_what_is_told_is_never_between_0_and_the_minimum_of_the_connector() -> None:
    """R35: at the meter its rating lets through no more than 82.8 kW, which are 55.2 kW told."""
    at_most = {"minimum_w": 82_800, "demand_w": 82_800, "full_w": 82_800, "rating_w": 82_800, "exposure_w": 82_800}
    setpoint = _sent(_one(1500, least_w=60_000, **at_most))
    assert (setpoint.limit_w, setpoint.target_w) == (60_000, 60_000)


@pytest.mark.parametrize(
    ("factor", "least_w"), [(1000, 80_000 * SMALL_PERCENT // 100), (1050, 84_000 * SMALL_PERCENT // 100)]
)
def test_what_is_small_is_so_at_the_meter(factor: int, least_w: int) -> None:
    """R43."""
    drawn_w = 40_000 * factor // 1000
    assert _sent(_one(factor, demand_w=drawn_w - least_w + 1)).limit_w == 40_000
    assert _sent(_one(factor, demand_w=drawn_w - least_w)).limit_w == (drawn_w - least_w) * 1000 // factor
    assert _sent(_one(factor, demand_w=drawn_w + least_w - 1)).limit_w == 40_000
    assert _sent(_one(factor, demand_w=drawn_w + least_w)).limit_w == (drawn_w + least_w) * 1000 // factor


def test_the_idle_power_is_told_as_it_is_configured() -> None:
    """R35: 5,000 W told are 5,250 W at the meter, and 5,000 W told again."""
    depot = Depot(grid("gc-1", 500_000), charger("cp-1", "gc-1", 80_000, idle_w=5_000))
    depot.hears("cp-1/1", status="Available", applied_limit_w=0)
    draws(depot, cp_1_1=1050)
    setpoint = depot.setpoint("cp-1/1")
    assert (setpoint.limit_w, setpoint.target_w) == (5_000, 5_000)
