"""What a cycle of 50 connectors with its readings costs, step by step, in one process on a real PostgreSQL.

Without the client of Kafka and without waiting: so the figures are good on a busy machine too. `deciding` is the domain
alone, `committing` state, event and transaction, `relaying` what is left once the bus has them.
"""

import gc
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import VirtualClock
from adapters.database.engine import create_engine
from adapters.database.outbox import SqlPendingEvents
from adapters.database.ownership import SqlOwnership
from adapters.database.unit_of_work import SqlTransactions
from adapters.messages import registry
from adapters.messages.configuration import SITE_CONFIGURATION
from adapters.messages.telemetry import CHARGE_POINT_TELEMETRY
from application import event_types
from application.box import DueCycle
from application.cycles import Cycles, run
from application.decisions import Decision, Decisions
from application.mailbox import Mailbox
from application.owned_partitions import OwnedPartitions
from application.ports.bus import Message, Partition
from application.relay import Relay
from benchmarks.bench import CONNECTORS
from benchmarks.deployment import written
from benchmarks.light_depots import LightDepot, site
from domain.knowledge.readings import ChargePointTelemetry
from domain.microgrid import Microgrid, MicrogridState
from domain.site.configuration import SiteConfiguration
from domain.site.site import Site
from tests.fakes.observation import RememberedCounts

DEPOTS = 32
ROUNDS = 6
FIRST_ROUNDS = 2
"""That do not count: every depot is decided for the first time, then once with setpoints in force."""

APART = timedelta(seconds=25)


class Steps:
    """A worker's parts in this process, and the CPU seconds that each took."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.taken_s: Counter[str] = Counter()
        self.clock = VirtualClock(datetime.now(UTC))
        self.published: list[Message] = []
        self._transactions = SqlTransactions(engine, registry.write, self.clock)
        self.mailbox = Mailbox(self.clock)
        counts = RememberedCounts()
        self.relay = Relay(SqlPendingEvents(engine), self, self.clock, counts)
        self._owned = OwnedPartitions(
            SqlOwnership(engine),
            self._transactions,
            self.mailbox,
            self.relay,
            partition_of=lambda _: 0,
            clock=self.clock,
            counters=counts,
        )
        decisions = Decisions(self._transactions, self.relay)
        self.cycles = Cycles(self.mailbox, self._owned, decisions, self._run, counts, clock=self.clock)

    async def provide(self, configurations: list[dict[str, Any]]) -> None:
        """Depots, stored and taken over."""
        (epoch,) = await SqlOwnership(self.engine).claim([0])
        async with self._transactions.begin(epoch) as transaction:
            for payload in configurations:
                body = registry.read("busbar.configuration", registry.encode(SITE_CONFIGURATION, payload))
                assert isinstance(body, SiteConfiguration)
                await transaction.microgrids.save(Microgrid(body.microgrid_id, Site.of(body), MicrogridState()))
            await transaction.commit()
        await self._owned.assigned(frozenset({Partition("busbar.telemetry", 0)}))

    async def take(self, messages: list[Message]) -> None:
        """Through all steps."""
        gc.collect()
        began = process_time()
        bodies = [registry.read("busbar.telemetry", message) for message in messages]
        read = process_time()
        for body in bodies:
            assert isinstance(body, ChargePointTelemetry)
            self.mailbox.post(body)
        kept, deciding_s = process_time(), self.taken_s["deciding"]
        while await self.cycles.turn():
            pass
        decided = process_time()
        while await self.relay.turn():
            pass
        self.taken_s["relaying"] += process_time() - decided
        self.taken_s["reading"] += read - began
        self.taken_s["keeping"] += kept - read
        self.taken_s["committing"] += decided - kept - (self.taken_s["deciding"] - deciding_s)

    async def publish(self, messages: Sequence[Message]) -> None:
        """The bus: it has them."""
        self.published += messages

    def _run(self, due: DueCycle) -> Decision:
        began = process_time()
        decision = run(due)
        self.taken_s["deciding"] += process_time() - began
        return decision


async def measured(database_url: str, at_once: int) -> dict[str, Any]:
    """Milliseconds a cycle by step where so many depots are due at once, and what the database wrote for one."""
    engine = create_engine(database_url)
    steps = Steps(engine)
    configurations = [site(f"depot-{number}", CONNECTORS, {}) for number in range(DEPOTS)]
    depots = {each["microgrid_id"]: LightDepot(each, seed) for seed, each in enumerate(configurations)}
    await steps.provide(configurations)
    for number in range(ROUNDS):
        if number == FIRST_ROUNDS:
            steps.taken_s.clear()
            cycles, before = steps.cycles.count, await written(engine)
        for first in range(0, DEPOTS, at_once):
            await steps.take(_said(list(depots.values())[first : first + at_once], steps.clock.now()))
            _obey(depots, steps)
        steps.clock.advance(steps.clock.now() + APART)
    cycles, after = steps.cycles.count - cycles, await written(engine)
    await engine.dispose()
    return {
        "at once": at_once,
        "cycles": cycles,
        "ms a cycle": {name: round(1000 * seconds / cycles, 3) for name, seconds in steps.taken_s.items()},
        "wal bytes a cycle": (after["wal"] - before["wal"]) // cycles,
    }


def _said(depots: list[LightDepot], now: datetime) -> list[Message]:
    return [registry.encode(CHARGE_POINT_TELEMETRY, each) for depot in depots for each in depot.play(now)]


def _obey(depots: dict[str, LightDepot], steps: Steps) -> None:
    for message in steps.published:
        if dict(message.headers)["ce_type"] == event_types.CYCLE_COMPLETED.encode() and message.value is not None:
            cycle = from_json(message.value)
            depots[cycle["microgrid_id"]].obey(cycle, steps.clock.now())
    steps.published.clear()
