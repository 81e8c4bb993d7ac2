"""How the simulation reads a site configuration."""

from typing import Any

import pytest

from adapters.simulation.layout import Outlet, read_layout


def site(**overrides: Any) -> dict[str, Any]:
    """A circuit listed before its parent, one charge point with as few keys as a configuration may have."""
    return {
        "microgrid_id": "m",
        "version": 1,
        "circuits": [
            {"circuit_id": "f-1", "parent_id": "gc-1", "name": "Feeder"},
            {"circuit_id": "gc-1", "parent_id": None, "name": "Grid", "default_capacity_w": 300_000.0, "metered": True},
        ],
        "charge_points": [
            {
                "charge_point_id": "cp-1",
                "circuit_id": "f-1",
                "max_power_w": 180_000,
                "connectors": [
                    {"connector_id": 1, "max_power_w": 150_000},
                    {"connector_id": 2, "max_power_w": 90_000.0},
                ],
            }
        ],
    } | overrides


def charge_point(fallback_w: int | None) -> dict[str, Any]:
    return {**site()["charge_points"][0], "fallback_power_w": fallback_w}


def test_parents_come_before_children_whatever_the_order_of_the_lists() -> None:
    nodes = read_layout(site()).nodes
    assert [(node.node_id, node.parent) for node in nodes] == [("m", -1), ("gc-1", 0), ("f-1", 1), ("cp-1", 2)]


def test_absent_keys_take_the_defaults_of_the_contract() -> None:
    layout = read_layout(site())
    assert [node.capacity_w for node in layout.nodes] == [None, 300_000, None, 180_000]
    assert [node.metered for node in layout.nodes] == [False, True, False, False]
    assert layout.outlets == (Outlet(("cp-1", 1), 150_000, 0), Outlet(("cp-1", 2), 90_000, 0))


@pytest.mark.parametrize(("stated_w", "read_w"), [(None, 180_000), (0, 0), (20_000, 20_000), (500_000, 180_000)])
def test_a_fallback_is_the_rating_where_not_stated_and_never_above_it(stated_w: int | None, read_w: int) -> None:
    (station,) = read_layout(site(charge_points=[charge_point(stated_w)])).stations
    assert station.fallback_w == read_w


@pytest.mark.parametrize(
    ("limits", "fit"),
    [
        ({}, True),
        ({"default_capacity_w": 19_999}, False),
        ({"safe_operating_capacity_w": 20_000}, True),
        ({"safe_operating_capacity_w": 19_999}, False),
    ],
)
def test_fallbacks_fit_where_they_are_within_default_and_safe_capacity(limits: dict[str, int], fit: bool) -> None:
    feeder, grid = site()["circuits"]
    configuration = site(circuits=[feeder, grid | limits], charge_points=[charge_point(20_000)])
    assert read_layout(configuration).fallbacks_fit() is fit


def test_fallbacks_have_to_fit_the_import_limit_of_the_microgrid_too() -> None:
    charge_points = [charge_point(20_000)]
    assert read_layout(site(charge_points=charge_points, max_import_w=20_000)).fallbacks_fit()
    assert not read_layout(site(charge_points=charge_points, max_import_w=19_999)).fallbacks_fit()


def test_values_roll_up_to_every_ancestor() -> None:
    values = [1, 10, 100, 1000]
    read_layout(site()).roll_up(values)
    assert values == [1111, 1110, 1100, 1000]
