"""What happened, as the log tells it (HTTP-17): what begins and what ends, with how long it lasted."""

from dataclasses import replace
from datetime import timedelta

from application.queries.log import HappeningCode, LogEntry, LogQuery
from tests.builders import EIGHT
from tests.fakes.persistence import InMemoryReadModel
from tests.unit.application.queries.test_state import KW, Watched, a_depot, all_speak


async def told(watched: Watched) -> list[LogEntry]:
    """Oldest first."""
    read_model = InMemoryReadModel(watched.database)
    query = LogQuery(EIGHT - timedelta(days=1), EIGHT + timedelta(days=1))
    return list(reversed(await read_model.log("depot", query, 1000)))


async def codes(watched: Watched) -> list[tuple[HappeningCode, str]]:
    return [(each.code, each.node_id) for each in await told(watched)]


async def limited(watched: Watched, capacity_w: int, cycles: int) -> None:
    """A minute later the connection bears so much, and nobody draws for so many cycles."""
    watched.depot.later(60)
    grid, *below = watched.depot.configuration.circuits
    await watched.configure(circuits=(replace(grid, default_capacity_w=capacity_w), *below))
    for _ in range(cycles):
        watched.depot.later(5)
        all_speak(watched, draw_w=0)
        await watched.decide()


async def test_a_configuration_is_told_with_what_it_changed_and_the_limit_that_fell() -> None:
    watched = await a_depot()
    all_speak(watched)
    await watched.decide()
    circuits = watched.depot.configuration.circuits
    await watched.configure(circuits=(replace(circuits[0], default_capacity_w=300 * KW), circuits[1]))
    await watched.later(1)

    first, second, limit = await told(watched)
    assert (first.code, first.sentence) == (HappeningCode.CONFIGURATION_APPLIED, "Configuration 2 is in force")
    assert second.sentence == "Configuration 3 is in force: default capacity of gc-1 500 kW to 300 kW"
    assert (limit.code, limit.node_id, limit.before_w, limit.now_w) == (
        HappeningCode.LIMIT_CHANGED,
        "gc-1",
        500 * KW,
        300 * KW,
    )
    assert limit.sentence == "The limit of gc-1 is 300 kW, 500 kW before"


async def test_chargers_that_fall_silent_and_come_back_are_told_with_how_long_they_were() -> None:
    watched = await a_depot()
    all_speak(watched)
    await watched.decide()
    for seconds, speaking in ((91, "cp-1/1"), (20, "cp-2/1")):
        watched.depot.later(seconds)
        watched.depot.hears("cp-1/1", 40 * KW, applied_limit_w=40 * KW)
        watched.depot.hears(speaking, 40 * KW, applied_limit_w=40 * KW)
        watched.depot.meters("gc-1", 100 * KW)
        await watched.decide()

    *_, silent, back = [each for each in await told(watched) if each.node_id == "cp-2"]
    assert (silent.code, silent.duration_s) == (HappeningCode.CHARGER_SILENT, None)
    assert (back.code, back.duration_s, back.sentence) == (HappeningCode.CHARGER_BACK, 20, "cp-2 is heard again")


async def test_a_breach_is_told_as_it_opens_and_clears() -> None:
    watched = await a_depot(limit_w=110 * KW)
    for building_w in (60, 60, 60, 10, 10, 10):
        watched.depot.later(6)
        all_speak(watched, building_w=building_w * KW)
        await watched.decide()

    breaches = [each for each in await told(watched) if each.code.startswith("breach")]
    assert [each.code for each in breaches] == [HappeningCode.BREACH_OPENED, HappeningCode.BREACH_CLEARED]
    assert breaches[0].sentence == "gc-1 is 30 kW over its limit of 110 kW since 16:00:06"
    assert breaches[1].duration_s is not None


async def test_safe_mode_is_told_once_and_not_as_a_limit_that_changed() -> None:
    watched = await a_depot()
    all_speak(watched, draw_w=10 * KW)
    await watched.decide()
    for _ in range(2):
        watched.depot.later(31)
        for connector in ("cp-1/1", "cp-2/1"):
            watched.depot.hears(connector, 10 * KW, applied_limit_w=10 * KW)
        await watched.decide()

    assert (await codes(watched))[1:] == [(HappeningCode.SAFE_MODE_ENTERED, "gc-1")]


async def test_stopped_vehicles_are_told_and_that_they_go_on_again() -> None:
    watched = await a_depot(minimum_w=10 * KW)
    all_speak(watched)
    await watched.decide()
    for capacity_w in (25 * KW, 500 * KW):
        await limited(watched, capacity_w, cycles=3)

    stops = [each for each in await told(watched) if each.code.startswith("vehicle")]
    assert [(each.code, each.node_id) for each in stops] == [
        *((HappeningCode.VEHICLE_STOPPED, f"cp-{n}/1") for n in (1, 2)),
        *((HappeningCode.VEHICLE_ON_AGAIN, f"cp-{n}/1") for n in (1, 2)),
    ]
    assert stops[0].sentence == "cp-1/1 is stopped: no room at gc-1"
    assert all(each.duration_s for each in stops[2:])


async def test_who_waits_for_a_turn_after_all_were_stopped_is_stopped_until_it_comes() -> None:
    watched = await a_depot(minimum_w=10 * KW)
    all_speak(watched)
    await watched.decide()
    stopped = list[set[str]]()
    for capacity_w in (25 * KW, 35 * KW):
        await limited(watched, capacity_w, cycles=12)
        stopped.append({node_id for node_id, limit_w in watched.depot.limits().items() if limit_w == 0})

    assert [len(each) for each in stopped] == [2, 1]
    again = [each.node_id for each in await told(watched) if each.code is HappeningCode.VEHICLE_ON_AGAIN]
    assert {*again} == stopped[0] - stopped[1]
    assert len(again) == 1


async def test_events_that_are_projected_again_tell_nothing_twice() -> None:
    watched = await a_depot()
    all_speak(watched)
    await watched.decide()
    before = await told(watched)
    await watched.again()
    assert await told(watched) == before
