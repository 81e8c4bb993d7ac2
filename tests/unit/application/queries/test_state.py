"""How a microgrid is, in one code and one sentence (HTTP-16): each as its events bring it about, and their order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from application.queries.microgrids import microgrids
from application.queries.rows import StatusRow
from application.queries.state import State, StateCode
from application.queries.status import state_of
from application.queries.tree import NodeState, tree_of
from domain.events import DomainEvent, Trigger
from domain.microgrid import Microgrid
from domain.site.configuration import Settings, SiteConfiguration
from tests.builders import a_configuration, a_cycle_completed
from tests.fakes.persistence import InMemoryDatabase, InMemoryReadModel, InMemoryReadModelTransactions
from tests.unit.application.read_side import project
from tests.unit.domain.depot import EIGHT, Depot, charger, feeder, grid

KW = 1000


class Watched:
    """A depot whose events are projected as they come."""

    def __init__(self, depot: Depot) -> None:
        self.depot = depot
        self.database = InMemoryDatabase()
        self._events: list[DomainEvent] = []
        self._configuration = replace(depot.configuration, time_zone="Australia/Perth", name="Malaga")

    @property
    def at(self) -> datetime:
        return self.depot.at

    async def configure(self, **changes: object) -> None:
        """Apply a configuration, in a later version where there is one already."""
        version = self._configuration.version + 1
        await self._offer(replace(self._configuration, version=version, **changes))  # type: ignore[arg-type]

    async def _offer(self, configuration: SiteConfiguration) -> None:
        self._configuration = configuration
        change = self.depot.microgrid.configure(configuration, self.at)
        self.depot.microgrid = change.microgrid
        await self._take_in(change.events)

    async def retire(self) -> None:
        """Close it."""
        change = self.depot.microgrid.retire(self.at)
        self.depot.microgrid = change.microgrid
        await self._take_in(change.events)

    async def decide(self) -> State:
        """One published cycle; returns how the microgrid is after it."""
        change = self.depot.microgrid.run_cycle(self.depot.readings, Trigger.MANUAL, self.at)
        self.depot.microgrid = change.microgrid
        await self._take_in(change.events)
        return await self.state()

    async def later(self, seconds: float) -> State:
        """Time passes, and is decided on."""
        self.depot.later(seconds)
        return await self.decide()

    async def state(self, after_s: float = 0) -> State:
        row = await InMemoryReadModel(self.database).status("depot")
        assert isinstance(row, StatusRow)
        return state_of(row.glance, self.at + timedelta(seconds=after_s))

    async def again(self) -> None:
        """All events are projected once more."""
        for event in tuple(self._events):
            await project([event], InMemoryReadModelTransactions(self.database))

    async def _take_in(self, events: Sequence[DomainEvent]) -> None:
        self._events += events
        await project(events, InMemoryReadModelTransactions(self.database))


async def a_depot(limit_w: int = 500 * KW, minimum_w: int = 0, settings: Settings | None = None) -> Watched:
    """A metered grid connection, two chargers on a feeder that draw 40 kW of the 150 kW they may."""
    watched = Watched(
        Depot(
            grid("gc-1", limit_w, 100 * KW, metered=True),
            feeder("f-1", "gc-1", 400 * KW),
            charger("cp-1", "f-1", 150 * KW, minimum_w=minimum_w),
            charger("cp-2", "f-1", 150 * KW, minimum_w=minimum_w),
            settings=settings,
        )
    )
    await watched.configure()
    return watched


def all_speak(watched: Watched, draw_w: int = 40 * KW, building_w: int = 20 * KW) -> None:
    for connector in ("cp-1/1", "cp-2/1"):
        watched.depot.hears(connector, draw_w, applied_limit_w=draw_w)
    watched.depot.meters("gc-1", 2 * draw_w + building_w)


async def test_a_depot_in_order_is_within_its_limits_since_that_began() -> None:
    watched = await a_depot()
    all_speak(watched)
    began = await watched.decide()
    assert began == State(StateCode.WITHIN_LIMITS, "All loads within limits", EIGHT)

    watched.depot.later(20)
    all_speak(watched)
    assert await watched.decide() == began


async def test_a_depot_that_was_never_heard_has_no_data_decided_or_not() -> None:
    watched = await a_depot()
    never = State(StateCode.NO_DATA, "No data from the depot yet", None)

    assert await watched.state() == never
    assert await watched.decide() == never
    assert await watched.state(after_s=3600) == never


async def test_where_nothing_is_heard_for_three_minutes_there_is_no_data_since_the_last_message() -> None:
    watched = await a_depot()
    all_speak(watched)
    await watched.decide()
    await watched.later(100)
    assert (await watched.later(79)).code is StateCode.CHARGERS_SILENT

    assert await watched.later(1) == State(StateCode.NO_DATA, "No data from the depot since 16:00", EIGHT)
    assert (await watched.later(86_400)).sentence == "No data from the depot since 22 Nov 16:00"

    watched.depot.meters("gc-1", 0)
    assert (await watched.later(1)).code is StateCode.CHARGERS_SILENT


async def test_where_nothing_is_decided_any_more_that_is_said_and_not_what_was_before() -> None:
    watched = await a_depot()
    all_speak(watched)
    within = await watched.decide()

    assert await watched.state(after_s=80) == within
    assert await watched.state(after_s=81) == State(StateCode.NOT_DECIDED, "Not decided for 81 s", EIGHT)
    assert (await watched.state(after_s=7200)).sentence == "Not decided for 2 h"


async def test_an_open_breach_goes_before_all_but_that_and_says_by_how_much() -> None:
    watched = await a_depot(limit_w=110 * KW)
    for seconds in (0, 6, 6):
        watched.depot.later(seconds)
        all_speak(watched, building_w=74 * KW)
        state = await watched.decide()

    assert state == State(StateCode.OVER_LIMIT, "gc-1 is 44 kW over its limit", EIGHT + timedelta(seconds=6))
    watched.depot.later(6)
    all_speak(watched, building_w=80 * KW)
    assert (await watched.decide()).sentence == "gc-1 is 50 kW over its limit"


@pytest.mark.parametrize(
    ("building_w", "connector_w", "over"),
    [(31_000, 40 * KW, set()), (31_200, 40 * KW, {"gc-1"}), (0, 157_500, set()), (0, 157_501, {"cp-1", "cp-1/1"})],
)
async def test_a_node_is_over_its_limit_where_a_breach_may_open(
    building_w: int, connector_w: int, over: set[str]
) -> None:
    watched = await a_depot(limit_w=110 * KW if building_w else 500 * KW)
    watched.depot.hears("cp-1/1", connector_w, applied_limit_w=connector_w)
    watched.depot.hears("cp-2/1", 40 * KW, applied_limit_w=40 * KW)
    watched.depot.meters("gc-1", connector_w + 40 * KW + building_w)
    await watched.decide()

    row = await InMemoryReadModel(watched.database).status("depot")
    assert isinstance(row, StatusRow)
    assert {each.node_id for each in tree_of(row).nodes if each.state is NodeState.OVER_LIMIT} == over


async def test_what_cannot_be_kept_says_where_and_by_how_much() -> None:
    watched = await a_depot(limit_w=110 * KW)
    all_speak(watched, draw_w=0, building_w=130 * KW)
    state = await watched.decide()

    assert state.code is StateCode.INFEASIBLE
    assert state.sentence == (
        "Cannot be kept: gc-1 carries up to 130 kW, above its limit of 110 kW, and too much of it cannot be lowered"
    )
    assert state.since == watched.at


async def test_vehicles_that_a_fallen_limit_stopped_are_counted_with_the_limit_and_the_time() -> None:
    watched = await a_depot(minimum_w=10 * KW)
    all_speak(watched)
    await watched.decide()
    watched.depot.later(60)
    circuits = watched.depot.configuration.circuits
    await watched.configure(circuits=(replace(circuits[0], default_capacity_w=25 * KW), circuits[1]))
    all_speak(watched, draw_w=0)
    await watched.decide()
    watched.depot.later(5)
    all_speak(watched, draw_w=0)

    state = await watched.decide()
    assert state.code is StateCode.STOPPED
    assert state.sentence == "2 vehicles stopped: gc-1 fell to 25 kW at 16:01"


async def test_one_that_has_to_wait_for_its_turn_is_no_state_of_its_depot_but_one_that_waits_longer_is() -> None:
    watched = await a_depot(limit_w=60 * KW, minimum_w=30 * KW, settings=Settings(rotation_quantum_s=100_000))
    codes = {}
    for minute in range(0, 30 * 60, 20):
        watched.depot.later(20)
        watched.depot.hears("cp-1/1", 35 * KW, applied_limit_w=40 * KW)
        watched.depot.hears("cp-2/1", 0, applied_limit_w=0)
        watched.depot.meters("gc-1", 55 * KW)
        codes[minute] = (await watched.decide()).code
    assert StateCode.STOPPED not in codes.values()

    await watched.configure(settings=Settings(rotation_quantum_s=900))
    assert (await watched.later(1)).sentence == "1 vehicle stopped: no room at gc-1"


async def test_a_charger_that_does_not_do_as_told_is_named_with_what_it_draws_too_much() -> None:
    watched = await a_depot()
    for _ in range(8):
        watched.depot.later(20)
        watched.depot.hears("cp-1/1", 64 * KW, requested_w=20 * KW, applied_limit_w=64 * KW)
        watched.depot.hears("cp-2/1", 0, applied_limit_w=0, status="Available")
        watched.depot.meters("gc-1", 70 * KW)
        state = await watched.decide()

    assert (state.code, state.sentence) == (StateCode.NOT_HONOURED, "cp-1/1 draws 44 kW more than it was told")


async def test_silent_chargers_are_counted_and_room_is_held_for_them() -> None:
    watched = await a_depot()
    all_speak(watched)
    await watched.decide()
    watched.depot.later(91)
    watched.depot.hears("cp-1/1", 40 * KW, applied_limit_w=40 * KW)
    watched.depot.meters("gc-1", 100 * KW)
    silent = await watched.decide()

    assert silent == State(StateCode.CHARGERS_SILENT, "1 charger silent, room held for it", watched.at)
    watched.depot.later(20)
    watched.depot.meters("gc-1", 100 * KW)
    watched.depot.hears("cp-1/1", 40 * KW, applied_limit_w=40 * KW)
    assert await watched.decide() == silent


async def test_a_silent_meter_is_named() -> None:
    watched = await a_depot()
    all_speak(watched, draw_w=10 * KW)
    await watched.decide()
    watched.depot.later(31)
    for connector in ("cp-1/1", "cp-2/1"):
        watched.depot.hears(connector, 10 * KW, applied_limit_w=10 * KW)

    assert await watched.decide() == State(
        StateCode.METER_SILENT, "The meter of gc-1 is silent, its safe limit holds", watched.at
    )


async def test_a_list_of_depots_whose_only_worker_was_killed_says_of_each_that_nothing_is_decided() -> None:
    database = InMemoryDatabase()
    for number in range(6):
        name = f"depot-{number}"
        configured = Microgrid(name).configure(a_configuration(name), EIGHT).events
        cycle = a_cycle_completed(name, 3)
        await project([*configured, cycle], InMemoryReadModelTransactions(database))

    decided_at = EIGHT + timedelta(seconds=1)
    for after_s, sentence in ((81, "Not decided for 81 s"), (660, "Not decided for 11 min")):
        lines = await microgrids(InMemoryReadModel(database), decided_at + timedelta(seconds=after_s))
        assert [(each.state.sentence, each.state.since) for each in lines] == [(sentence, decided_at)] * 6
    fresh = await microgrids(InMemoryReadModel(database), decided_at + timedelta(seconds=80))
    assert StateCode.NOT_DECIDED not in {each.state.code for each in fresh}
