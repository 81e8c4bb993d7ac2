"""The table of LIM-2: which limit is in force at a node, of which kind, in which mode."""

from datetime import datetime, timedelta

import pytest

from domain.knowledge import meters
from domain.knowledge.limits import Limit, LimitKind, Mode, in_force
from domain.knowledge.meters import Meters
from domain.knowledge.readings import Readings
from domain.site.site import Site
from tests.unit.domain.depot import EIGHT, Depot, charger, feeder, grid

DEFAULT, SAFE = LimitKind.DEFAULT_CAPACITY, LimitKind.SAFE_OPERATING_CAPACITY
FALLBACKS_W = 30


@pytest.mark.parametrize(
    ("default_w", "safe_w", "meter", "expected"),
    [
        (100, None, None, Limit(100, DEFAULT, Mode.NORMAL)),
        (None, None, None, Limit(None, None, Mode.NORMAL)),
        (100, 60, None, Limit(60, SAFE, Mode.SAFE)),
        (50, 60, None, Limit(50, SAFE, Mode.SAFE)),
        (None, 60, None, Limit(60, SAFE, Mode.SAFE)),
        (100, 0, None, Limit(0, SAFE, Mode.SAFE)),
        (0, None, None, Limit(0, DEFAULT, Mode.NORMAL)),
        (100, 60, "fresh", Limit(100, DEFAULT, Mode.NORMAL)),
        (None, 60, "fresh", Limit(None, None, Mode.NORMAL)),
        (100, None, "fresh", Limit(100, DEFAULT, Mode.NORMAL)),
        (100, 60, "silent", Limit(60, SAFE, Mode.SAFE)),
        (None, 60, "silent", Limit(60, SAFE, Mode.SAFE)),
        (100, None, "silent", Limit(FALLBACKS_W, SAFE, Mode.SAFE)),
        (20, None, "silent", Limit(20, SAFE, Mode.SAFE)),
        (None, None, "silent", Limit(FALLBACKS_W, SAFE, Mode.SAFE)),
    ],
)
def test_a_circuit_is_limited_by_what_is_known_of_its_load(
    default_w: int | None, safe_w: int | None, meter: str | None, expected: Limit
) -> None:
    """Holds LIM-1, LIM-2."""
    depot = Depot(
        grid("gc-1", 1000),
        feeder("f-1", "gc-1", default_w, safe_w, metered=meter is not None),
        charger("cp-1", "f-1", 50, fallback_w=10),
        charger("cp-2", "f-1", 50, fallback_w=20),
    )
    if meter == "fresh":
        depot.meters("f-1", 5)
    assert _limit(depot, "f-1") == expected


@pytest.mark.parametrize(("age_s", "mode"), [(30, Mode.NORMAL), (30.001, Mode.SAFE)])
def test_a_meter_is_fresh_up_to_its_age_limit(age_s: float, mode: Mode) -> None:
    """Holds LIM-3."""
    depot = Depot(grid("gc-1", 100, 60, metered=True))
    depot.meters("gc-1", 5, age_s=age_s)
    assert _limit(depot, "gc-1").mode is mode


def test_a_grid_connection_goes_by_the_rule_of_circuits() -> None:
    """Holds LIM-3."""
    depot = Depot(grid("gc-1", 100, 60))
    assert _limit(depot, "gc-1") == Limit(60, SAFE, Mode.SAFE)


@pytest.mark.parametrize("import_w", [None, 0, 70])
def test_a_microgrid_is_limited_by_its_import_if_at_all(import_w: int | None) -> None:
    kind = None if import_w is None else LimitKind.MAX_IMPORT
    assert _limit(Depot(grid("gc-1", 100), max_import_w=import_w), "depot") == Limit(import_w, kind, Mode.NORMAL)


@pytest.mark.parametrize("rating_w", [0, 43])
def test_a_charge_point_is_limited_by_its_rating(rating_w: int) -> None:
    depot = Depot(grid("gc-1", 100), charger("cp-1", "gc-1", 22, 22, max_power_w=rating_w))
    assert _limit(depot, "cp-1") == Limit(rating_w, LimitKind.MAX_POWER, Mode.NORMAL)


def test_a_meter_that_is_no_longer_configured_is_not_listened_to() -> None:
    before, after = Depot(grid("gc-1", 100, 60, metered=True)), Depot(grid("gc-1", 100, 60))
    before.meters("gc-1", 5)
    assert _meters(after.site, before.readings, EIGHT).readings == [None, None]
    assert _meters(before.site, before.readings, EIGHT + timedelta(seconds=31)).readings == [None, None]


def _limit(depot: Depot, node_id: str) -> Limit:
    tree = depot.site.tree
    return in_force(tree, _meters(depot.site, depot.readings, depot.at))[tree.node_index[node_id]]


def _meters(site: Site, readings: Readings, at: datetime) -> Meters:
    return meters.relied_on(site, readings, {}, {}, at=at, first=True)
