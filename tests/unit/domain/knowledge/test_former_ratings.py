"""A rating or fallback that a configuration lowers goes on counting for a while (R14)."""

from dataclasses import replace

import pytest

from domain.sharing.plan import Reason
from tests.unit.domain.depot import Depot, charger, grid

CONNECTOR = "cp-1/1"
GRID = grid("gc-1", 10**6)


def told(rating_w: int = 100_000, fallback_w: int = 60_000) -> Depot:
    """It was told 20 kW at eight, by a configuration of this rating and fallback."""
    depot = Depot(GRID, charger("cp-1", "gc-1", rating_w, fallback_w=fallback_w))
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    return depot


@pytest.mark.parametrize(("after_s", "exposure_w"), [(139.999, 60_000), (140, 20_000)])
def test_R14_a_former_fallback_counts_in_the_exposure_until_a_lapse_after_the_last_sending(
    after_s: float, exposure_w: int
) -> None:
    depot = told()
    depot.configures(GRID, charger("cp-1", "gc-1", 100_000, fallback_w=0))
    depot.later(after_s)
    assert depot.exposure(CONNECTOR) == exposure_w


def test_R14_it_makes_room_for_the_former_fallback_in_time() -> None:
    depot = told()
    depot.configures(GRID, charger("cp-1", "gc-1", 100_000, fallback_w=0))
    depot.later(100)
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_cycle_seq=1)
    assert depot.setpoint(CONNECTOR).reason is Reason.RESERVED


def test_R14_no_renewal_under_the_new_configuration_puts_the_end_off() -> None:
    """A lapse after the newest setpoint was last sent, as that had been when the configuration was applied."""
    depot = told()
    depot.configures(GRID, charger("cp-1", "gc-1", 100_000, fallback_w=0))
    depot.later(40)
    assert depot.cycle() is not None
    depot.later(100)
    assert depot.exposure(CONNECTOR) == 20_000


@pytest.mark.parametrize(("power_w", "kept_w"), [(125_000, 125_000), (125_001, 125_000)])
def test_R14_what_is_plausible_goes_by_the_former_rating(power_w: int, kept_w: int) -> None:
    depot = told()
    depot.configures(GRID, charger("cp-1", "gc-1", 40_000, fallback_w=0))
    depot.later(1)
    depot.hears(CONNECTOR, power_w, requested_w=20_000)
    assert depot.line(CONNECTOR).power_w == kept_w


def test_R14_a_charge_point_may_bear_its_former_rating_together() -> None:
    """Two sockets were told 50 kW each of 100 kW together: lowered to 30 kW it may still draw both."""
    depot = Depot(GRID, charger("cp-1", "gc-1", 50_000, 50_000))
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, 0, applied_limit_w=50_000)
    depot.cycle()
    depot.configures(GRID, charger("cp-1", "gc-1", 50_000, 50_000, max_power_w=30_000))
    situation = depot.situation()
    assert situation.nodes[situation.tree.node_index["gc-1"]].held.exposed_w == 100_000


def test_R14_one_that_was_removed_and_put_back_with_less_may_have_its_former_fallback() -> None:
    depot = told()
    depot.configures(GRID)
    depot.later(1)
    depot.cycle()
    depot.configures(GRID, charger("cp-1", "gc-1", 100_000, fallback_w=0))
    depot.later(130)
    assert depot.exposure(CONNECTOR) == 60_000


def test_R14_a_raised_fallback_needs_no_former_one() -> None:
    depot = told(fallback_w=0)
    depot.configures(GRID, replace(charger("cp-1", "gc-1", 100_000), fallback_power_w=70_000))
    depot.later(100)
    assert depot.exposure(CONNECTOR) == 70_000
