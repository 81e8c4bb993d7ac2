"""What happened is sent on: in order a microgrid, again and again for a day (HOOK-3)."""

from collections import defaultdict
from datetime import datetime, timedelta

import pytest

from adapters.clock import VirtualClock
from adapters.messages.events import fact_of
from application.notifier import AT_ONCE, BATCH, PATIENCE, Notifier
from application.ports.notifying import NotDelivered, Notice
from application.projections.projector import Projector
from application.projections.status import STATUS
from application.queries.log import HappeningCode
from domain.events import ConfigurationApplied, MicrogridProvisioned
from domain.site.site import Site
from tests.builders import EIGHT, a_configuration
from tests.contract.persistence.test_waiting_notices import a_notice
from tests.fakes.observation import HandedOnTraces, RememberedCounts
from tests.fakes.persistence import (
    STREAM,
    InMemoryDatabase,
    InMemoryReadModelTransactions,
    InMemoryWaitingNotices,
)
from tests.unit.application.projections.test_projector import Stream
from tests.unit.application.read_side import published


class ReceiverThatMayBeAway:
    """Takes notices, but for those of microgrids that it was told not to take."""

    def __init__(self) -> None:
        self.taken: defaultdict[str, list[int]] = defaultdict(list)
        self.asked = 0
        self.refuses: set[str] = set()

    async def deliver(self, notice: Notice) -> None:
        self.asked += 1
        if notice.entry.microgrid_id in self.refuses:
            raise NotDelivered("the answer was 500")
        self.taken[notice.entry.microgrid_id].append(notice.entry.number)


class Sending:
    """A notifier and all around it; notices wait since eight."""

    def __init__(self) -> None:
        self.clock = VirtualClock(EIGHT)
        self.database = InMemoryDatabase()
        self.receiver = ReceiverThatMayBeAway()
        self.counts = RememberedCounts()
        self.owned = {"depot", "another"}
        self.notifier = self.begin()

    def begin(self) -> Notifier:
        notices = InMemoryWaitingNotices(self.database)
        return Notifier(notices, self.receiver, self.clock, self.counts, owns=self.owned.__contains__)

    def wait(self, *numbers: int, of: str = "depot") -> None:
        for number in numbers:
            self.database.tables.notices[of, number] = a_notice(number, of)

    @property
    def waiting(self) -> list[int]:
        return sorted(number for _, number in self.database.tables.notices)

    async def drain(self, until: datetime | None = None, step_s: float = 1) -> None:
        while await self.notifier.turn():
            pass
        while until is not None and self.clock.now() < until:
            self.clock.advance(self.clock.now() + timedelta(seconds=step_s))
            await self.notifier.turn()


@pytest.fixture
def sending() -> Sending:
    return Sending()


async def test_what_waits_is_sent_once_in_order(sending: Sending) -> None:
    assert not await sending.notifier.turn()
    sending.wait(*range(BATCH + 20))
    await sending.drain()
    assert sending.receiver.taken["depot"] == list(range(BATCH + 20))
    assert (sending.waiting, sending.counts.notices) == ([], {"delivered": BATCH + 20})


async def test_one_that_is_not_taken_holds_up_its_own_microgrid_alone(sending: Sending) -> None:
    sending.wait(1, 2)
    sending.wait(7, of="another")
    sending.receiver.refuses = {"depot"}
    await sending.drain()
    assert (sending.receiver.taken, sending.waiting) == ({"another": [7]}, [1, 2])

    sending.receiver.refuses = set()
    await sending.drain(EIGHT + timedelta(seconds=2))
    assert sending.receiver.taken["depot"] == [1, 2]


async def test_it_is_tried_again_after_longer_and_longer_up_to_a_minute(sending: Sending) -> None:
    sending.wait(1)
    sending.receiver.refuses = {"depot"}
    await sending.drain(EIGHT + timedelta(seconds=64))
    assert sending.receiver.asked == 7
    await sending.drain(EIGHT + timedelta(seconds=64 + 600))
    assert sending.receiver.asked == 17


async def test_after_a_day_it_is_given_up_and_counted_and_the_next_one_has_its_turn(sending: Sending) -> None:
    sending.wait(1)
    sending.receiver.refuses = {"depot"}
    await sending.drain(EIGHT + PATIENCE - timedelta(minutes=2), step_s=300)
    assert sending.waiting == [1]
    sending.wait(2)
    sending.database.tables.notices["depot", 2] = Notice(a_notice(2).entry, STREAM, sending.clock.now())
    await sending.drain(EIGHT + PATIENCE + timedelta(minutes=2), step_s=10)
    assert sending.waiting == [2]
    assert sending.counts.notices["given_up"] == 1


async def test_what_waited_for_a_day_while_nobody_sent_is_tried_once_more(sending: Sending) -> None:
    sending.wait(1, 2)
    sending.clock.advance(EIGHT + timedelta(days=3))
    await sending.drain()
    assert sending.receiver.taken["depot"] == [1, 2]


async def test_notices_of_others_are_left_to_them(sending: Sending) -> None:
    sending.wait(1, of="theirs")
    assert not await sending.notifier.turn()
    assert (sending.receiver.asked, sending.waiting) == (0, [1])


async def test_who_begins_anew_goes_on_where_the_other_ended(sending: Sending) -> None:
    sending.wait(1, 2, 3)
    sending.receiver.refuses = {"depot"}
    await sending.drain()
    sending.receiver.refuses, sending.notifier = set(), sending.begin()
    await sending.drain()
    assert sending.receiver.taken["depot"] == [1, 2, 3]


async def test_of_many_microgrids_all_have_their_turn(sending: Sending) -> None:
    ids = [f"depot-{number}" for number in range(3 * AT_ONCE)]
    sending.owned |= set(ids)
    for microgrid_id in ids:
        sending.wait(1, of=microgrid_id)
    sending.receiver.refuses = set(ids[: 2 * AT_ONCE])
    await sending.drain()
    assert sending.receiver.taken.keys() == set(ids[2 * AT_ONCE :])


@pytest.mark.parametrize("notified", [True, False])
async def test_a_projector_queues_what_it_logs_where_somebody_is_to_be_told(*, notified: bool) -> None:
    """Holds HOOK-1."""
    database, site = InMemoryDatabase(), Site.of(a_configuration())
    stream = Stream(
        published(MicrogridProvisioned.of(site.configuration, 1, EIGHT)),
        published(ConfigurationApplied.of(site, 2, EIGHT, None)),
    )
    projector = Projector(
        stream,
        InMemoryReadModelTransactions(database),
        [STATUS],
        HandedOnTraces(),
        RememberedCounts(),
        fact_of,
        notify_at=VirtualClock(EIGHT + timedelta(seconds=3)).now if notified else None,
    )
    while await projector.turn():
        pass
    stream.begin_again()
    waiting = await InMemoryWaitingNotices(database).of("depot", 10)
    assert [(each.entry.code, each.stream, each.waiting_since) for each in waiting] == (
        [(HappeningCode.CONFIGURATION_APPLIED, STREAM, EIGHT + timedelta(seconds=3))] if notified else []
    )
