"""The one service loop: messages in, decisions committed, positions acknowledged after them."""

from typing import assert_never

from application.commands.apply_configuration import ApplyConfiguration, ApplyConfigurationHandler
from application.commands.run_cycle import RunCycle, RunCycleHandler
from application.mailbox import DueCycle, Mailbox
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
    Transactions,
    Unreadable,
)
from domain.site import SiteConfiguration
from domain.telemetry import ChargePointTelemetry, CircuitTelemetry, Receipt, Telemetry

BATCH = 500
ATTEMPTS = 3
"""How often a command is tried when somebody else keeps committing first."""

ABSENT_MICROGRIDS = 10_000
"""How many ids that nobody configured are remembered, so that their telemetry costs no query each."""


class Worker:
    """Decides for the microgrids whose messages its source brings. `cycles` counts the cycles it ran."""

    def __init__(
        self,
        source: MessageSource,
        dead_letters: DeadLetters,
        mailbox: Mailbox,
        apply_configuration: ApplyConfigurationHandler,
        run_cycle: RunCycleHandler,
        transactions: Transactions,
        clock: Clock,
        counters: Counters,
    ) -> None:
        self._source = source
        self._dead_letters = dead_letters
        self._mailbox = mailbox
        self._apply_configuration = apply_configuration
        self._run_cycle = run_cycle
        self._transactions = transactions
        self._clock = clock
        self._counters = counters
        self._absent: set[str] = set()
        self.cycles = 0

    async def turn(self) -> bool:
        """Take one batch, run the cycles that are due, acknowledge; returns whether there was anything to do."""
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
                await self._configure(ApplyConfiguration(body, received.traceparent))
            case ChargePointTelemetry() | CircuitTelemetry():
                await self._post(body, received.traceparent)
            case Tombstone():
                self._counters.tombstone()
            case Unreadable():
                self._counters.dead_letter(body.code)
                await self._dead_letters.put(received.position, body)
            case PublishedEvent():
                raise TypeError("a worker reads configurations and telemetry, not events")
            case _:
                assert_never(body)

    async def _configure(self, command: ApplyConfiguration) -> None:
        self._absent.discard(command.offered.microgrid_id)
        for attempt in range(ATTEMPTS):
            try:
                microgrid = await self._apply_configuration.handle(command)
                self._mailbox.open(microgrid, self._clock.now())
                return
            except ConcurrentChange:
                if attempt == ATTEMPTS - 1:
                    raise

    async def _post(self, telemetry: Telemetry, traceparent: str | None) -> None:
        microgrid_id = telemetry.microgrid_id
        if not self._mailbox.knows(microgrid_id) and microgrid_id not in self._absent:
            await self._look_for(microgrid_id)
        if not self._mailbox.knows(microgrid_id):
            self._counters.readings(microgrid_id, {Receipt.UNKNOWN: 1})
            return
        reception = self._mailbox.post(telemetry, self._clock.now(), traceparent)
        self._counters.readings(microgrid_id, reception.receipts)

    async def _look_for(self, microgrid_id: str) -> None:
        async with self._transactions.begin() as transaction:
            microgrid = await transaction.microgrids.get(microgrid_id)
        if microgrid is not None and microgrid.site is not None:
            self._mailbox.open(microgrid, self._clock.now())
            return
        if len(self._absent) >= ABSENT_MICROGRIDS:
            self._absent.clear()
        self._absent.add(microgrid_id)

    async def _decide(self, due: DueCycle) -> None:
        at = self._clock.now()
        command = RunCycle(due.microgrid_id, due.readings, due.trigger, at, due.traceparent)
        for attempt in range(ATTEMPTS):
            try:
                await self._run_cycle.handle(command)
                break
            except ConcurrentChange:
                if attempt == ATTEMPTS - 1:
                    raise
        self.cycles += 1
        self._mailbox.decided(due.microgrid_id, at)
