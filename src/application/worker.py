"""The one service loop: messages in, decisions committed, positions acknowledged after them."""

from typing import assert_never

from application.commands.apply_configuration import ApplyConfiguration, ApplyConfigurationHandler
from application.commands.run_cycle import RunCycle, RunCycleHandler
from application.mailbox import DueCycle, Mailbox
from application.owned_partitions import OwnedPartitions
from application.ports import (
    Clock,
    ConcurrentChange,
    Counters,
    DeadLetters,
    MalformedConfiguration,
    MessageSource,
    PublishedEvent,
    Received,
    Tombstone,
    Unreadable,
)
from domain.site import SiteConfiguration
from domain.telemetry import ChargePointTelemetry, CircuitTelemetry, Receipt, Telemetry

BATCH = 500
ATTEMPTS = 3
"""How often a command is tried when somebody else keeps committing first."""


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

    async def turn(self) -> bool:
        """Take one batch, run the cycles that are due, acknowledge; returns whether there was anything to do.

        Raises Fenced where somebody else owns one of the partitions: nothing is acknowledged, and the group has to be
        joined anew, as this member and the group disagree on who reads what.
        """
        batch = await self._source.receive(BATCH)
        for received in batch:
            await self._take(received)
        due = self._mailbox.due(self._clock.now())
        for cycle in due:
            await self._decide(cycle)
        if batch:
            await self._source.acknowledge([received.position for received in batch])
        return bool(batch or due)

    async def _take(self, received: Received) -> None:
        body = received.body
        match body:
            case SiteConfiguration() | MalformedConfiguration():
                await self._configure(body, received.traceparent)
            case ChargePointTelemetry() | CircuitTelemetry():
                self._post(body, received.traceparent)
            case Tombstone():
                self._counters.tombstone()
            case Unreadable():
                self._counters.dead_letter(body.code)
                await self._dead_letters.put(received.position, body)
            case PublishedEvent():
                raise TypeError("a worker reads configurations and telemetry, not events")
            case _:
                assert_never(body)

    async def _configure(self, offered: SiteConfiguration | MalformedConfiguration, traceparent: str | None) -> None:
        epoch = self._owned.epoch_of(offered.microgrid_id)
        command = ApplyConfiguration(offered, epoch, traceparent)
        for attempt in range(ATTEMPTS):
            try:
                microgrid = await self._apply_configuration.handle(command)
                self._owned.add(microgrid.microgrid_id)
                self._mailbox.open(microgrid, self._clock.now())
                return
            except ConcurrentChange:
                if attempt == ATTEMPTS - 1:
                    raise

    def _post(self, telemetry: Telemetry, traceparent: str | None) -> None:
        microgrid_id = telemetry.microgrid_id
        if not self._mailbox.knows(microgrid_id):
            self._counters.readings(microgrid_id, {Receipt.UNKNOWN: 1})
            return
        reception = self._mailbox.post(telemetry, self._clock.now(), traceparent)
        self._counters.readings(microgrid_id, reception.receipts)

    async def _decide(self, due: DueCycle) -> None:
        at = self._clock.now()
        epoch = self._owned.epoch_of(due.microgrid_id)
        command = RunCycle(due.microgrid_id, due.readings, due.trigger, at, epoch, due.traceparent)
        for attempt in range(ATTEMPTS):
            try:
                await self._run_cycle.handle(command)
                break
            except ConcurrentChange:
                if attempt == ATTEMPTS - 1:
                    raise
        self.cycles += 1
        self._mailbox.decided(due.microgrid_id, at)
