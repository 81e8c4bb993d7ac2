"""Which nodes are over their limit at an instant, and how bad that is."""

import pytest

from domain.breaches.observation import observe
from domain.breaches.over_limit import OverLimit, Severity, over_limit
from domain.knowledge.limits import LimitKind
from domain.site.power_tree import NodeType
from tests.unit.domain.depot import Depot, charger, feeder, grid


def _over(depot: Depot) -> list[OverLimit]:
    return list(over_limit(observe(depot.situation())))


def _severities(depot: Depot) -> dict[str, Severity]:
    return {each.node_id: each.severity for each in _over(depot)}


def test_exactly_at_the_limit_is_not_over_it() -> None:
    depot = Depot(grid("gc-1", 100, 100, metered=True))
    depot.meters("gc-1", 100)
    assert _over(depot) == []
    depot.later(1)
    depot.meters("gc-1", 101)
    assert _over(depot) == [
        OverLimit("gc-1", NodeType.GRID_CONNECTION, Severity.CRITICAL, 100, LimitKind.DEFAULT_CAPACITY, 101, 1)
    ]


@pytest.mark.parametrize(
    ("default_w", "safe_w", "observed_w", "severity"),
    [
        (100, 60, 61, Severity.MAJOR),
        (100, 60, 100, Severity.MAJOR),
        (100, 60, 101, Severity.CRITICAL),
        (60, 100, 61, Severity.MAJOR),
        (60, 100, 101, Severity.CRITICAL),
        (None, 60, 61, Severity.CRITICAL),
        (100, None, 101, Severity.CRITICAL),
    ],
)
def test_a_circuit_is_critical_over_the_higher_of_its_capacities(
    default_w: int | None, safe_w: int | None, observed_w: int, severity: Severity
) -> None:
    """Holds BREACH-2."""
    depot = Depot(grid("gc-1", 1000), feeder("f-1", "gc-1", default_w, safe_w), charger("cp-1", "f-1", 500))
    depot.hears("cp-1/1", observed_w)
    assert _severities(depot) == {"f-1": severity}


def test_a_limit_made_of_fallbacks_alone_is_critical() -> None:
    """Its meter is silent and it has no capacity at all: nothing says that more could be borne."""
    depot = Depot(
        grid("gc-1", 1000), feeder("f-1", "gc-1", None, metered=True), charger("cp-1", "f-1", 500, fallback_w=50)
    )
    depot.hears("cp-1/1", 60)
    assert _severities(depot) == {"f-1": Severity.CRITICAL}


def test_a_microgrid_a_charge_point_and_a_connector_are_always_critical_and_stand_in_preorder() -> None:
    depot = Depot(
        grid("gc-1", 1000),
        charger("cp-1", "gc-1", 50, 50, max_power_w=80),
        charger("cp-2", "gc-1", 30),
        max_import_w=90,
    )
    for connector, power_w in (("cp-1/1", 40), ("cp-1/2", 51), ("cp-2/1", 30)):
        depot.hears(connector, power_w)
    assert _over(depot) == [
        OverLimit("depot", NodeType.MICROGRID, Severity.CRITICAL, 90, LimitKind.MAX_IMPORT, 121, 31),
        OverLimit("cp-1", NodeType.CHARGE_POINT, Severity.CRITICAL, 80, LimitKind.MAX_POWER, 91, 11),
        OverLimit("cp-1/2", NodeType.CONNECTOR, Severity.CRITICAL, 50, LimitKind.MAX_POWER, 51, 1),
    ]


def test_a_fresh_meter_is_believed_instead_of_the_chargers_also_further_up() -> None:
    depot = Depot(grid("gc-1", 100), feeder("f-1", "gc-1", 200, 0, metered=True), charger("cp-1", "f-1", 500))
    depot.hears("cp-1/1", 500)
    depot.meters("f-1", 101)
    assert [(each.node_id, each.observed_w) for each in _over(depot)] == [("gc-1", 101)]


def test_a_silent_meter_leaves_the_sum_of_what_is_below_with_last_readings() -> None:
    """Holds BREACH-1."""
    depot = Depot(grid("gc-1", 100, 60, metered=True), charger("cp-1", "gc-1", 500), charger("cp-2", "gc-1", 500))
    depot.meters("gc-1", 20, age_s=31)
    depot.hears("cp-1/1", 40)
    depot.hears("cp-2/1", 30, age_s=4000)
    assert [(each.node_id, each.observed_w, each.limit_w) for each in _over(depot)] == [("gc-1", 70, 60)]


def test_a_node_without_a_limit_is_never_over_it() -> None:
    depot = Depot(grid("gc-1", 1000), feeder("f-1", "gc-1", None), charger("cp-1", "f-1", 500))
    depot.hears("cp-1/1", 500)
    assert _over(depot) == []
