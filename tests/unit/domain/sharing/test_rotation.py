"""Who goes first: by what was served, with ranks that last."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from domain.knowledge.readings import ConnectorReading, KeptReading, Readings, Session
from domain.knowledge.situation import Situation, Snapshot, assess
from domain.sharing import rotation, strategy, targets
from domain.sharing.rotation import NO_ROTATION, Rotation, ServiceRecord
from domain.site.configuration import (
    ChargePoint,
    Circuit,
    Connector,
    Order,
    Settings,
    SiteConfiguration,
    Strategy,
    Unit,
)
from domain.site.power import NO_LIMIT
from domain.site.site import Site

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
QUANTUM_S = 900
STALE_AFTER_S = 90
RATING_W = 150_000


def seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


def a_site(connectors: int, minimum_w: int = 0, order: Order = Order.EQUAL_SHARE) -> Site:
    """Charge points cp-1, cp-2, … of one connector each."""
    charge_points = tuple(
        ChargePoint(f"cp-{number}", "gc-1", RATING_W, (Connector(1, RATING_W, minimum_w),))
        for number in range(1, connectors + 1)
    )
    circuits = (Circuit("gc-1", None, "Grid connection", 4_000_000),)
    return Site.of(SiteConfiguration("depot", "Depot", 1, circuits=circuits, charge_points=charge_points))


def heard(
    sessions: Iterable[Session | None], at: datetime, power_w: int | None = 30_000, status: str = "Charging"
) -> Readings:
    """Fresh readings of cp-1, cp-2, … in this order."""
    readings = Readings()
    for number, session in enumerate(sessions, start=1):
        reading = ConnectorReading(1, status, power_w, session=session)
        hear(readings, number, reading, at)
    return readings


def hear(readings: Readings, number: int, reading: ConnectorReading, at: datetime) -> None:
    readings.connectors[f"cp-{number}", 1] = KeptReading(reading, at, at, 0, None)
    readings.heard_at[f"cp-{number}"] = at


def named(*identifiers: str) -> list[Session]:
    return [Session(identifier) for identifier in identifiers]


def situation(
    site: Site, readings: Readings, at: datetime, order: Order = Order.EQUAL_SHARE, quantum_s: int = QUANTUM_S
) -> Situation:
    settings = Settings(rotation_quantum_s=quantum_s, connector_stale_after_s=STALE_AFTER_S)
    strategy_in_force = Strategy(order=order.value)
    configuration = replace(site.configuration, settings=settings, strategy=strategy_in_force)
    return assess(Snapshot(Site.of(configuration), readings, at))


def rank(
    site: Site,
    readings: Readings,
    at: datetime,
    memory: Rotation,
    order: Order = Order.EQUAL_SHARE,
) -> tuple[list[str], Rotation]:
    """The charge points by rank, and the memory after it."""
    ranking, after = rotation.rank(situation(site, readings, at, order), memory)
    return [site.tree.connectors[index].charge_point_id for index in ranking.order], after


def served(site: Site, readings: Readings, at: datetime, memory: Rotation, targets_w: Iterable[int]) -> Rotation:
    return rotation.served(memory, situation(site, readings, at), list(targets_w))


def records(**each: ServiceRecord) -> Rotation:
    """Records of cp_1, cp_2, …"""
    return Rotation({f"{name.replace('_', '-')}/1": record for name, record in each.items()})


# --- What is served -----------------------------------------------------------------------------------------------


def test_served_energy_is_the_power_of_a_reading_times_the_time_to_the_next() -> None:
    """A cycle between two readings counts nothing, a power that is not known neither (EVT-11)."""
    site, memory = a_site(1), NO_ROTATION
    served_ws = []
    for cycle, read, power_w in ((0, 0, 30_000), (5, 0, 30_000), (12, 10, 60_000), (15, 14, None), (80, 70, 10_000)):
        readings = heard(named("s-1"), EIGHT + seconds(read), power_w)
        memory = served(site, readings, EIGHT + seconds(cycle), memory, [50_000])
        served_ws.append(memory.records["cp-1/1"].served_w_us // 1_000_000)
    assert served_ws == [0, 0, 300_000, 540_000, 540_000]


@pytest.mark.parametrize(("power_w", "served_wh"), [(3_600, 1), (3_599, 0), (7_199, 1)])
def test_served_energy_is_rounded_down_to_whole_watt_hours(power_w: int, served_wh: int) -> None:
    site, memory = a_site(1), NO_ROTATION
    for millisecond in (0, 999_999, 1_000_000):
        at = EIGHT + timedelta(microseconds=millisecond)
        memory = served(site, heard(named("s-1"), at, power_w), at, memory, [50_000])
    assert memory.records["cp-1/1"].served_wh == served_wh


def test_a_new_session_begins_at_nothing() -> None:
    site, at = a_site(1), EIGHT + seconds(5)
    memory = records(cp_1=ServiceRecord("s-1", 10**9, EIGHT))
    memory = served(site, heard(named("s-2"), at), at, memory, [50_000])
    assert memory.records["cp-1/1"] == ServiceRecord("s-2", 0, at, at, 30_000)


def test_where_sessions_have_no_id_an_empty_socket_ends_one() -> None:
    site, at = a_site(1), EIGHT + seconds(5)
    memory = records(cp_1=ServiceRecord(None, 10**9, EIGHT, EIGHT, 30_000))
    assert served(site, heard([None], at), at, memory, [50_000]).records["cp-1/1"].served_w_us > 10**9
    assert served(site, heard([None], at, status="Available"), at, memory, [0]).records == {}


def test_a_suspended_session_goes_on_where_it_was() -> None:
    site, at = a_site(1), EIGHT + seconds(5)
    memory = records(cp_1=ServiceRecord("s-1", 10**9, EIGHT, EIGHT))
    memory = served(site, heard(named("s-1"), at, 0, "Finishing"), at, memory, [0])
    assert memory.records["cp-1/1"] == ServiceRecord("s-1", 10**9, None, at)


@pytest.mark.parametrize(("gap_s", "served_ws"), [(STALE_AFTER_S, STALE_AFTER_S * 30_000), (STALE_AFTER_S + 1, 0)])
def test_a_gap_after_which_a_reading_is_stale_counts_nothing(gap_s: int, served_ws: int) -> None:
    """Holds EVT-11."""
    site, at = a_site(1), EIGHT + seconds(gap_s)
    memory = records(cp_1=ServiceRecord("s-1", 0, EIGHT, EIGHT, 30_000))
    memory = served(site, heard(named("s-1"), at), at, memory, [50_000])
    assert memory.records["cp-1/1"].served_w_us == served_ws * 1_000_000


def test_a_connector_is_on_since_its_target_came_above_nothing() -> None:
    site, memory = a_site(1), NO_ROTATION
    since = []
    for second, target_w in ((0, 0), (5, 50_000), (10, 40_000), (15, 0), (20, 50_000)):
        at = EIGHT + seconds(second)
        memory = served(site, heard(named("s-1"), at), at, memory, [target_w])
        since.append(memory.records["cp-1/1"].on_since)
    assert since == [None, EIGHT + seconds(5), EIGHT + seconds(5), None, EIGHT + seconds(20)]


def test_who_cannot_be_seen_stays_on() -> None:
    site, at = a_site(2), EIGHT + seconds(300)
    memory = records(cp_1=ServiceRecord("s-1", 5, EIGHT), cp_2=ServiceRecord("s-2", 5, EIGHT))
    stale = heard(named("s-1"), EIGHT)
    after = served(site, stale, at, memory, [0, 0])
    assert [after.records[each].on_since for each in ("cp-1/1", "cp-2/1")] == [EIGHT, EIGHT]


def test_an_idle_connector_is_not_on_whatever_its_idle_power() -> None:
    site, at = a_site(1), EIGHT + seconds(5)
    memory = records(cp_1=ServiceRecord("s-1", 5, EIGHT))
    after = served(site, heard(named("s-1"), at, 0, "Finishing"), at, memory, [2_000])
    assert after.records["cp-1/1"].on_since is None


# --- Ranks by what was served -------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(Order))
def test_on_a_first_cycle_the_ranks_are_those_of_the_strategy_alone(order: Order) -> None:
    """Holds FILL-11."""
    site = a_site(4)
    sessions = [Session(f"s-{number}", EIGHT - seconds(number), EIGHT + seconds(7 * number % 5)) for number in range(4)]
    readings = heard(sessions, EIGHT)
    first = situation(site, readings, EIGHT, order)
    expected = strategy.rank(order, [line.known for line in first.lines], [RATING_W] * 4, EIGHT)
    assert rotation.rank(first, NO_ROTATION)[0] == expected


def test_who_is_on_goes_first_for_a_rotation_quantum_however_much_it_was_served() -> None:
    """Holds FILL-11."""
    site, readings = a_site(3), heard(named("s-1", "s-2", "s-3"), EIGHT)
    memory = records(
        cp_1=ServiceRecord("s-1", 10), cp_2=ServiceRecord("s-2", 500, EIGHT), cp_3=ServiceRecord("s-3", 400, EIGHT)
    )
    assert rank(site, readings, EIGHT + seconds(QUANTUM_S - 1), memory)[0] == ["cp-3", "cp-2", "cp-1"]


def test_after_its_quantum_who_was_served_least_goes_first_on_or_off() -> None:
    """Holds FILL-11."""
    site, readings = a_site(3), heard(named("s-1", "s-2", "s-3"), EIGHT)
    memory = records(
        cp_1=ServiceRecord("s-1", 450), cp_2=ServiceRecord("s-2", 500, EIGHT), cp_3=ServiceRecord("s-3", 400, EIGHT)
    )
    assert rank(site, readings, EIGHT + seconds(QUANTUM_S), memory)[0] == ["cp-3", "cp-1", "cp-2"]


def test_who_was_served_alike_goes_by_natural_id_order() -> None:
    """Holds FILL-11."""
    site = a_site(12)
    names = [f"s-{number}" for number in range(1, 13)]
    memory = records(**{f"cp_{number}": ServiceRecord(f"s-{number}", 7) for number in range(1, 13)})
    assert rank(site, heard(named(*names), EIGHT), EIGHT, memory)[0] == [f"cp-{number}" for number in range(1, 13)]


def test_a_new_session_counts_as_served_nothing_before_the_cycle_that_notes_it() -> None:
    site, readings = a_site(2), heard(named("s-1", "s-9"), EIGHT)
    memory = records(cp_1=ServiceRecord("s-1", 5), cp_2=ServiceRecord("s-2", 500))
    assert rank(site, readings, EIGHT, memory)[0] == ["cp-2", "cp-1"]


def test_a_better_priority_goes_before_whoever_was_served_less() -> None:
    site = a_site(3)
    sessions = [Session("s-1", priority=2), Session("s-2", priority=1), Session("s-3", priority=1)]
    memory = records(
        cp_1=ServiceRecord("s-1", 0, EIGHT), cp_2=ServiceRecord("s-2", 900), cp_3=ServiceRecord("s-3", 800)
    )
    assert rank(site, heard(sessions, EIGHT), EIGHT, memory, Order.PRIORITY)[0] == ["cp-3", "cp-2", "cp-1"]


# --- Ranks of greedy orders ---------------------------------------------------------------------------------------


def in_need(needs_wh: Mapping[str, int], departs_in_s: int = 7200) -> list[Session]:
    return [
        Session(identifier, EIGHT, EIGHT + seconds(departs_in_s), needed_wh)
        for identifier, needed_wh in needs_wh.items()
    ]


def ranked_by_laxity() -> tuple[Site, Rotation]:
    """cp-2 is in more of a hurry than cp-1, and cp-3 has no demand."""
    site = a_site(3)
    readings = heard([*in_need({"s-1": 50_000, "s-2": 60_000})], EIGHT)
    hear(readings, 3, ConnectorReading(1, "Available", 0), EIGHT)
    order, memory = rank(site, readings, EIGHT, NO_ROTATION, Order.LEAST_LAXITY)
    assert order == ["cp-2", "cp-1", "cp-3"]
    return site, memory


def later(at: datetime, **changes: Any) -> Readings:
    """cp-2 needs next to nothing any more; `changes` are to its session."""
    first, second = in_need({"s-1": 50_000, "s-2": 10})
    readings = heard([first, replace(second, **changes)], at)
    hear(readings, 3, ConnectorReading(1, "Available", 0), at)
    return readings


def test_energy_needed_alone_never_reorders_inside_the_quantum() -> None:
    """Holds FILL-12."""
    site, memory = ranked_by_laxity()
    at = EIGHT + seconds(QUANTUM_S - 1)
    order, after = rank(site, later(at), at, memory, Order.LEAST_LAXITY)
    assert order == ["cp-2", "cp-1", "cp-3"]
    assert after == memory


def test_after_a_rotation_quantum_a_greedy_order_ranks_anew() -> None:
    """Holds FILL-12."""
    site, memory = ranked_by_laxity()
    at = EIGHT + seconds(QUANTUM_S)
    order, after = rank(site, later(at), at, memory, Order.LEAST_LAXITY)
    assert order == ["cp-1", "cp-2", "cp-3"]
    assert after.kept is not None
    assert after.kept.ranked_at == at


def a_departure_changes(at: datetime) -> Readings:
    return later(at, departs_at=EIGHT + seconds(7100))


def a_priority_changes(at: datetime) -> Readings:
    return later(at, priority=3)


def a_session_follows_another(at: datetime) -> Readings:
    return later(at, session_id="s-9")


def a_session_is_done(at: datetime) -> Readings:
    """R33b."""
    return later(at, energy_needed_wh=0)


def a_connector_gains_demand(at: datetime) -> Readings:
    readings = later(at)
    hear(readings, 3, ConnectorReading(1, "Preparing", 0), at)
    return readings


def a_connector_loses_demand(at: datetime) -> Readings:
    readings = later(at)
    session = in_need({"s-2": 10})[0]
    hear(readings, 2, ConnectorReading(1, "Charging", 0, requested_w=0, session=session), at)
    return readings


@pytest.mark.parametrize(
    "change",
    [
        a_departure_changes,
        a_priority_changes,
        a_session_follows_another,
        a_session_is_done,
        a_connector_gains_demand,
        a_connector_loses_demand,
    ],
)
def test_a_greedy_order_ranks_anew_at_once_when(change: Callable[[datetime], Readings]) -> None:
    """Holds FILL-12."""
    site, memory = ranked_by_laxity()
    at = EIGHT + seconds(10)
    assert rank(site, change(at), at, memory, Order.LEAST_LAXITY)[0] == ["cp-1", "cp-2", "cp-3"]


def test_a_greedy_order_ranks_anew_when_a_session_needs_something_after_all() -> None:
    """R33b."""
    site = a_site(2)
    done, needs = (
        heard(in_need({"s-1": 50_000, "s-2": 0}), EIGHT),
        heard(in_need({"s-1": 50_000, "s-2": 60_000}), EIGHT),
    )
    order, memory = rank(site, done, EIGHT, NO_ROTATION, Order.LEAST_LAXITY)
    assert order == ["cp-1", "cp-2"]
    assert rank(site, needs, EIGHT, memory, Order.LEAST_LAXITY)[0] == ["cp-2", "cp-1"]


def test_silence_is_no_loss_of_demand() -> None:
    site, memory = ranked_by_laxity()
    at = EIGHT + seconds(300)
    readings = later(at)
    hear(readings, 1, ConnectorReading(1, "Charging", 30_000, session=in_need({"s-1": 50_000})[0]), EIGHT)
    assert rank(site, readings, at, memory, Order.LEAST_LAXITY)[0] == ["cp-2", "cp-1", "cp-3"]


def test_who_is_not_heard_yet_after_a_take_over_keeps_its_rank() -> None:
    site, memory = ranked_by_laxity()
    at = EIGHT + seconds(10)
    readings = Readings(listening_since=at)
    assert rank(site, readings, at, memory, Order.LEAST_LAXITY) == (["cp-2", "cp-1", "cp-3"], memory)
    hear(readings, 2, later(at).connectors["cp-2", 1].reading, at)
    assert rank(site, readings, at, memory, Order.LEAST_LAXITY) == (["cp-2", "cp-1", "cp-3"], memory)


def test_another_order_ranks_at_once_by_its_own_rule() -> None:
    site, memory = ranked_by_laxity()
    readings = later(EIGHT, started_at=EIGHT + seconds(60))
    assert rank(site, readings, EIGHT, memory, Order.FIRST_COME)[0] == ["cp-1", "cp-2", "cp-3"]
    assert rank(site, readings, EIGHT, memory, Order.EQUAL_SHARE)[1].kept is None


def test_an_empty_connector_that_a_configuration_adds_goes_last_and_disturbs_nobody() -> None:
    _, memory = ranked_by_laxity()
    at = EIGHT + seconds(10)
    readings = later(at)
    hear(readings, 4, ConnectorReading(1, "Available", 0), at)
    assert rank(a_site(4), readings, at, memory, Order.LEAST_LAXITY)[0] == ["cp-2", "cp-1", "cp-3", "cp-4"]


# --- A day with too little for everybody --------------------------------------------------------------------------

MINIMUM_W = 30_000
CYCLE_S = 30
DAY_S = 24 * 3600


def a_day(capacity_w: Callable[[int], int], quantum_s: int = QUANTUM_S) -> tuple[list[int], int]:
    """20 connectors that want all they can get: what each was served (Ws), and how often one went on or off.

    Chargers do one cycle later what was decided.
    """
    site = a_site(20, MINIMUM_W)
    memory = NO_ROTATION
    sessions = named(*(f"s-{number}" for number in range(1, 21)))
    targets_w, served_ws, switches = [0] * 20, [0] * 20, 0
    for second in range(0, DAY_S, CYCLE_S):
        at = EIGHT + seconds(second)
        readings = Readings()
        for number, (session, power_w) in enumerate(zip(sessions, targets_w, strict=True), start=1):
            hear(readings, number, ConnectorReading(1, "Charging", power_w, session=session), at)
        known = situation(site, readings, at, quantum_s=quantum_s)
        ranking, memory = rotation.rank(known, memory)
        decided = targets.decide(
            site.tree,
            ranking,
            Unit.CONNECTOR,
            capacities_w=[NO_LIMIT, capacity_w(second), *[RATING_W] * 20],
            demands_w=[RATING_W] * 20,
            minimums_w=[MINIMUM_W] * 20,
        ).targets_w
        memory = rotation.served(memory, known, decided)
        switches += sum((now > 0) != (before > 0) for now, before in zip(decided, targets_w, strict=True))
        targets_w = decided
        served_ws = [total + power_w * CYCLE_S for total, power_w in zip(served_ws, targets_w, strict=True)]
    return served_ws, switches


def forced_switches(capacity_w: Callable[[int], int]) -> int:
    """What capacity changes and the rotation quantum force: every connector that is on makes way once a quantum."""
    on = [capacity_w(second) // MINIMUM_W for second in range(0, DAY_S, CYCLE_S)]
    by_capacity = on[0] + sum(abs(after - before) for before, after in pairwise(on))
    return by_capacity + 2 * sum(on) * CYCLE_S // QUANTUM_S


def always_room_for_six(second: int) -> int:
    return 200_000


def room_for_four_every_other_hour(second: int) -> int:
    return 200_000 if second // 3600 % 2 == 0 else 130_000


def room_that_comes_and_goes(second: int) -> int:
    """Between four and seven, every seven minutes another."""
    return 125_000 + 30_000 * (second // 420 * 7 % 4)


@pytest.mark.parametrize("capacity_w", [always_room_for_six, room_for_four_every_other_hour, room_that_comes_and_goes])
def test_over_a_day_all_are_served_alike_with_no_more_switching_than_that_takes(
    capacity_w: Callable[[int], int],
) -> None:
    served_ws, switches = a_day(capacity_w)
    assert max(served_ws) - min(served_ws) <= max(served_ws) * 5 // 100
    assert switches <= forced_switches(capacity_w) * 110 // 100
