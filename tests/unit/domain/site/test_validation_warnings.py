"""What is accepted, but named so that somebody knows (SITE-8)."""

import pytest

from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, SiteConfiguration
from domain.site.site import Site
from domain.site.validation import warnings

GRID = Circuit("gc-1", None, "Grid connection", 400_000, 300_000)


def test_a_site_that_fails_safe_has_no_warning() -> None:
    assert _warned(GRID, _charger(300_000, fallback_w=300_000)) == []


@pytest.mark.parametrize(
    ("circuit", "code"),
    [
        (Circuit("f-1", "gc-1", "Feeder", 100, 101), "safe_above_default"),
        (Circuit("f-1", "gc-1", "Feeder", 100, None, metered=True), "safe_capacity_missing"),
        (Circuit("f-1", "gc-1", "Feeder"), "unlimited_circuit"),
    ],
)
def test_an_odd_circuit_is_named(circuit: Circuit, code: str) -> None:
    assert _warned(GRID, circuit) == [(code, "f-1")]


@pytest.mark.parametrize(
    "circuit",
    [
        Circuit("f-1", "gc-1", "Feeder", 100, 100),
        Circuit("f-1", "gc-1", "Feeder", 100, 0, metered=True),
        Circuit("f-1", "gc-1", "Feeder", 0),
        Circuit("f-1", "gc-1", "Feeder", None, 0),
    ],
)
def test_an_ordinary_circuit_is_not(circuit: Circuit) -> None:
    assert _warned(GRID, circuit) == []


def test_a_meter_on_a_circuit_without_any_capacity_is_named_twice() -> None:
    circuit = Circuit("f-1", "gc-1", "Feeder", metered=True)
    assert _warned(GRID, circuit) == [("safe_capacity_missing", "f-1"), ("unlimited_circuit", "f-1")]


def test_a_minimum_above_the_charge_point_is_named_by_its_connector() -> None:
    charger = ChargePoint("cp-1", "gc-1", 10, (Connector(1, 50, 10), Connector(2, 50, 11)), 0)
    assert _warned(GRID, charger) == [("minimum_above_charge_point", "cp-1/2")]


def test_fallbacks_that_exceed_a_limit_are_named_at_every_node_where_they_do() -> None:
    """150 and 160 kW without a setpoint: too much for gc-1's 300 kW and for the import limit, not for either feeder."""
    chargers = [
        ChargePoint("cp-1", "f-1", 150_000, (Connector(1, 150_000),)),
        ChargePoint("cp-2", "f-2", 150_000, (Connector(1, 150_000),), 160_000),
    ]
    circuits = [Circuit("f-1", "gc-1", "Feeder", 150_000), Circuit("f-2", "gc-1", "Feeder", 160_000)]
    assert _warned(GRID, *circuits, *chargers, max_import_w=309_999) == [
        ("fallback_exceeds_limit", "depot"),
        ("fallback_exceeds_limit", "gc-1"),
        ("fallback_exceeds_limit", "cp-2"),
    ]


def test_a_limit_below_a_minimum_is_named_at_every_node_where_it_is() -> None:
    """6 kW at the least: too much for f-1's 5 kW and the safe 5 kW of gc-1, not for the microgrid."""
    charger = ChargePoint("cp-1", "f-1", 11_000, (Connector(1, 11_000, 4_000), Connector(2, 11_000, 6_000)), 0)
    circuits = [Circuit("gc-1", None, "Grid connection", 9_000, 5_999), Circuit("f-1", "gc-1", "Feeder", 5_000)]
    assert _warned(*circuits, charger, max_import_w=6_000) == [
        ("no_room_for_minimum", "gc-1"),
        ("no_room_for_minimum", "f-1"),
    ]
    assert _warned(*circuits, charger, max_import_w=5_999)[0] == ("no_room_for_minimum", "depot")


@pytest.mark.parametrize(("grace_s", "warned"), [(79, []), (80, [("always_reserved", "depot")])])
def test_a_grace_that_leaves_no_time_between_two_renewals_is_named(grace_s: int, warned: list[tuple[str, str]]) -> None:
    assert _warned(GRID, settings=Settings(apply_grace_s=grace_s)) == warned


def _charger(rating_w: int, fallback_w: int | None) -> ChargePoint:
    return ChargePoint("cp-1", "gc-1", rating_w, (Connector(1, rating_w),), fallback_w)


def _warned(
    *parts: Circuit | ChargePoint, max_import_w: int | None = None, settings: Settings | None = None
) -> list[tuple[str, str]]:
    configuration = SiteConfiguration(
        "depot",
        "Depot",
        1,
        max_import_w=max_import_w,
        settings=settings or Settings(),
        circuits=tuple(part for part in parts if isinstance(part, Circuit)),
        charge_points=tuple(part for part in parts if isinstance(part, ChargePoint)),
    )
    return [(each.code, each.node_id) for each in warnings(configuration, Site.of(configuration).tree)]
