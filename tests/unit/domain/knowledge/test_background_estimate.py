"""The load that is not ours: what meters show beyond the chargers, and what safe-mode nodes withhold."""

from domain.sharing.plan import Outcome
from domain.site.configuration import Circuit
from tests.unit.domain.depot import Depot, charger, feeder, grid


def test_what_a_meter_shows_beyond_the_chargers_is_background_there_and_above() -> None:
    """Holds LIM-4."""
    depot = _metered("f-1", draws_w=40_000)
    depot.meters("f-1", 55_000)
    assert _background(depot) == {"depot": 15_000, "gc-1": 15_000, "f-1": 15_000, "cp-1": 0}


def test_background_takes_room_from_the_chargers() -> None:
    """Holds FILL-1."""
    depot = _metered("gc-1", draws_w=40_000)
    depot.meters("gc-1", 90_000)
    assert depot.targets() == {"cp-1/1": 50_000}
    assert depot.setpoint("cp-1/1").binding_node_id == "gc-1"
    assert depot.node("gc-1").headroom_w == 0


def test_a_meter_that_shows_less_than_the_chargers_adds_no_capacity() -> None:
    """Holds LIM-5."""
    depot = _metered("gc-1", draws_w=40_000)
    for reading in (30_000, 0, -60_000):
        depot.meters("gc-1", reading)
        assert _background(depot)["gc-1"] == 0
        assert depot.node("gc-1").measured_w == reading
        assert depot.targets() == {"cp-1/1": 100_000}


def test_a_discharging_vehicle_hides_no_background() -> None:
    """The meter shows 5 kW while a vehicle feeds 20 kW back: 25 kW are drawn by others (LIM-5)."""
    depot = _metered("gc-1", draws_w=-20_000)
    depot.meters("gc-1", 5_000)
    assert _background(depot)["gc-1"] == 25_000


def test_R27_background_that_a_lower_meter_counts_is_not_counted_again_above() -> None:
    depot = Depot(grid("gc-1", 300_000, 0, metered=True), *_two_feeders(metered=True))
    depot.meters("f-1", 30_000)
    depot.meters("f-2", 12_000)
    depot.meters("gc-1", 50_000)
    assert _background(depot) == {"depot": 50_000, "gc-1": 50_000, "f-1": 30_000, "f-2": 12_000}


def test_R27_what_an_upper_meter_misses_of_the_lower_ones_stays_background() -> None:
    """Meters never agree to the watt: the sum of the lower ones counts where it is higher."""
    depot = Depot(grid("gc-1", 300_000, 0, metered=True), *_two_feeders(metered=True))
    depot.meters("f-1", 30_000)
    depot.meters("f-2", 12_000)
    depot.meters("gc-1", 41_000)
    assert _background(depot)["gc-1"] == 42_000


def test_a_stale_connector_measures_no_more_than_it_holds() -> None:
    """It was last seen at 80 kW and holds its limit of 60 kW: of the 75 kW at the meter 15 kW are not ours (LIM-4)."""
    depot = _metered("gc-1")
    depot.hears("cp-1/1", 80_000, applied_limit_w=60_000, age_s=100)
    depot.meters("gc-1", 75_000)
    assert _background(depot)["gc-1"] == 15_000


def test_a_stale_connector_measures_its_last_reading_where_that_is_less() -> None:
    """Holds LIM-4."""
    depot = _metered("gc-1")
    depot.hears("cp-1/1", 50_000, applied_limit_w=60_000, age_s=100)
    depot.meters("gc-1", 75_000)
    assert _background(depot)["gc-1"] == 25_000


def test_a_node_in_safe_mode_withholds_at_its_ancestors_what_it_may_not_use() -> None:
    """Holds LIM-6."""
    depot = Depot(grid("gc-1", 300_000), *_two_feeders(safe_w=40_000))
    assert _background(depot) == {"depot": 120_000, "gc-1": 120_000, "f-1": 0, "f-2": 0}


def test_withheld_room_ends_below_a_fresh_meter() -> None:
    """The meter of gc-1 shows the 30 kW that hide behind the withheld room; they count instead of it (LIM-6)."""
    depot = Depot(grid("gc-1", 300_000, 0, metered=True), *_two_feeders(safe_w=40_000))
    depot.meters("gc-1", 30_000)
    assert _background(depot) == {"depot": 30_000, "gc-1": 30_000, "f-1": 0, "f-2": 0}


def test_withheld_room_is_not_taken_off_a_meter_above_it() -> None:
    """f-1 has no meter of its own: its withheld 60 kW say nothing about what gc-1's meter shows."""
    depot = Depot(
        grid("gc-1", 300_000, 0, metered=True),
        feeder("f-1", "gc-1", 200_000),
        feeder("sc-1", "f-1", 100_000, 40_000),
    )
    depot.meters("gc-1", 50_000)
    assert _background(depot) == {"depot": 50_000, "gc-1": 50_000, "f-1": 60_000, "sc-1": 0}


def test_withheld_room_ends_below_a_node_in_safe_mode_which_withholds_its_own() -> None:
    """Holds LIM-6."""
    depot = Depot(grid("gc-1", 300_000, 250_000), *_two_feeders(safe_w=40_000), max_import_w=500_000)
    assert _background(depot) == {"depot": 50_000, "gc-1": 0, "f-1": 0, "f-2": 0}


def test_a_node_without_a_default_capacity_withholds_nothing() -> None:
    """Holds LIM-6."""
    depot = Depot(grid("gc-1", 300_000), Circuit("f-1", "gc-1", "Feeder", None, 40_000))
    assert _background(depot) == {"depot": 0, "gc-1": 0, "f-1": 0}


def test_R29_a_safe_capacity_above_the_default_withholds_nothing() -> None:
    depot = Depot(grid("gc-1", 300_000), feeder("f-1", "gc-1", 100_000, 400_000))
    assert _background(depot) == {"depot": 0, "gc-1": 0, "f-1": 0}


def test_a_silent_meter_without_a_safe_capacity_leaves_the_fallbacks() -> None:
    depot = Depot(
        grid("gc-1", 300_000),
        feeder("f-1", "gc-1", 100_000, metered=True),
        charger("cp-1", "f-1", 50_000, fallback_w=7_000),
    )
    assert depot.node("f-1").limit_w == 7_000
    assert depot.node("gc-1").background_w == 93_000


def test_background_alone_may_exceed_the_limit() -> None:
    """Holds FILL-1."""
    depot = _metered("gc-1", draws_w=0)
    depot.meters("gc-1", 120_000)
    assert depot.node("gc-1").headroom_w == -20_000
    assert depot.plan().outcome is Outcome.INFEASIBLE
    assert depot.targets() == {"cp-1/1": 0}


def _metered(circuit_id: str, draws_w: int | None = None) -> Depot:
    """gc-1 of 100 kW over f-1 without a limit and one charger, one of the two metered."""
    depot = Depot(
        grid("gc-1", 100_000, 0 if circuit_id == "gc-1" else None, metered=circuit_id == "gc-1"),
        feeder("f-1", "gc-1", None, 0 if circuit_id == "f-1" else None, metered=circuit_id == "f-1"),
        charger("cp-1", "f-1", 100_000),
    )
    if draws_w is not None:
        depot.hears("cp-1/1", draws_w, applied_limit_w=0)
    return depot


def _two_feeders(safe_w: int | None = None, *, metered: bool = False) -> tuple[Circuit, Circuit]:
    return (
        feeder("f-1", "gc-1", 100_000, safe_w, metered=metered),
        feeder("f-2", "gc-1", 100_000, safe_w, metered=metered),
    )


def _background(depot: Depot) -> dict[str, int]:
    return {node.node_id: node.background_w for node in depot.plan().nodes}
