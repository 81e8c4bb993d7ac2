"""How the configuration of a depot changes under it."""

from adapters.simulation.configurations import Configurations
from adapters.simulation.layout import Configuration
from adapters.simulation.scenario import CapacityStep

FIRST: Configuration = {
    "microgrid_id": "m",
    "version": 4,
    "circuits": [
        {"circuit_id": "gc-1", "default_capacity_w": 400_000, "safe_operating_capacity_w": 300_000},
        {"circuit_id": "gc-2", "default_capacity_w": 200_000},
    ],
}
STEPS = (CapacityStep(50, "gc-1", 400_000), CapacityStep(20, "gc-1", 100_000))


def capacities(site: Configurations) -> list[tuple[int | None, int | None]]:
    return [(each["default_capacity_w"], each.get("safe_operating_capacity_w")) for each in site.current["circuits"]]


def test_nothing_changes_between_steps() -> None:
    site = Configurations(FIRST, STEPS)
    site.tick(19, {})
    assert site.current is FIRST
    site.tick(20, {})
    stepped = site.current
    site.tick(21, {})
    assert site.current is stepped


def test_a_step_scales_the_safe_operating_capacity_with_the_default_one() -> None:
    site = Configurations(FIRST, STEPS)
    site.tick(20, {})
    assert capacities(site) == [(100_000, 75_000), (200_000, None)]
    assert (site.current["version"], site.capacities_w) == (5, {"gc-1": 100_000})


def test_the_latest_step_counts() -> None:
    site = Configurations(FIRST, STEPS)
    site.tick(50, {})
    assert capacities(site) == [(400_000, 300_000), (200_000, None)]


def test_what_is_imposed_goes_before_what_is_planned_and_gives_way_to_it_afterwards() -> None:
    site = Configurations(FIRST, STEPS)
    site.tick(10, {"gc-1": 40_000, "gc-2": 20_000})
    assert capacities(site) == [(40_000, 30_000), (20_000, None)]
    site.tick(20, {"gc-1": 40_000, "gc-2": 20_000})
    assert site.current["version"] == 5
    site.tick(30, {})
    assert capacities(site) == [(100_000, 75_000), (200_000, None)]
    assert site.current["version"] == 6


def test_a_circuit_that_never_bore_anything_has_no_safe_capacity_to_scale() -> None:
    circuit = {"circuit_id": "gc-1", "default_capacity_w": 0, "safe_operating_capacity_w": 300_000}
    site = Configurations({**FIRST, "circuits": [circuit]}, ())
    site.tick(1, {"gc-1": 50_000})
    assert capacities(site) == [(50_000, 0)]
