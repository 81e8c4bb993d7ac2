"""Unit and order: who claims a share, and who goes before whom (FILL-9)."""

from datetime import timedelta

import pytest

from domain.knowledge.readings import Session
from domain.sharing.plan import Reason
from domain.site.configuration import Order
from tests.unit.domain.depot import EIGHT, Depot, charger, grid

NAMES = ("cp-1/1", "cp-2/1", "cp-3/1", "cp-4/1", "cp-5/1")


def _depot(order: str, capacity_w: int = 100_000, *, minimum_w: int = 0, unit: str = "connector") -> Depot:
    """Five chargers of 50 kW, with nothing told to any of them."""
    chargers = [charger(f"cp-{number}", "gc-1", 50_000, minimum_w=minimum_w) for number in range(1, 6)]
    return Depot(grid("gc-1", capacity_w), *chargers, order=order, unit=unit)


def _session(**keys: object) -> Session:
    """Times in minutes from eight o'clock."""
    timed = {
        key: EIGHT + timedelta(minutes=value) if key.endswith("_at") and isinstance(value, int | float) else value
        for key, value in keys.items()
    }
    return Session("s", **timed)  # type: ignore[arg-type]


def _share(order: str, *sessions: Session | None, capacity_w: int = 100_000, minimum_w: int = 0) -> list[int | None]:
    """What chargers with these sessions get of the capacity."""
    depot = _depot(order, capacity_w, minimum_w=minimum_w)
    for connector, session in zip(NAMES, sessions, strict=False):
        depot.hears(connector, session=session, applied_limit_w=0)
    targets = depot.targets()
    return [targets[connector] for connector, _ in zip(NAMES, sessions, strict=False)]


def test_equal_share_gives_everybody_the_same() -> None:
    assert _share("equal_share", None, None, _session(priority=1)) == [33_333, 33_333, 33_333]


def test_proportional_weighs_by_rating() -> None:
    depot = Depot(
        grid("gc-1", 90_000),
        charger("cp-1", "gc-1", 50_000),
        charger("cp-2", "gc-1", 100_000),
        order="proportional",
    )
    for connector in ("cp-1/1", "cp-2/1"):
        depot.hears(connector, applied_limit_w=0)
    assert depot.targets() == {"cp-1/1": 30_000, "cp-2/1": 60_000}


def test_a_lower_priority_number_goes_first_and_no_priority_is_100() -> None:
    """20 kW are left for those of 100, with or without a session; the one of 101 gets nothing."""
    sessions = (_session(priority=101), _session(), None, _session(priority=99), _session(priority=100))
    assert _share("priority", *sessions, capacity_w=80_000) == [0, 10_000, 10_000, 50_000, 10_000]


def test_first_come_goes_by_the_start_of_the_session() -> None:
    sessions = (_session(started_at=-1), _session(started_at=-3), _session(started_at=-2))
    assert _share("first_come", *sessions, capacity_w=70_000) == [0, 50_000, 20_000]


def test_earliest_departure_goes_by_the_departure() -> None:
    sessions = (_session(departs_at=30), _session(departs_at=-10), _session(departs_at=20))
    assert _share("earliest_departure", *sessions, capacity_w=70_000) == [0, 50_000, 20_000]


def test_least_laxity_goes_by_the_time_to_spare() -> None:
    """At 50 kW 25 kWh take half an hour. To spare: 30 min, 25 min, 60 min (FILL-10)."""
    sessions = (
        _session(departs_at=60, energy_needed_wh=25_000),
        _session(departs_at=55, energy_needed_wh=25_000),
        _session(departs_at=60, energy_needed_wh=0),
    )
    assert _share("least_laxity", *sessions, capacity_w=70_000) == [20_000, 50_000, 0]


def test_laxity_counts_with_the_power_that_was_requested() -> None:
    """The first asks for 10 kW only, so its 10 kWh take the whole hour that it has; the second has half an hour.

    Holds FILL-10.
    """
    depot = _depot("least_laxity", 50_000)
    depot.hears("cp-1/1", requested_w=10_000, session=_session(departs_at=60, energy_needed_wh=10_000))
    depot.hears("cp-2/1", session=_session(departs_at=60, energy_needed_wh=25_000))
    assert (depot.targets()["cp-1/1"], depot.targets()["cp-2/1"]) == (10_000, 40_000)


def test_laxities_are_compared_to_the_last_fraction_of_a_second() -> None:
    """1 Wh at 7 W take 514 2/7 s, at 14 W half of that: the first has one millionth of a second less to spare."""
    depot = Depot(grid("gc-1", 7), charger("cp-1", "gc-1", 14), charger("cp-2", "gc-1", 7), order="least_laxity")
    departs_at = EIGHT + timedelta(hours=1)
    sooner = departs_at - timedelta(seconds=257, microseconds=142_858)
    depot.hears("cp-1/1", session=Session("s", None, sooner, 1), applied_limit_w=0)
    depot.hears("cp-2/1", session=Session("s", None, departs_at, 1), applied_limit_w=0)
    assert depot.targets() == {"cp-1/1": 7, "cp-2/1": 0}
    later = sooner + timedelta(microseconds=1)
    depot.hears("cp-1/1", session=Session("s", None, later, 1), applied_limit_w=0)
    assert depot.targets() == {"cp-1/1": 0, "cp-2/1": 7}


@pytest.mark.parametrize(
    ("order", "known"),
    [
        ("first_come", _session(started_at=90)),
        ("earliest_departure", _session(departs_at=9000)),
        ("least_laxity", _session(departs_at=9000, energy_needed_wh=1)),
    ],
)
def test_who_has_no_key_goes_last(order: str, known: Session) -> None:
    """Holds FILL-10."""
    other = _session(priority=1)
    assert _share(order, None, other, known, capacity_w=60_000) == [10_000, 0, 50_000]


@pytest.mark.parametrize("order", ["earliest_departure", "least_laxity"])
@pytest.mark.parametrize("needed_wh", [0, -1])
def test_who_needs_nothing_any_more_goes_last(order: str, needed_wh: int) -> None:
    """R33b: however soon it departs, and though it is long too late."""
    sessions = (_session(departs_at=-90, energy_needed_wh=needed_wh), _session(departs_at=90, energy_needed_wh=1))
    assert _share(order, *sessions, capacity_w=60_000) == [10_000, 50_000]


def test_who_needs_nothing_any_more_comes_first_where_it_came_first() -> None:
    sessions = (_session(started_at=-9, energy_needed_wh=0), _session(started_at=-5, energy_needed_wh=1))
    assert _share("first_come", *sessions, capacity_w=60_000) == [50_000, 10_000]


@pytest.mark.parametrize("half", [_session(departs_at=10), _session(energy_needed_wh=10)])
def test_half_a_laxity_is_none(half: Session) -> None:
    """Holds FILL-10."""
    assert _share("least_laxity", half, _session(departs_at=99, energy_needed_wh=1), capacity_w=50_000) == [0, 50_000]


@pytest.mark.parametrize("order", ["first_come", "earliest_departure", "least_laxity"])
def test_ties_go_by_natural_id_order(order: str) -> None:
    """Holds FILL-10."""
    same = _session(started_at=-5, departs_at=60, energy_needed_wh=7)
    assert _share(order, same, same, same, same, same, capacity_w=120_000) == [50_000, 50_000, 20_000, 0, 0]


@pytest.mark.parametrize("order", list(Order))
def test_every_minimum_comes_before_any_filling(order: str) -> None:
    """Five minimums of 10 kW take the 50 kW there are, however urgent one of them is (FILL-5)."""
    urgent = _session(started_at=-9, departs_at=1, energy_needed_wh=10**6, priority=0)
    shares = _share(order, None, None, None, None, urgent, capacity_w=50_000, minimum_w=10_000)
    assert shares == [10_000] * 5


@pytest.mark.parametrize("order", ["priority", "first_come", "earliest_departure", "least_laxity"])
def test_who_is_admitted_goes_by_the_order(order: str) -> None:
    """Holds FILL-5."""
    urgent = _session(started_at=-9, departs_at=1, energy_needed_wh=10**6, priority=0)
    shares = _share(order, None, None, None, None, urgent, capacity_w=49_999, minimum_w=10_000)
    assert shares[3:] == [0, 19_999]


def _dual(order: str, capacity_w: int, *, unit: str = "charger") -> Depot:
    """cp-1 with two connectors of 50 kW and a rating of 80 kW beside cp-2 with one."""
    return Depot(
        grid("gc-1", capacity_w),
        charger("cp-1", "gc-1", 50_000, 50_000, max_power_w=80_000),
        charger("cp-2", "gc-1", 50_000),
        unit=unit,
        order=order,
    )


def test_in_unit_connector_every_connector_is_a_claimant() -> None:
    depot = _dual("equal_share", 90_000, unit="connector")
    _all_hear(depot)
    assert depot.targets() == {"cp-1/1": 30_000, "cp-1/2": 30_000, "cp-2/1": 30_000}


def test_in_unit_charger_the_charge_points_share_and_then_each_shares_inside() -> None:
    """Holds FILL-13."""
    depot = _dual("equal_share", 90_000)
    _all_hear(depot)
    assert depot.targets() == {"cp-1/1": 22_500, "cp-1/2": 22_500, "cp-2/1": 45_000}
    assert depot.setpoint("cp-1/1").binding_node_id == "gc-1"


def test_in_unit_charger_the_charge_point_binds_where_nothing_above_did() -> None:
    """Holds FILL-14."""
    depot = _dual("equal_share", 900_000)
    _all_hear(depot)
    assert depot.targets() == {"cp-1/1": 40_000, "cp-1/2": 40_000, "cp-2/1": 50_000}
    assert depot.setpoint("cp-1/2").binding_node_id == "cp-1"


def test_in_unit_charger_idle_ratings_weigh_too() -> None:
    """cp-1 weighs 100, cp-2 50, though only one connector of cp-1 wants power (FILL-13)."""
    depot = _dual("proportional", 60_000)
    depot.hears("cp-1/1", applied_limit_w=0)
    depot.hears("cp-1/2", status="Available", applied_limit_w=0)
    depot.hears("cp-2/1", applied_limit_w=0)
    assert depot.targets() == {"cp-1/1": 40_000, "cp-1/2": 0, "cp-2/1": 20_000}


def test_in_unit_charger_what_is_reserved_below_a_charge_point_comes_off_its_share() -> None:
    """Holds FILL-13."""
    depot = Depot(
        grid("gc-1", 900_000),
        charger("cp-1", "gc-1", 50_000, 50_000, max_power_w=80_000, fallback_w=45_000),
        unit="charger",
    )
    depot.hears("cp-1/1", applied_limit_w=0)
    assert depot.targets() == {"cp-1/1": 35_000, "cp-1/2": None}


def test_in_unit_charger_a_charge_point_goes_by_its_best_connector() -> None:
    """cp-1 has the earliest session, so both its connectors go before cp-2, the later one inside it last (FILL-13)."""
    depot = _dual("first_come", 70_000)
    for connector, started_at in (("cp-1/1", -1), ("cp-1/2", -9), ("cp-2/1", -5)):
        depot.hears(connector, session=_session(started_at=started_at), applied_limit_w=0)
    assert depot.targets() == {"cp-1/1": 20_000, "cp-1/2": 50_000, "cp-2/1": 0}


def test_in_unit_charger_shares_are_floored_once_and_inside() -> None:
    """Three charge points share 100 W; 33 1/3 W are 16 2/3 W for each of two, not half of 33 W (FILL-8)."""
    depot = Depot(
        grid("gc-1", 100),
        charger("cp-1", "gc-1", 50, 20),
        charger("cp-2", "gc-1", 50),
        charger("cp-3", "gc-1", 50),
        unit="charger",
        order="equal_share",
    )
    for connector in ("cp-1/1", "cp-1/2", "cp-2/1", "cp-3/1"):
        depot.hears(connector, applied_limit_w=0)
    assert depot.targets() == {"cp-1/1": 16, "cp-1/2": 16, "cp-2/1": 33, "cp-3/1": 33}


def test_a_connector_held_off_in_unit_charger_says_where_its_minimum_fails() -> None:
    """Holds FILL-14."""
    depot = Depot(
        grid("gc-1", 900_000),
        charger("cp-1", "gc-1", 50_000, 50_000, max_power_w=80_000, minimum_w=45_000),
        unit="charger",
    )
    _all_hear(depot)
    assert depot.targets() == {"cp-1/1": 50_000, "cp-1/2": 0}
    setpoint = depot.setpoint("cp-1/2")
    assert (setpoint.reason, setpoint.binding_node_id) == (Reason.BELOW_MINIMUM, "cp-1")


def _all_hear(depot: Depot) -> None:
    for connector in depot.site.tree.connectors:
        depot.hears(connector.node_id, applied_limit_w=0)
