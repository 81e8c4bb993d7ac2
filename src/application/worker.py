"""The one service loop: messages in, decisions committed, positions acknowledged after them."""

from collections import Counter, defaultdict
from typing import assert_never

from application.commands.apply_configuration import ApplyConfiguration, ApplyConfigurationHandler, TooManyRefused
from application.commands.run_cycle import Ran, RunCycle, RunCycleHandler
from application.mailbox import DueCycle, Mailbox
from application.owned_partitions import OwnedPartitions
from application.parking import NOT_OF_ONE_MICROGRID
from application.ports import (
    Clock,
    ConcurrentChange,
    Counters,
    DeadLetters,
    MalformedConfiguration,
    MessageSource,
    Position,
    PublicationRefused,
    PublishedEvent,
    Received,
    Stage,
    Tombstone,
    Unreadable,
)
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, Receipt, Telemetry
from domain.site.configuration import SiteConfiguration

BATCH = 500
ATTEMPTS = 3
"""How often a command is tried when somebody else keeps committing first."""

NOT_TAKEN = "processing_failed"
"""The code of a dead letter that can be read, and that made us fail."""


WRONG_PARTITION = "wrong_partition", "The record does not lie where Java's default partitioner puts its key (murmur2)."


class Worker:
    """Decides for the microgrids whose messages its source brings. `cycles` counts the cycles it ran."""

    def __init__(
        self,
        source: MessageSource,
        dead_letters: DeadLetters,
        mailbox: Mailbox,
        apply_configuration: ApplyConfigurationHandler,
        run_cycle: RunCycleHandler,
        owned: OwnedPartitions,
        clock: Clock,
        counters: Counters,
    ) -> None:
        self._source = source
        self._dead_letters = dead_letters
        self._mailbox = mailbox
        self._apply_configuration = apply_configuration
        self._run_cycle = run_cycle
        self._owned = owned
        self._clock = clock
        self._counters = counters
        self.cycles = 0
        self._receipts: defaultdict[str, Counter[Receipt]] = defaultdict(Counter)

    async def turn(self) -> bool:
        """Take one batch, run the cycles that are due, acknowledge; returns whether there was anything to do.

        A microgrid whose cycle fails is parked; a message that makes us fail is a dead letter; all else goes on.
        Raises Fenced where somebody else owns one of the partitions: nothing is acknowledged, and the group has to be
        joined anew, as this member and the group disagree on who reads what.
        """
        batch = await self._source.receive(BATCH)
        await self._owned.take_over_again()
        for received in batch:
            await self._take(received)
        self._count_receipts()
        due = self._mailbox.due(self._clock.now())
        for cycle in due:
            await self._decide(cycle)
        if batch:
            await self._source.acknowledge([received.position for received in batch])
        self._counters.degraded(self._mailbox.degraded())
        return bool(batch or due)

    async def _take(self, received: Received) -> None:
        body = received.body
        match body:
            case SiteConfiguration() | MalformedConfiguration() | ChargePointTelemetry() | CircuitTelemetry():
                if self._owned.lies_elsewhere(body.microgrid_id, received.position):
                    await self._put_aside(received.position, Unreadable(*WRONG_PARTITION, received.message))
                else:
                    await self._take_in(body, received)
            case Tombstone():
                self._counters.tombstone()
            case Unreadable():
                await self._put_aside(received.position, body)
            case PublishedEvent():
                raise TypeError("a worker reads configurations and telemetry, not events")
            case _:
                assert_never(body)

    async def _take_in(self, body: SiteConfiguration | MalformedConfiguration | Telemetry, received: Received) -> None:
        try:
            match body:
                case SiteConfiguration() | MalformedConfiguration():
                    await self._configure(body, received)
                case _:
                    self._post(body, received.traceparent)
        except NOT_OF_ONE_MICROGRID:
            raise
        except TooManyRefused as refused:
            await self._put_aside(received.position, Unreadable("malformed", str(refused), received.message))
        except Exception as error:
            self._counters.not_taken(body.microgrid_id, received.position, error)
            await self._put_aside(received.position, Unreadable(NOT_TAKEN, str(error), received.message))

    async def _put_aside(self, position: Position, unreadable: Unreadable) -> None:
        self._counters.dead_letter(unreadable.code)
        try:
            await self._dead_letters.put(position, unreadable)
        except PublicationRefused as error:
            self._counters.refused_letter(position, error)

    async def _configure(self, offered: SiteConfiguration | MalformedConfiguration, received: Received) -> None:
        at, epoch = self._clock.now(), self._owned.epoch_of(offered.microgrid_id)
        command = ApplyConfiguration(offered, at, epoch, request_id=received.id, traceparent=received.traceparent)
        for attempt in range(ATTEMPTS):
            try:
                microgrid = await self._apply_configuration.handle(command)
                self._owned.add(microgrid.microgrid_id)
                self._mailbox.open(microgrid, at)
                return
            except ConcurrentChange:
                if attempt == ATTEMPTS - 1:
                    raise

    def _post(self, telemetry: Telemetry, traceparent: str | None) -> None:
        microgrid_id = telemetry.microgrid_id
        if not self._mailbox.knows(microgrid_id):
            self._receipts[microgrid_id][Receipt.UNKNOWN] += 1
            return
        reception = self._mailbox.post(telemetry, self._clock.now(), traceparent)
        for receipt, count in reception.receipts.items():
            self._receipts[microgrid_id][receipt] += count

    def _count_receipts(self) -> None:
        """Once a batch: counting costs half as much as taking a reading in."""
        for microgrid_id, receipts in self._receipts.items():
            self._counters.readings(microgrid_id, receipts)
        self._receipts.clear()

    async def _decide(self, due: DueCycle) -> None:
        at = self._clock.now()
        epoch = self._owned.epoch_of(due.microgrid_id)
        command = RunCycle(due.microgrid_id, due.readings, due.trigger, at, epoch, due.traceparent, due.conflated)
        try:
            ran = await self._run(command)
        except NOT_OF_ONE_MICROGRID:
            raise
        except Exception as error:
            parked = self._mailbox.failed(due.microgrid_id, at)
            self._counters.parked(Stage.CYCLE, due.microgrid_id, error, parked.times)
            return
        self.cycles += 1
        self._mailbox.decided(due.microgrid_id, at, ran.published, ran.wakes_at)

    async def _run(self, command: RunCycle) -> Ran:
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._run_cycle.handle(command)
            except ConcurrentChange:
                continue
        return await self._run_cycle.handle(command)
