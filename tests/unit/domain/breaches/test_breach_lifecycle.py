"""The life of a breach, rule by rule: opening, becoming critical, clearing, cause and figures."""

import pytest

from domain.breaches.breach import BreachEvent
from domain.breaches.constraint import Cause, ConstraintBreached, ConstraintCleared, Contributor
from domain.breaches.observation import Place, Taken, observe, taken
from domain.breaches.over_limit import Severity, over_limit
from domain.knowledge.limits import LimitKind
from domain.site.power_tree import NodeType
from tests.unit.domain.breaches.watched import (
    GRACE_S,
    HOLD_S,
    KW,
    WatchedDepot,
    a_breached_depot,
    a_metered_depot,
    breach_of,
    two_chargers,
)
from tests.unit.domain.depot import EIGHT, charger, draws, feeder, grid

# --- opening -----------------------------------------------------------------------------------------------


def test_a_load_over_the_limit_is_a_breach_once_it_has_held() -> None:
    """Holds BREACH-1."""
    depot = a_metered_depot()

    assert depot.metered(120 * KW) == ()
    assert depot.metered(121 * KW, after_s=HOLD_S - 1) == ()
    (event,) = depot.metered(122 * KW, after_s=1)

    assert isinstance(event, ConstraintBreached)
    assert (event.node_id, event.node_type, event.node_path) == (
        "gc-1",
        NodeType.GRID_CONNECTION,
        ("depot", "gc-1"),
    )
    assert (event.limit_w, event.limit_kind) == (100 * KW, LimitKind.DEFAULT_CAPACITY)
    assert (event.observed_w, event.excess_w) == (122 * KW, 22 * KW)
    assert (event.first_observed_at, event.observed_at) == (EIGHT, depot.at)


def test_a_breach_is_announced_once() -> None:
    depot = a_breached_depot()

    assert [depot.metered(120 * KW, after_s=HOLD_S) for _ in range(3)] == [(), (), ()]


@pytest.mark.parametrize(
    ("capacity_w", "bearable_w"),
    [(20 * KW, 20_500), (50 * KW, 50_500), (100 * KW, 101_000), (1000 * KW, 1010 * KW)],
)
def test_a_circuit_bears_500_w_or_one_percent_more_than_its_limit(capacity_w: int, bearable_w: int) -> None:
    """Holds BREACH-1."""
    depot = a_metered_depot(capacity_w)
    for _ in range(5):
        assert depot.metered(bearable_w, after_s=HOLD_S) == ()

    assert depot.metered(bearable_w + 1, after_s=HOLD_S) == ()
    assert len(depot.metered(bearable_w + 1, after_s=HOLD_S)) == 1


@pytest.mark.parametrize(("rating_w", "bearable_w"), [(100 * KW, 105 * KW), (4 * KW, 4500)])
def test_what_is_rated_bears_500_w_or_five_percent_more(rating_w: int, bearable_w: int) -> None:
    """Holds BREACH-1."""
    depot = WatchedDepot(grid("gc-1", 1000 * KW), charger("cp-1", "gc-1", rating_w))

    def reports(power_w: int) -> tuple[BreachEvent, ...]:
        depot.later(HOLD_S)
        depot.hears("cp-1/1", power_w)
        return depot.watch()

    assert [reports(bearable_w) for _ in range(5)] == [()] * 5
    assert reports(bearable_w + 1) == ()
    assert [(event.node_id, event.limit_kind) for event in reports(bearable_w + 1)] == [
        ("cp-1", LimitKind.MAX_POWER),
        ("cp-1/1", LimitKind.MAX_POWER),
    ]


def test_the_hold_runs_by_when_the_load_was_measured_not_by_when_it_was_heard() -> None:
    """Holds BREACH-1."""
    depot = a_metered_depot()
    depot.metered(120 * KW)

    depot.later(20)
    assert depot.watch() == ()  # the reading is still that of eight o'clock
    depot.meters("gc-1", 120 * KW, age_s=20 - HOLD_S + 1)
    assert depot.watch() == ()
    depot.meters("gc-1", 120 * KW, age_s=20 - HOLD_S)
    event = depot.announces()
    assert (event.observed_at, event.decided_at) == (EIGHT.replace(second=HOLD_S), depot.at)


def test_a_load_that_falls_back_within_the_margin_begins_anew() -> None:
    depot = a_metered_depot()
    depot.metered(120 * KW)
    depot.metered(100_900, after_s=HOLD_S - 1)

    assert depot.metered(120 * KW, after_s=1) == ()
    assert depot.metered(120 * KW, after_s=HOLD_S - 1) == ()
    (event,) = depot.metered(120 * KW, after_s=1)
    assert event.first_observed_at == EIGHT.replace(second=HOLD_S)


def test_where_there_is_no_meter_the_load_is_what_is_seen_below() -> None:
    depot = WatchedDepot(
        grid("gc-1", 100 * KW),
        feeder("f-1", "gc-1", None, metered=True),
        charger("cp-1", "gc-1", 150 * KW),
        charger("cp-2", "f-1", 150 * KW),
    )
    depot.hears("cp-1/1", 60 * KW)
    depot.hears("cp-2/1", 1 * KW)  # its feeder's meter knows better
    depot.meters("f-1", 50 * KW)
    assert depot.watch() == ()

    depot.later(HOLD_S)
    depot.meters("f-1", 51 * KW)
    event = depot.announces()
    assert (event.node_id, event.observed_w) == ("gc-1", 111 * KW)


def test_where_nothing_is_fresh_the_hold_runs_by_the_time_of_the_decisions() -> None:
    """Holds BREACH-4."""
    depot = WatchedDepot(grid("gc-1", 100 * KW), charger("cp-1", "gc-1", 150 * KW))
    depot.hears("cp-1/1", 120 * KW)
    depot.later(100)

    assert depot.watch() == ()
    depot.later(HOLD_S - 1)
    assert depot.watch() == ()
    depot.later(1)
    event = depot.announces()
    assert (event.first_observed_at, event.observed_at) == (EIGHT.replace(minute=1, second=40), None)
    assert (event.duration_s, event.decided_at) == (HOLD_S, depot.at)


def test_a_reading_is_fresh_as_long_as_its_connector_may_be_silent() -> None:
    depot = WatchedDepot(grid("gc-1", 100 * KW), charger("cp-1", "gc-1", 150 * KW))
    depot.hears("cp-1/1", 120 * KW)
    depot.later(90)
    assert taken(depot.situation(), Place(1)) == Taken(EIGHT, EIGHT, fresh=True, whole=True, heard=True)
    depot.later(1)
    assert taken(depot.situation(), Place(1)) == Taken(depot.at, depot.at, fresh=False, whole=False, heard=True)


def test_breaches_are_announced_from_the_root_down_and_numbered() -> None:
    depot = WatchedDepot(
        grid("gc-1", 100 * KW),
        feeder("f-1", "gc-1", 100 * KW),
        charger("cp-1", "f-1", 100 * KW),
        max_import_w=100 * KW,
    )
    depot.event_seq = 41
    for _ in range(2):
        depot.later(HOLD_S)
        depot.hears("cp-1/1", 120 * KW)
        events = depot.watch()

    assert [(event.node_id, event.event_seq, event.cycle_seq) for event in events] == [
        ("depot", 42, 2),
        ("gc-1", 43, 2),
        ("f-1", 44, 2),
        ("cp-1", 45, 2),
        ("cp-1/1", 46, 2),
    ]
    assert events[-1].node_path == ("depot", "gc-1", "f-1", "cp-1", "cp-1/1")
    assert len({event.breach_id for event in events}) == 5


# --- severity ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load_w", "severity"),
    [(90 * KW, Severity.MAJOR), (100 * KW, Severity.MAJOR), (100_001, Severity.CRITICAL)],
)
def test_a_breach_is_critical_over_both_capacities(load_w: int, severity: Severity) -> None:
    """Holds BREACH-2."""
    depot = WatchedDepot(grid("gc-1", 100 * KW, 80 * KW), charger("cp-1", "gc-1", 150 * KW))
    for _ in range(2):
        depot.later(HOLD_S)
        depot.hears("cp-1/1", load_w)
        events = depot.watch()

    (event,) = events
    assert event.severity is severity


@pytest.mark.parametrize("node_id", ["depot", "cp-1", "cp-1/1"])
def test_a_breach_of_a_microgrid_charge_point_or_connector_is_critical(node_id: str) -> None:
    """Holds BREACH-2."""
    depot = WatchedDepot(grid("gc-1", 1000 * KW), charger("cp-1", "gc-1", 100 * KW), max_import_w=100 * KW)
    for _ in range(2):
        depot.later(HOLD_S)
        depot.hears("cp-1/1", 120 * KW)
        events = depot.watch()

    assert {event.node_id: event.severity for event in events}[node_id] is Severity.CRITICAL


def test_a_major_breach_becomes_critical_once_under_its_id() -> None:
    """Holds BREACH-2."""
    depot = WatchedDepot(grid("gc-1", 100 * KW, 80 * KW), charger("cp-1", "gc-1", 150 * KW))

    def reports(power_w: int) -> tuple[BreachEvent, ...]:
        depot.later(HOLD_S)
        depot.hears("cp-1/1", power_w)
        return depot.watch()

    reports(90 * KW)
    (opened,) = reports(90 * KW)
    (escalated,) = reports(110 * KW)

    assert (opened.severity, escalated.severity) == (Severity.MAJOR, Severity.CRITICAL)
    assert (escalated.breach_id, escalated.first_observed_at) == (opened.breach_id, opened.first_observed_at)
    assert isinstance(escalated, ConstraintBreached)
    assert (escalated.observed_w, escalated.peak_excess_w, escalated.cycle_seq) == (110 * KW, 30 * KW, 3)
    assert [reports(power_w) for power_w in (90 * KW, 110 * KW, 120 * KW)] == [(), (), ()]
    reports(80 * KW)
    (cleared,) = reports(80 * KW)
    assert (cleared.breach_id, cleared.severity) == (opened.breach_id, Severity.CRITICAL)


# --- clearing ----------------------------------------------------------------------------------------------


def test_a_breach_clears_when_the_load_has_stayed_at_or_under_the_limit() -> None:
    """Holds BREACH-3."""
    depot = a_breached_depot()

    assert depot.metered(100 * KW, after_s=1) == ()
    assert depot.metered(100 * KW, after_s=HOLD_S - 1) == ()
    (event,) = depot.metered(99 * KW, after_s=1)

    assert isinstance(event, ConstraintCleared)
    assert (event.observed_w, event.excess_w, event.limit_w) == (99 * KW, -KW, 100 * KW)
    assert depot.metered(99 * KW, after_s=HOLD_S) == ()


def test_a_load_within_the_margin_keeps_a_breach_open() -> None:
    depot = a_breached_depot()
    assert [depot.metered(100_001, after_s=HOLD_S) for _ in range(3)] == [(), (), ()]

    depot.metered(100 * KW, after_s=1)
    depot.metered(100_001, after_s=HOLD_S - 1)
    assert depot.metered(100 * KW, after_s=1) == ()
    assert depot.metered(100 * KW, after_s=HOLD_S - 1) == ()
    assert len(depot.metered(100 * KW, after_s=1)) == 1


@pytest.mark.parametrize(("factor", "bearable_w"), [(1000, 100 * KW), (1020, 102 * KW), (1200, 103_500)])
def test_what_is_rated_bears_what_a_charger_takes_more_than_it_is_told(factor: int, bearable_w: int) -> None:
    """Holds BREACH-3: what R30 lets flow opens no breach, so it does not keep one open."""
    depot = WatchedDepot(grid("gc-1", 1000 * KW), charger("cp-1", "gc-1", 100 * KW))
    draws(depot, cp_1_1=factor)

    def reports(power_w: int) -> list[tuple[type, str]]:
        depot.later(HOLD_S)
        depot.hears("cp-1/1", power_w)
        return [(type(event), event.node_id) for event in depot.watch()]

    reports(106 * KW)
    assert reports(106 * KW) == [(ConstraintBreached, "cp-1"), (ConstraintBreached, "cp-1/1")]
    assert [reports(bearable_w + 1) for _ in range(3)] == [[], [], []]
    assert reports(bearable_w) == []
    assert reports(bearable_w) == [(ConstraintCleared, "cp-1"), (ConstraintCleared, "cp-1/1")]


def test_clearing_runs_by_when_the_load_was_measured_too() -> None:
    depot = a_breached_depot()
    depot.metered(100 * KW, after_s=1)

    depot.later(20)
    assert depot.watch() == ()
    depot.meters("gc-1", 100 * KW, age_s=20 - HOLD_S)
    event = depot.announces(ConstraintCleared)
    assert (event.observed_at, event.decided_at) == (EIGHT.replace(second=2 * HOLD_S + 1), depot.at)


def test_the_next_breach_of_a_node_has_an_id_of_its_own() -> None:
    depot = a_metered_depot()
    ids = []
    for _ in range(2):
        for power_w in (120 * KW, 120 * KW, 90 * KW, 90 * KW):
            ids += [event.breach_id for event in depot.metered(power_w, after_s=HOLD_S)]

    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_whoever_decides_gives_a_breach_the_same_id() -> None:
    ids = {a_breached_depot().memory.exceedances["gc-1"].announced for _ in range(2)}
    assert len(ids) == 1


def test_the_breach_of_a_node_that_goes_away_is_cleared_at_once() -> None:
    """Holds BREACH-5."""
    depot = a_breached_depot()
    depot.metered(110 * KW, after_s=2)
    depot.later(1)
    depot.reconfigure(grid("gc-2", 100 * KW), charger("cp-1", "gc-2", 150 * KW))

    event = depot.announces(ConstraintCleared)

    assert (event.node_id, event.node_path, event.cycle_seq) == ("gc-1", ("depot", "gc-1"), 4)
    assert (event.observed_w, event.limit_w, event.excess_w) == (110 * KW, 100 * KW, 10 * KW)
    assert (event.observed_at, event.decided_at, event.duration_s) == (None, depot.at, HOLD_S + 3)
    assert depot.memory.exceedances == {}


def test_the_breach_of_a_node_whose_limit_goes_away_is_cleared_at_once() -> None:
    """Holds BREACH-5."""
    parts = (grid("gc-1", 1000 * KW), charger("cp-1", "gc-1", 150 * KW))
    depot = WatchedDepot(*parts, max_import_w=100 * KW)
    for _ in range(2):
        depot.later(HOLD_S)
        depot.hears("cp-1/1", 120 * KW)
        depot.watch()
    depot.reconfigure(*parts, max_import_w=None)

    assert depot.announces(ConstraintCleared).node_id == "depot"
    assert depot.watch() == ()


def test_a_candidate_whose_node_goes_away_is_forgotten_without_a_word() -> None:
    depot = a_metered_depot()
    depot.metered(120 * KW)
    depot.reconfigure(grid("gc-2", 100 * KW), charger("cp-1", "gc-2", 150 * KW))

    assert depot.watch() == ()
    assert depot.memory.exceedances == {}


# --- patience with a limit that came down ------------------------------------------------------------------


def lowered(depot: WatchedDepot, capacity_w: int, safe_w: int | None = None) -> None:
    depot.reconfigure(grid("gc-1", capacity_w, safe_w, metered=True), charger("cp-1", "gc-1", 150 * KW))


@pytest.mark.parametrize("age_s", [0, 3])
def test_after_a_limit_fell_chargers_have_the_time_to_obey_and_to_be_seen_obeying(age_s: int) -> None:
    """Holds BREACH-4."""
    depot = a_metered_depot()
    depot.meters("gc-1", 90 * KW)
    depot.watch()
    depot.later(age_s)
    lowered(depot, 60 * KW)
    depot.watch()

    for _ in range(GRACE_S + HOLD_S - 1):
        depot.later(1)
        depot.meters("gc-1", 90 * KW)
        assert depot.watch() == ()
    depot.later(1)
    depot.meters("gc-1", 90 * KW)
    event = depot.announces()

    assert (event.first_observed_at, event.duration_s) == (EIGHT, GRACE_S + HOLD_S + age_s)


def test_chargers_that_come_down_in_time_leave_no_breach() -> None:
    depot = a_metered_depot()
    depot.metered(90 * KW)
    lowered(depot, 60 * KW)

    events = [depot.metered(90 * KW if second < GRACE_S else 60 * KW, after_s=1) for second in range(60)]

    assert events == [()] * 60
    assert depot.memory.exceedances == {}


def test_a_node_that_enters_safe_mode_has_the_same_patience() -> None:
    """Holds BREACH-4."""
    depot = a_metered_depot(100 * KW, safe_w=60 * KW)
    depot.metered(90 * KW)
    depot.later(31)
    depot.hears("cp-1/1", 90 * KW, age_s=4)

    assert depot.watch() == ()
    depot.later(GRACE_S + HOLD_S - 1)
    depot.hears("cp-1/1", 90 * KW)
    assert depot.watch() == ()
    depot.later(1)
    depot.hears("cp-1/1", 90 * KW)
    event = depot.announces()
    assert (event.limit_kind, event.severity) == (LimitKind.SAFE_OPERATING_CAPACITY, Severity.MAJOR)
    assert event.duration_s == GRACE_S + HOLD_S + 4


def test_entering_safe_mode_is_worth_patience_also_where_the_limit_stays() -> None:
    depot = a_metered_depot(100 * KW, safe_w=100 * KW)
    depot.metered(90 * KW)
    depot.later(31)

    for _ in range(GRACE_S + HOLD_S):
        depot.hears("cp-1/1", 120 * KW)
        assert depot.watch() == ()
        depot.later(1)
    depot.hears("cp-1/1", 120 * KW)
    assert len(depot.watch()) == 1


def test_a_limit_that_falls_again_is_given_the_time_again() -> None:
    depot = a_metered_depot()
    depot.metered(90 * KW)
    lowered(depot, 80 * KW)
    depot.metered(90 * KW)
    depot.later(10)
    lowered(depot, 60 * KW)
    depot.metered(90 * KW)

    assert [depot.metered(90 * KW, after_s=1) for _ in range(GRACE_S + HOLD_S - 1)] == [()] * (GRACE_S + HOLD_S - 1)
    assert len(depot.metered(90 * KW, after_s=1)) == 1


def test_an_empty_socket_that_has_long_been_silent_prolongs_nothing() -> None:
    depot = two_chargers()
    depot.hears("cp-1/1", 90 * KW)
    depot.hears("cp-2/1", 0, status="Available", age_s=60)
    depot.watch()
    depot.reconfigure(grid("gc-1", 60 * KW), charger("cp-1", "gc-1", 150 * KW), charger("cp-2", "gc-1", 150 * KW))
    depot.watch()

    depot.later(GRACE_S + HOLD_S)
    depot.hears("cp-1/1", 90 * KW)
    assert len(depot.watch()) == 1


def test_patience_with_a_fallen_limit_ends() -> None:
    depot = a_metered_depot()
    depot.metered(50 * KW)
    lowered(depot, 60 * KW)
    for _ in range(30):
        depot.metered(50 * KW, after_s=5)

    assert depot.memory.limits.falls == {}
    assert depot.metered(90 * KW, after_s=5) == ()
    assert len(depot.metered(90 * KW, after_s=HOLD_S)) == 1


def test_a_limit_that_rises_again_ends_patience_with_its_fall() -> None:
    depot = a_metered_depot()
    depot.metered(90 * KW)
    lowered(depot, 60 * KW)
    depot.metered(90 * KW, after_s=1)
    lowered(depot, 100 * KW)

    assert depot.metered(120 * KW, after_s=1) == ()
    assert len(depot.metered(120 * KW, after_s=HOLD_S)) == 1


def test_a_first_cycle_has_seen_no_limit_fall() -> None:
    depot = a_metered_depot()
    assert depot.metered(120 * KW) == ()
    assert depot.memory.limits.falls == {}


def test_a_new_circuit_above_chargers_that_draw_already_is_a_limit_that_fell() -> None:
    depot = WatchedDepot(grid("gc-1", 500 * KW), charger("cp-1", "gc-1", 150 * KW))
    depot.hears("cp-1/1", 120 * KW)
    depot.watch()
    depot.reconfigure(grid("gc-1", 500 * KW), feeder("f-1", "gc-1", 60 * KW), charger("cp-1", "f-1", 150 * KW))

    for _ in range(GRACE_S + HOLD_S):
        assert depot.watch() == ()
        depot.later(1)
        depot.hears("cp-1/1", 120 * KW)
    assert depot.announces().cause is Cause.LIMIT_LOWERED


def test_a_reading_older_than_the_time_to_obey_speaks_against_nobody() -> None:
    """Chargers that report once a minute: one is down already, of the other nothing newer is known."""
    depot = WatchedDepot(grid("gc-1", 200 * KW), charger("cp-1", "gc-1", 100 * KW), charger("cp-2", "gc-1", 100 * KW))
    depot.hears("cp-1/1", 100 * KW, age_s=10)
    depot.hears("cp-2/1", 100 * KW, age_s=5)
    depot.watch()
    depot.reconfigure(grid("gc-1", 100 * KW), charger("cp-1", "gc-1", 100 * KW), charger("cp-2", "gc-1", 100 * KW))
    depot.watch()

    depot.later(50)
    depot.hears("cp-1/1", 50 * KW)
    assert depot.watch() == ()
    depot.later(5)
    depot.hears("cp-2/1", 50 * KW)
    assert depot.watch() == ()
    assert depot.memory.exceedances == {}


def test_after_a_second_fall_everybody_has_the_time_again() -> None:
    depot = two_chargers(grid("gc-1", 200 * KW))

    def falls_to(capacity_w: int) -> None:
        circuit = grid("gc-1", capacity_w)
        depot.reconfigure(circuit, charger("cp-1", "gc-1", 150 * KW), charger("cp-2", "gc-1", 150 * KW))
        depot.watch()

    def reports(second: float, *connectors: str) -> tuple[BreachEvent, ...]:
        depot.later((EIGHT - depot.at).total_seconds() + second)
        for connector in connectors:
            depot.hears(connector, 100 * KW)
        return depot.watch()

    reports(0, "cp-1/1", "cp-2/1")
    falls_to(150 * KW)
    reports(10, "cp-1/1", "cp-2/1")
    falls_to(100 * KW)  # who obeys, does by second 30
    reports(29, "cp-2/1")

    assert reports(35, "cp-1/1") == ()
    assert len(reports(36, "cp-2/1")) == 1


# --- cause and contributors --------------------------------------------------------------------------------


def test_a_lowered_limit_is_the_cause_where_the_load_fits_the_former_one() -> None:
    """Holds BREACH-6."""
    depot = a_metered_depot()
    depot.metered(90 * KW)
    lowered(depot, 60 * KW)
    events: tuple[BreachEvent, ...] = ()
    while not events:
        depot.hears("cp-1/1", 80 * KW)
        events = depot.metered(100 * KW, after_s=1)

    assert (events[0].cause, events[0].contributors) == (
        Cause.LIMIT_LOWERED,
        (Contributor("cp-1", 80 * KW, 150 * KW, 80 * KW),),
    )


def test_a_lowered_limit_is_not_the_cause_where_the_load_exceeds_the_former_one_too() -> None:
    depot = a_metered_depot()
    depot.metered(90 * KW)
    lowered(depot, 60 * KW)
    events: tuple[BreachEvent, ...] = ()
    while not events:
        events = depot.metered(100_001, after_s=1)

    assert events[0].cause is not Cause.LIMIT_LOWERED


@pytest.mark.parametrize(("after_s", "is_cause"), [(GRACE_S, True), (GRACE_S + 1, False)])
def test_a_lowered_limit_is_the_cause_of_what_is_seen_shortly_after(after_s: int, is_cause: bool) -> None:
    depot = a_metered_depot()
    depot.metered(50 * KW)
    lowered(depot, 60 * KW)
    depot.watch()
    depot.metered(90 * KW, after_s=after_s)
    events: tuple[BreachEvent, ...] = ()
    while not events:
        events = depot.metered(90 * KW, after_s=1)

    assert (events[0].cause is Cause.LIMIT_LOWERED) is is_cause


def test_of_two_lowerings_shortly_after_each_other_the_first_counts_from_the_highest() -> None:
    depot = a_metered_depot()
    depot.metered(50 * KW)
    for capacity_w in (80 * KW, 60 * KW):
        depot.later(1)
        lowered(depot, capacity_w)
        depot.metered(50 * KW)
    events: tuple[BreachEvent, ...] = ()
    while not events:
        events = depot.metered(90 * KW, after_s=1)

    assert events[0].cause is Cause.LIMIT_LOWERED


def test_a_configuration_is_not_the_cause_where_the_meter_falls_silent_at_the_same_time() -> None:
    depot = a_metered_depot(100 * KW, safe_w=60 * KW)
    depot.metered(90 * KW)
    depot.later(31)
    lowered(depot, 80 * KW, safe_w=60 * KW)
    events: tuple[BreachEvent, ...] = ()
    while not events:
        depot.hears("cp-1/1", 90 * KW)
        events = depot.watch()
        depot.later(1)

    assert events[0].cause is Cause.STALE_TELEMETRY


def test_safe_mode_is_no_configuration_that_lowered_the_limit() -> None:
    depot = a_metered_depot(100 * KW, safe_w=60 * KW)
    depot.metered(90 * KW)
    depot.later(31)
    events: tuple[BreachEvent, ...] = ()
    while not events:
        depot.later(1)
        depot.hears("cp-1/1", 90 * KW)
        events = depot.watch()

    assert (events[0].cause, events[0].contributors) == (
        Cause.STALE_TELEMETRY,
        (Contributor("gc-1", 90 * KW, 60 * KW, 90 * KW),),
    )


def test_connectors_that_draw_more_than_they_were_told_are_the_cause() -> None:
    """Holds BREACH-6."""
    depot = two_chargers()
    depot.told = {"cp-1/1": 50 * KW, "cp-2/1": 50 * KW}

    event = breach_of(depot, "gc-1", ("cp-1/1", 90 * KW), ("cp-2/1", 50_200))

    assert event.cause is Cause.SETPOINT_NOT_HONOURED
    assert event.contributors == (Contributor("cp-1/1", 90 * KW, 50 * KW, 90 * KW),)


@pytest.mark.parametrize(
    ("capacity_w", "told_w", "drawn_w", "honoured"),
    [
        (61 * KW, 60 * KW, 63 * KW, True),
        (61 * KW, 60 * KW, 63_001, False),
        (6_000, 6 * KW, 6_501, False),
    ],
)
def test_a_setpoint_is_honoured_within_500_w_or_five_percent(
    capacity_w: int, told_w: int, drawn_w: int, honoured: bool
) -> None:
    depot = WatchedDepot(grid("gc-1", capacity_w), charger("cp-1", "gc-1", 150 * KW))
    depot.told = {"cp-1/1": told_w}
    event = breach_of(depot, "gc-1", ("cp-1/1", drawn_w))

    assert event.cause is (Cause.UNKNOWN if honoured else Cause.SETPOINT_NOT_HONOURED)


def test_many_connectors_within_500_w_honour_their_setpoints_all_the_same() -> None:
    depot = two_chargers(grid("gc-1", 12_200))
    depot.told = {"cp-1/1": 6 * KW, "cp-2/1": 6 * KW}

    assert breach_of(depot, "gc-1", ("cp-1/1", 6_400), ("cp-2/1", 6_400)).cause is Cause.UNKNOWN


def test_a_connector_that_draws_too_much_is_not_the_cause_of_more_than_that() -> None:
    depot = WatchedDepot(grid("gc-1", 100 * KW), *(charger(f"cp-{each}", "gc-1", 150 * KW) for each in (1, 2, 3)))
    depot.told = {"cp-1/1": 50 * KW, "cp-2/1": 90 * KW}

    event = breach_of(depot, "gc-1", ("cp-1/1", 60 * KW), ("cp-2/1", 90 * KW), ("cp-3/1", 0))

    assert event.excess_w == 50 * KW
    assert event.cause is Cause.UNKNOWN
    assert event.contributors == (
        Contributor("cp-2", 90 * KW, 150 * KW, 90 * KW),
        Contributor("cp-1", 60 * KW, 150 * KW, 60 * KW),
    )


@pytest.mark.parametrize(("managed_w", "cause"), [(100 * KW, Cause.UNMANAGED_LOAD), (101 * KW, Cause.UNKNOWN)])
def test_background_is_the_cause_where_the_rest_would_fit(managed_w: int, cause: Cause) -> None:
    """Holds BREACH-6."""
    depot = two_chargers(grid("gc-1", 100 * KW, metered=True))

    event = breach_of(depot, "gc-1", ("cp-1/1", 60 * KW), ("cp-2/1", managed_w - 60 * KW), ("gc-1", 130 * KW))

    assert event.cause is cause
    if cause is Cause.UNMANAGED_LOAD:
        assert event.contributors == (Contributor("gc-1", 30 * KW, None, None),)


def test_background_further_below_is_named_where_it_is() -> None:
    depot = two_chargers(grid("gc-1", 100 * KW), feeder("building", "gc-1", None, metered=True))

    event = breach_of(depot, "gc-1", ("cp-1/1", 40 * KW), ("cp-2/1", 40 * KW), ("building", 30 * KW))

    assert event.cause is Cause.UNMANAGED_LOAD
    assert event.contributors == (Contributor("building", 30 * KW, None, None),)


def test_silence_is_the_cause_where_something_is_not_seen() -> None:
    """Holds BREACH-6."""
    depot = WatchedDepot(
        grid("gc-1", 100 * KW), charger("cp-1", "gc-1", 150 * KW, 150 * KW), charger("cp-2", "gc-1", 150 * KW)
    )
    depot.told = {"cp-1/2": 70 * KW}

    event = breach_of(depot, "gc-1", ("cp-1/1", 80 * KW), ("cp-2/1", 70 * KW))

    assert event.cause is Cause.STALE_TELEMETRY
    assert event.contributors == (Contributor("cp-1/2", 0, 70 * KW, 70 * KW),)


def test_a_reading_that_is_stale_is_no_proof_of_disobedience() -> None:
    depot = WatchedDepot(grid("gc-1", 100 * KW), charger("cp-1", "gc-1", 150 * KW))
    depot.told = {"cp-1/1": 50 * KW}
    depot.hears("cp-1/1", 120 * KW)
    depot.later(100)
    depot.watch()
    depot.later(HOLD_S)

    event = depot.announces()
    assert (event.cause, event.contributors) == (
        Cause.STALE_TELEMETRY,
        (Contributor("cp-1/1", 120 * KW, 50 * KW, 120 * KW),),
    )


def test_a_connector_over_its_rating_accounts_for_itself() -> None:
    depot = WatchedDepot(grid("gc-1", 500 * KW), charger("cp-1", "gc-1", 100 * KW, max_power_w=300 * KW))

    event = breach_of(depot, "cp-1/1", ("cp-1/1", 120 * KW))

    assert event.severity is Severity.CRITICAL
    assert event.cause is Cause.SETPOINT_NOT_HONOURED
    assert event.contributors == (Contributor("cp-1/1", 120 * KW, 100 * KW, 120 * KW),)


# --- figures -----------------------------------------------------------------------------------------------


def test_a_breach_knows_its_peak_its_length_and_the_energy_over_the_limit() -> None:
    """Holds BREACH-7."""
    depot = a_metered_depot()
    depot.metered(136 * KW)  # 36 kW for 10 s are 100 Wh
    (opened,) = depot.metered(172 * KW, after_s=10)  # 72 kW for 10 s are 200 Wh
    depot.metered(95 * KW, after_s=10)
    (cleared,) = depot.metered(90 * KW, after_s=10.5)

    assert (opened.peak_excess_w, opened.duration_s, opened.energy_over_limit_wh) == (72 * KW, 10, 100)
    assert (cleared.peak_excess_w, cleared.duration_s, cleared.energy_over_limit_wh) == (72 * KW, 30, 300)
    assert (cleared.first_observed_at, cleared.observed_at) == (EIGHT, depot.at)
    assert (cleared.cause, cleared.contributors) == (opened.cause, opened.contributors)


def test_time_does_not_run_backwards_when_a_newer_meter_falls_silent() -> None:
    depot = WatchedDepot(grid("gc-1", 100 * KW, 100 * KW, metered=True), charger("cp-1", "gc-1", 150 * KW))
    depot.metered(120 * KW)
    depot.metered(120 * KW, after_s=HOLD_S)
    depot.hears("cp-1/1", 120 * KW, age_s=4)
    depot.later(31)
    depot.watch()

    known = depot.memory.exceedances["gc-1"]
    assert known.observed_at == EIGHT.replace(second=HOLD_S)


# --- after a take-over -------------------------------------------------------------------------------------


def test_nothing_opens_on_what_is_not_heard_yet() -> None:
    depot = two_chargers()
    depot.unheard = frozenset({"cp-2/1"})
    for _ in range(3):
        depot.later(HOLD_S)
        depot.hears("cp-1/1", 120 * KW)
        assert depot.watch() == ()

    depot.unheard = frozenset()
    depot.watch()
    depot.later(HOLD_S)
    depot.hears("cp-1/1", 120 * KW)
    assert len(depot.watch()) == 1


def test_nothing_opens_on_a_meter_that_is_not_heard_yet() -> None:
    depot = a_metered_depot(100 * KW, safe_w=100 * KW)
    depot.unheard = frozenset({"gc-1"})
    for _ in range(3):
        depot.later(HOLD_S)
        depot.hears("cp-1/1", 120 * KW)
        assert depot.watch() == ()


def test_nothing_clears_on_what_is_not_heard_yet() -> None:
    depot = a_breached_depot()
    known = depot.memory.exceedances
    depot.readings.meters.clear()
    depot.unheard = frozenset({"gc-1", "cp-1/1"})

    for _ in range(3):
        depot.later(HOLD_S)
        assert depot.watch() == ()
    assert depot.memory.exceedances == known

    depot.unheard = frozenset({"cp-1/1"})
    depot.metered(90 * KW)
    assert len(depot.metered(90 * KW, after_s=HOLD_S)) == 1


# --- the instant view --------------------------------------------------------------------------------------


def test_what_is_over_at_one_instant_has_no_margin_and_no_hold() -> None:
    depot = a_metered_depot()
    depot.meters("gc-1", 100_001)

    (load,) = over_limit(observe(depot.situation()))
    assert (load.node_id, load.excess_w) == ("gc-1", 1)
    depot.meters("gc-1", 100 * KW)
    assert over_limit(observe(depot.situation())) == ()
