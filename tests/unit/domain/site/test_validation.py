"""A configuration is refused whole, and every fault in it is named with its place."""

from dataclasses import fields, replace
from typing import Any, TypeAlias

import pytest

from domain.events import ConfigurationRejected
from domain.microgrid import Microgrid
from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, SiteConfiguration, Strategy
from domain.site.validation import MAX_DEPTH, faults
from tests.builders import EIGHT
from tests.specification import Specification

GRID = Circuit("gc-1", None, "Grid connection", 400_000, 300_000)
FEEDER = Circuit("f-1", "gc-1", "Feeder", 200_000)
CHARGER = ChargePoint("cp-1", "f-1", 150_000, (Connector(1, 150_000, 5_000), Connector(2, 75_000)), 50_000)
GOOD = SiteConfiguration("depot", "Depot", 1, circuits=(GRID, FEEDER), charge_points=(CHARGER,))

Changes: TypeAlias = dict[str, Any]


def _circuits(*circuits: Circuit) -> Changes:
    return {"circuits": circuits, "charge_points": ()}


def _grid(**changes: Any) -> Changes:
    return _circuits(replace(GRID, **changes), FEEDER)


def _feeder(**changes: Any) -> Changes:
    return _circuits(GRID, replace(FEEDER, **changes))


def _charger(**changes: Any) -> Changes:
    return {"charge_points": (replace(CHARGER, **changes),)}


def _connectors(*connectors: Connector) -> Changes:
    return _charger(connectors=connectors)


FAULTY: list[tuple[str, str, Changes]] = [
    ("duplicate_id", "/circuits/1/circuit_id", _circuits(GRID, GRID)),
    ("duplicate_id", "/circuits/1/circuit_id", _feeder(circuit_id="depot")),
    ("duplicate_id", "/charge_points/1/charge_point_id", {"charge_points": (CHARGER, CHARGER)}),
    ("duplicate_id", "/charge_points/0/charge_point_id", _charger(charge_point_id="f-1")),
    ("duplicate_id", "/charge_points/0/connectors/1/connector_id", _connectors(Connector(1, 1), Connector(1, 2))),
    ("unknown_parent", "/circuits/1/parent_id", _feeder(parent_id="nowhere")),
    ("unknown_parent", "/circuits/1/parent_id", _feeder(parent_id="depot")),
    ("no_grid_connection", "/circuits", _circuits()),
    ("grid_connection_without_limit", "/circuits/0/default_capacity_w", _grid(default_capacity_w=None)),
    ("unknown_circuit", "/charge_points/0/circuit_id", _charger(circuit_id="nowhere")),
    ("unknown_circuit", "/charge_points/0/circuit_id", _charger(circuit_id="depot")),
    ("invalid_setting", "/time_zone", {"time_zone": None}),
    ("negative_power", "/max_import_w", {"max_import_w": -1}),
    ("negative_power", "/circuits/0/default_capacity_w", _grid(default_capacity_w=-1)),
    ("negative_power", "/circuits/0/safe_operating_capacity_w", _grid(safe_operating_capacity_w=-1)),
    ("negative_power", "/charge_points/0/max_power_w", _charger(max_power_w=-1)),
    ("negative_power", "/charge_points/0/fallback_power_w", _charger(fallback_power_w=-1)),
    ("negative_power", "/charge_points/0/connectors/0/max_power_w", _connectors(Connector(1, -1, -1))),
    ("negative_power", "/charge_points/0/connectors/0/min_power_w", _connectors(Connector(1, 1, -1))),
    ("negative_power", "/charge_points/0/connectors/0/idle_power_w", _connectors(Connector(1, 1, 0, -1))),
    ("minimum_above_maximum", "/charge_points/0/connectors/0/min_power_w", _connectors(Connector(1, 10, 11))),
    ("no_connectors", "/charge_points/0/connectors", _connectors()),
    ("unknown_strategy", "/strategy/unit", {"strategy": Strategy("bus", "equal_share")}),
    ("unknown_strategy", "/strategy/order", {"strategy": Strategy("connector", "round_robin")}),
    ("invalid_setting", "/settings/refresh_interval_s", {"settings": Settings(refresh_interval_s=120)}),
]


def test_a_good_configuration_has_no_fault() -> None:
    assert faults(GOOD) == ()


@pytest.mark.parametrize(("code", "path", "changes"), FAULTY)
def test_a_fault_is_named_with_its_place(code: str, path: str, changes: Changes) -> None:
    """Holds SITE-7."""
    assert (code, path) in {(fault.code, fault.path) for fault in faults(replace(GOOD, **changes))}


def test_every_fault_of_the_contract_is_tried() -> None:
    """Holds SITE-7."""
    elsewhere = {"circuit_cycle", "too_deep", "workspace_changed", "version_not_newer"}
    assert {code for code, *_ in FAULTY} | elsewhere == set(Specification().codes("SITE-7"))


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_a_time_has_to_be_above_0_and_a_power_must_not_be_negative(name: str) -> None:
    """Holds SITE-7."""
    (too_low, lowest) = (0, 1) if name.endswith("_s") else (-1, 0)
    path = f"/settings/{name}"
    assert path in {fault.path for fault in faults(_with_settings(name, too_low)) if fault.code == "invalid_setting"}
    assert path not in {fault.path for fault in faults(_with_settings(name, lowest)) if name != "refresh_interval_s"}


def test_a_setpoint_has_to_outlive_the_refresh_interval() -> None:
    """Holds SITE-7."""
    assert faults(replace(GOOD, settings=Settings(refresh_interval_s=119))) == ()
    assert len(faults(replace(GOOD, settings=Settings(refresh_interval_s=120)))) == 1


def test_zero_is_a_value_wherever_a_power_may_stand() -> None:
    """Holds CONV-2."""
    charger = ChargePoint("cp-1", "gc-1", 0, (Connector(1, 0),), 0)
    grid = Circuit("gc-1", None, "Grid connection", 0, 0)
    assert faults(replace(GOOD, max_import_w=0, circuits=(grid,), charge_points=(charger,))) == ()


def test_no_charge_points_at_all_are_valid() -> None:
    """Holds SITE-4."""
    assert faults(replace(GOOD, charge_points=())) == ()


def test_depth_32_is_allowed_and_33_is_refused() -> None:
    """Holds SITE-4."""
    assert MAX_DEPTH == 32
    assert faults(replace(GOOD, circuits=_chain(32), charge_points=())) == ()
    assert [(each.code, each.path) for each in faults(replace(GOOD, circuits=_chain(34), charge_points=()))] == [
        ("too_deep", "/circuits/32/parent_id"),
        ("too_deep", "/circuits/33/parent_id"),
    ]


def test_the_order_of_the_circuits_does_not_matter_for_their_depth() -> None:
    backwards = tuple(reversed(_chain(33)))
    assert [(each.code, each.path) for each in faults(replace(GOOD, circuits=backwards, charge_points=()))] == [
        ("too_deep", "/circuits/0/parent_id")
    ]


def test_circuits_in_and_below_a_cycle_are_all_named() -> None:
    circuits = (
        GRID,
        Circuit("a", "c", "A", 1),
        Circuit("b", "a", "B", 1),
        Circuit("c", "b", "C", 1),
        Circuit("below", "b", "Below", 1),
        Circuit("itself", "itself", "Itself", 1),
    )
    found = faults(replace(GOOD, circuits=circuits, charge_points=()))
    assert {(each.code, each.path) for each in found} == {
        ("circuit_cycle", f"/circuits/{place}/parent_id") for place in range(1, 6)
    }


def test_a_circuit_below_an_unknown_parent_is_no_cycle() -> None:
    circuits = (GRID, Circuit("a", "nowhere", "A", 1), Circuit("b", "a", "B", 1))
    found = faults(replace(GOOD, circuits=circuits, charge_points=()))
    assert [(each.code, each.path) for each in found] == [("unknown_parent", "/circuits/1/parent_id")]


def test_several_faults_are_named_at_once() -> None:
    """Holds SITE-7."""
    configuration = SiteConfiguration(
        "depot",
        "Depot",
        1,
        max_import_w=-5,
        strategy=Strategy("bus", "round_robin"),
        settings=Settings(breach_hold_s=0),
        circuits=(Circuit("a", "b", "A"), Circuit("b", "a", "B")),
        charge_points=(ChargePoint("a", "nowhere", 10, ()),),
    )
    assert sorted((each.code, each.path) for each in faults(configuration)) == [
        ("circuit_cycle", "/circuits/0/parent_id"),
        ("circuit_cycle", "/circuits/1/parent_id"),
        ("duplicate_id", "/charge_points/0/charge_point_id"),
        ("invalid_setting", "/settings/breach_hold_s"),
        ("negative_power", "/max_import_w"),
        ("no_connectors", "/charge_points/0/connectors"),
        ("no_grid_connection", "/circuits"),
        ("unknown_circuit", "/charge_points/0/circuit_id"),
        ("unknown_strategy", "/strategy/order"),
        ("unknown_strategy", "/strategy/unit"),
    ]


@pytest.mark.parametrize(("before", "after"), [(None, "tenant"), ("tenant", None), ("tenant", "other")])
def test_the_workspace_cannot_change(before: str | None, after: str | None) -> None:
    """Holds SITE-6."""
    microgrid = Microgrid("depot").configure(replace(GOOD, workspace_id=before), EIGHT).microgrid
    (event,) = microgrid.configure(replace(GOOD, version=2, workspace_id=after), EIGHT).events
    assert isinstance(event, ConfigurationRejected)
    assert [(each.code, each.path) for each in event.faults] == [("workspace_changed", "/workspace_id")]


def _with_settings(name: str, value: int) -> SiteConfiguration:
    return replace(GOOD, settings=replace(Settings(), **{name: value}))


def _chain(depth: int) -> tuple[Circuit, ...]:
    return tuple(
        Circuit(f"c-{level}", None if level == 1 else f"c-{level - 1}", f"Level {level}", 1)
        for level in range(1, depth + 1)
    )
