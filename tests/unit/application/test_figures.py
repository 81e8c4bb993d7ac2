"""What is to be seen of a worker: sums kept cycle by cycle, and how late it is."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.clock import VirtualClock
from application.figures import Figures
from application.mailbox import Mailbox
from domain.breaches.over_limit import Severity
from domain.events import CycleCompleted
from domain.microgrid import MicrogridState
from domain.site.configuration import Settings
from tests.builders import EIGHT, a_configuration, a_cycle_completed, a_microgrid, a_site, a_state
from tests.unit.application.service import Service, Worker
from tests.unit.application.telemetry import a_charger_says, a_meter_says

SETTINGS = Settings(min_cycle_interval_s=1, telemetry_cycle_interval_s=5, refresh_interval_s=40, breach_hold_s=5)
DEPOT = a_configuration(connectors=1, settings=SETTINGS)
NOBODY = {Severity.MAJOR: 0, Severity.CRITICAL: 0}


def after(seconds: float) -> datetime:
    return EIGHT + timedelta(seconds=seconds)


class Kept:
    """A mailbox and its clock."""

    def __init__(self) -> None:
        self.clock = VirtualClock(EIGHT)
        self.mailbox = Mailbox(self.clock)

    def at(self, seconds: float) -> Figures:
        self.clock.advance(after(seconds))
        return self.mailbox.figures()

    def open(self, microgrid_id: str, version: int = 1) -> None:
        """A depot that was never decided."""
        site = a_site(microgrid_id, version, settings=SETTINGS)
        self.mailbox.open(a_microgrid(microgrid_id, site=site, state=MicrogridState()))

    def decide(self, published: CycleCompleted | None = None) -> None:
        """Decide all that is due."""
        for cycle in self.mailbox.due():
            self.mailbox.decided(cycle, cycle.microgrid, published)


@pytest.fixture
def kept() -> Kept:
    kept = Kept()
    kept.open("north")
    kept.open("south")
    return kept


def test_a_worker_without_depots_is_late_with_nothing() -> None:
    nothing = Kept().at(1000)
    assert (nothing.microgrids, nothing.undecided, nothing.overdue, nothing.newest_cycle_age) == (0, 0, 0, None)
    assert nothing.oldest_due_age == timedelta()


def test_a_depot_is_undecided_once_its_newest_cycle_is_older_than_twice_its_interval(kept: Kept) -> None:
    kept.decide()
    assert kept.at(40).undecided == 0
    assert kept.at(80).undecided == 0
    assert kept.at(80.001).undecided == 2
    (north, *_) = kept.mailbox.due()
    kept.mailbox.decided(north, north.microgrid)
    assert kept.mailbox.figures().undecided == 1


def test_one_that_is_being_decided_is_not_decided_yet(kept: Kept) -> None:
    kept.decide()
    kept.at(81)
    cycles = list(kept.mailbox.due())
    assert (kept.mailbox.figures().undecided, kept.mailbox.figures().oldest_due_age) == (2, timedelta(seconds=41))
    for cycle in cycles:
        kept.mailbox.put_back(cycle)
    assert (kept.mailbox.figures().undecided, kept.mailbox.figures().oldest_due_age) == (2, timedelta(seconds=41))


def test_one_that_failed_is_undecided_and_no_reason_to_call_the_worker_late(kept: Kept) -> None:
    for second in (0, 100, 200):
        kept.at(second)
        for cycle in kept.mailbox.due():
            if cycle.microgrid_id == "north":
                kept.mailbox.failed(cycle)
            else:
                kept.mailbox.decided(cycle, cycle.microgrid)
    assert (kept.at(205).undecided, kept.at(205).overdue) == (1, 0)
    assert kept.at(281).overdue == 1
    kept.open("north", version=2)
    assert (kept.at(281).undecided, kept.at(281).overdue) == (2, 2)


def test_the_age_of_the_newest_cycle_and_of_what_is_due_longest_grow_until_one_is_decided(kept: Kept) -> None:
    kept.decide()
    assert kept.at(30).newest_cycle_age == timedelta(seconds=30)
    assert kept.at(30).oldest_due_age == timedelta()
    assert kept.at(43).oldest_due_age == timedelta(seconds=3)
    kept.decide()
    assert (kept.at(43).newest_cycle_age, kept.at(43).oldest_due_age) == (timedelta(), timedelta())
    assert kept.at(44).still_for == timedelta(seconds=1)


def test_after_a_take_over_the_newest_cycle_is_as_old_as_the_former_worker_left_it() -> None:
    kept = Kept()
    kept.at(240)
    site = a_site(settings=SETTINGS)
    state = a_state(site)
    assert state.published is not None
    decided = replace(state, published=replace(state.published, decided_at=after(40)))
    kept.mailbox.open(a_microgrid(site=site, state=decided))
    figures = kept.mailbox.figures()
    assert (figures.newest_cycle_age, figures.overdue) == (timedelta(seconds=200), 1)
    assert figures.still_for == timedelta()


def test_what_is_given_up_is_seen_no_more(kept: Kept) -> None:
    kept.decide(replace(a_cycle_completed(), degraded=True))
    assert (kept.at(100).degraded, kept.at(100).undecided) == (2, 2)
    kept.mailbox.close("north")
    assert (kept.at(100).microgrids, kept.at(100).degraded, kept.at(100).undecided) == (1, 1, 1)
    kept.mailbox.close("south")
    figures = kept.at(100)
    assert (figures.microgrids, figures.degraded, figures.undecided, figures.newest_cycle_age) == (0, 0, 0, None)


class Depot:
    """A depot of two chargers whose worker takes in what they say."""

    def __init__(self, service: Service, worker: Worker, sequence: int = 0) -> None:
        """`sequence`: that of the last message before."""
        self.service = service
        self._worker = worker
        self._sequence = sequence

    async def at(self, second: float, *chargers: int, power_w: int = 0) -> Figures:
        """What is seen after these chargers spoke, each drawing so much, and the meter."""
        self.service.clock.advance(after(second))
        self._sequence += 1
        now = self.service.clock.now()
        said = [
            a_charger_says(self._sequence, measured_at=now, charge_point_id=f"cp-{each}", power_w=power_w)
            for each in chargers
        ]
        await self.service.say(*said, a_meter_says(power_w * len(said), self._sequence, now))
        return await self.settled()

    async def settled(self) -> Figures:
        while await self._worker.turn():
            pass
        return self.service.owned.figures()


async def played(**changes: object) -> Depot:
    service = Service()
    depot = Depot(service, await service.start())
    await service.offer(replace(DEPOT, **changes))  # type: ignore[arg-type]
    await depot.settled()
    return depot


async def test_chargers_are_silent_until_they_are_heard_and_when_they_are_not_any_more() -> None:
    depot = await played()
    assert depot.service.owned.figures().silent_chargers == 2
    assert (await depot.at(10, 1, 2)).silent_chargers == 0
    assert (await depot.at(60, 1)).silent_chargers == 0
    assert (await depot.at(120, 1)).silent_chargers == 1
    assert (await depot.at(130, 1, 2)).silent_chargers == 0


async def test_open_breaches_are_seen_by_severity_also_after_a_take_over() -> None:
    depot = await played(max_import_w=100_000)
    for second in range(10, 60, 2):
        figures = await depot.at(second, 1, 2, power_w=100_000)
    assert figures.open_breaches == {Severity.MAJOR: 0, Severity.CRITICAL: 1}

    successor = Depot(depot.service, await depot.service.start(), sequence=1000)
    assert depot.service.owned.figures().open_breaches == {Severity.MAJOR: 0, Severity.CRITICAL: 1}
    for second in range(60, 80, 2):
        figures = await successor.at(second, 1, 2, power_w=20_000)
    assert figures.open_breaches == NOBODY


async def test_a_depot_that_cannot_be_read_is_undecided_and_no_reason_to_call_the_worker_late() -> None:
    depot = await played()
    depot.service.transactions.unreadable["depot"] = ValueError("no such schema")
    await depot.service.start()
    figures = depot.service.owned.figures()
    assert (figures.microgrids, figures.undecided, figures.overdue) == (1, 1, 0)
