"""A whole service in memory: bus, database, clock, and workers that can be started and lost."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from adapters.clock import VirtualClock
from adapters.memory.bus import MemoryBus, MemorySource
from adapters.memory.partitioning import partition_of
from adapters.messages import registry
from adapters.messages.configuration import configuration_to
from adapters.observability.handlers import CountedDecisions, ObservedAnswer, ObservedRun
from application.answering import answer
from application.cycles import Cycles, run
from application.decisions import Decisions
from application.intake import Intake
from application.mailbox import Mailbox
from application.owned_partitions import OwnedPartitions
from application.ports.bus import Message, PublishedEvent, Unreadable
from application.ports.ownership import Epoch
from application.ports.persistence import ConcurrentChange, MicrogridRepository, Outbox
from application.relay import Relay
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, Telemetry
from domain.microgrid import Microgrid
from domain.site.configuration import SiteConfiguration
from entrypoints.service.assignments import Unconcerned
from tests.builders import EIGHT
from tests.fakes.bus import Lost
from tests.fakes.observation import HandedOnTraces, RememberedCounts
from tests.fakes.persistence import (
    InMemoryDatabase,
    InMemoryOwnership,
    InMemoryPendingEvents,
    InMemoryTransactions,
    InMemoryUnitOfWork,
)

CONFIGURATION, TELEMETRY, EVENTS, DEAD_LETTER = (
    f"busbar.{name}" for name in ("configuration", "telemetry", "events", "dead-letter")
)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class TroubledTransactions:
    """Transactions that go wrong where they were told to; numbers of commits count from 1.

    `rivals`: how many of the next saves find that somebody else committed first. `faults`: by microgrid, what saving it
    raises; `unreadable`: what reading it does.
    """

    def __init__(self, inner: InMemoryTransactions) -> None:
        self._inner = inner
        self.lost_before_commit = 0
        self.lost_after_commit = 0
        self.rivals = 0
        self.faults: dict[str, BaseException] = {}
        self.unreadable: dict[str, BaseException] = {}
        self.begun = 0
        self.commits = 0

    @asynccontextmanager
    async def begin(self, epochs: Epoch | Mapping[str, Epoch]) -> AsyncIterator["TroubledUnitOfWork"]:
        self.begun += 1
        await asyncio.sleep(0)  # a database lets others run
        async with self._inner.begin(epochs) as unit_of_work:
            yield TroubledUnitOfWork(unit_of_work, self)


class TroubledUnitOfWork:
    """One of these transactions."""

    def __init__(self, inner: InMemoryUnitOfWork, troubles: TroubledTransactions) -> None:
        self._inner = inner
        self._troubles = troubles
        self.microgrids: MicrogridRepository = ContestedRepository(inner.microgrids, troubles)
        self.outbox: Outbox = inner.outbox

    async def commit(self) -> None:
        self._troubles.commits += 1
        if self._troubles.commits == self._troubles.lost_before_commit:
            raise Lost
        await self._inner.commit()
        if self._troubles.commits == self._troubles.lost_after_commit:
            raise Lost


class ContestedRepository:
    """Microgrids that others change too."""

    def __init__(self, inner: MicrogridRepository, troubles: TroubledTransactions) -> None:
        self._inner = inner
        self._troubles = troubles

    async def newest_events(self) -> Mapping[str, int]:
        return await self._inner.newest_events()

    async def get(self, microgrid_id: str) -> Microgrid | None:
        if microgrid_id in self._troubles.unreadable:
            raise self._troubles.unreadable[microgrid_id]
        return await self._inner.get(microgrid_id)

    async def get_all(self, microgrid_ids: Collection[str]) -> Sequence[Microgrid]:
        found = [await self.get(microgrid_id) for microgrid_id in microgrid_ids]
        return [microgrid for microgrid in found if microgrid is not None]

    async def save(self, *microgrids: Microgrid) -> None:
        self._be_overtaken(microgrids)
        await self._inner.save(*microgrids)

    async def save_states(self, *microgrids: Microgrid) -> None:
        self._be_overtaken(microgrids)
        await self._inner.save_states(*microgrids)

    def _be_overtaken(self, microgrids: Collection[Microgrid]) -> None:
        for microgrid in microgrids:
            if microgrid.microgrid_id in self._troubles.faults:
                raise self._troubles.faults[microgrid.microgrid_id]
        if microgrids and self._troubles.rivals:
            self._troubles.rivals -= 1
            raise ConcurrentChange


class Worker:
    """Takes in and decides, one after the other."""

    def __init__(self, intake: Intake, cycles: Cycles) -> None:
        self._intake = intake
        self._cycles = cycles

    @property
    def cycles(self) -> int:
        return self._cycles.count

    async def turn(self) -> bool:
        """Whether there was anything to do."""
        return await self.take_in() | await self.decide()

    async def take_in(self) -> bool:
        return await self._intake.turn()

    async def decide(self) -> bool:
        return await self._cycles.turn()


class Service:
    """What outlives a worker, and the worker that runs."""

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.bus = MemoryBus({CONFIGURATION: 2, TELEMETRY: 2, EVENTS: 2, DEAD_LETTER: 1})
        self.database = InMemoryDatabase()
        self.ownership = InMemoryOwnership(self.database)
        self.clock = clock or VirtualClock(EIGHT)
        self.transactions = TroubledTransactions(InMemoryTransactions(self.database, registry.write, self.clock.now))
        self.counts = RememberedCounts()
        self.traces = HandedOnTraces()
        self.offered: list[Message] = []
        self._source: MemorySource | None = None

    async def start(self) -> Worker:
        """A worker that takes the place of the one before, which is lost as a killed process is."""
        if self._source is not None:
            await self._source.crash()
        self.mailbox = Mailbox(self.clock)
        self.relay = Relay(InMemoryPendingEvents(self.database), self.bus.publisher(EVENTS), self.clock, self.counts)
        self.owned = OwnedPartitions(
            self.ownership,
            self.transactions,
            self.mailbox,
            self.relay,
            self.partition_of,
            self.clock,
            self.counts,
        )
        self._source = await self.bus.join("busbar.worker", (CONFIGURATION, TELEMETRY), registry.read, self.owned)
        decisions = CountedDecisions(Decisions(self.transactions, self.relay), self.counts)
        observed_run = ObservedRun(run, self.traces, self.counts)
        cycles = Cycles(self.mailbox, self.owned, decisions, observed_run, self.counts, self.clock)
        intake = Intake(
            source=self._source,
            dead_letters=self.bus.dead_letters(DEAD_LETTER),
            mailbox=self.mailbox,
            owned=self.owned,
            decisions=decisions,
            cycles=cycles,
            answer=ObservedAnswer(answer, self.traces, self.counts),
            counters=self.counts,
            clock=self.clock,
        )
        return Worker(intake, cycles)

    def partition_of(self, microgrid_id: str) -> int:
        return partition_of(microgrid_id, 2)

    async def publish(self, topic: str, *messages: Message) -> None:
        await self.bus.publisher(topic).publish(messages)

    async def offer(self, configuration: SiteConfiguration, **malformed: Any) -> None:
        """Publish a configuration, with other values at some of its keys."""
        payload = configuration_to(configuration) | malformed
        self.offered.append(with_trace(registry.encode("site.configuration.v1", payload)))
        await self.publish(CONFIGURATION, self.offered[-1])

    async def say(self, *telemetry: Telemetry) -> None:
        """Publish readings."""
        await self.publish(TELEMETRY, *(with_trace(encoded(each)) for each in telemetry))

    async def dead_letters(self) -> list[Message]:
        """All there are."""
        reader = await self.bus.join("reader", (DEAD_LETTER,), as_it_came, Unconcerned())
        received = await reader.receive(1000)
        await reader.crash()
        return [each.body.message for each in received if isinstance(each.body, Unreadable)]

    def events(self, microgrid_id: str = "depot") -> list[PublishedEvent]:
        """What the outbox holds of a microgrid, as subscribers would see it, by `event_seq`."""
        rows = sorted(self.database.tables.outbox.items())
        read = [registry.read(EVENTS, row.message) for (of, _), row in rows if of == microgrid_id]
        return [event for event in read if isinstance(event, PublishedEvent)]

    def types(self, microgrid_id: str = "depot") -> list[str]:
        """The types of the events without what is common to them, in order."""
        return [event.type.removeprefix("busbar.").removesuffix(".v1") for event in self.events(microgrid_id)]


def as_it_came(topic: str, message: Message) -> Unreadable:
    """Reads nothing."""
    return Unreadable("", topic, message)


def encoded(telemetry: Telemetry) -> Message:
    """A reading on the wire."""
    head = {
        "microgrid_id": telemetry.microgrid_id,
        "sequence": telemetry.sequence,
        "measured_at": telemetry.measured_at.isoformat(),
    }
    match telemetry:
        case CircuitTelemetry():
            payload = head | {"circuit_id": telemetry.circuit_id, "power_w": telemetry.power_w}
            return registry.encode("circuit.telemetry.v1", payload)
        case ChargePointTelemetry():
            connectors = [
                {
                    "connector_id": reading.connector_id,
                    "status": reading.status,
                    "power_w": reading.power_w,
                    "requested_w": reading.requested_w,
                    "applied_limit_w": reading.applied_limit_w,
                    "session": None if reading.session is None else {"session_id": reading.session.session_id},
                }
                for reading in telemetry.connectors
            ]
            payload = head | {"charge_point_id": telemetry.charge_point_id, "connectors": connectors}
            return registry.encode("charge_point.telemetry.v1", payload)


def with_trace(message: Message) -> Message:
    """The same message, sent inside a trace."""
    return Message(message.key, (*message.headers, ("traceparent", TRACEPARENT.encode())), message.value)


def a_message(message_type: str, payload: Mapping[str, Any], key: str | None = "depot") -> Message:
    """Any payload under any key."""
    headers = (("ce_type", message_type.encode()), ("content-type", b"application/json"))
    return Message(key, headers, json.dumps(payload).encode())
