"""A depot balanced live in one process: simulator, bus, worker, relay and projector under one virtual clock."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from adapters.database import migrations
from adapters.messages import registry
from adapters.messages.configuration import read_configuration
from adapters.observability import providers
from application.cycles import Cycles
from application.intake import Intake
from application.ports.bus import Message, MessageSource, PublishedEvent
from application.projections.projector import Projector
from application.queries.status import MicrogridStatus, microgrid_status
from application.relay import Relay
from entrypoints.container import PROJECTIONS, Container, Membership
from entrypoints.demo.tally import Tally
from entrypoints.service.assignments import Unconcerned
from entrypoints.topics import CONFIGURATION, EVENTS, TELEMETRY

TICK = timedelta(seconds=1)
BATCH = 500
GROUP = "busbar.{}"


class Demo:
    """One simulated depot and the service that balances it, in lock-step: time moves when nothing is left to do."""

    def __init__(
        self,
        container: Container,
        membership: Membership,
        sources: Mapping[str, MessageSource],
        note_take_over: Callable[[], None],
    ) -> None:
        self._container = container
        self._clock = container.clock()
        self._depot = container.depot()
        self._events_source = sources["depot"]
        self._intake: Intake = membership.intake(source=sources["worker"])
        self._cycles: Cycles = membership.cycles()
        self._projector: Projector | None = (
            container.projector(source=sources["projector"]) if "projector" in sources else None
        )
        self._relay: Relay = membership.relay()
        self._published: Mapping[str, Any] | None = None
        self._tally = Tally()
        self._note_take_over = note_take_over

    @property
    def now(self) -> datetime:
        """Simulated time."""
        return self._clock.now()

    async def begin(self, known_event_seq: int) -> None:
        """Offer the depot's configuration. Events up to `known_event_seq` are of an earlier run."""
        self._tally = Tally(known_event_seq)
        await self._publish_configuration()
        await self._settle()

    async def tick(self) -> None:
        """Let one second pass in the depot, and the service answer it."""
        self._clock.advance(self._clock.now() + TICK)
        payloads = self._depot.tick(self._clock.now())
        if self._depot.takes_over:
            await self._container.bus().rebalance(GROUP.format("worker"))
            self._note_take_over()
        if self._depot.configuration is not self._published:
            await self._publish_configuration()
        await self._container.telemetry_publisher().publish([telemetry_message(payload) for payload in payloads])
        await self._settle()

    async def status(self) -> MicrogridStatus | None:
        """What the read model shows of the depot now."""
        return await microgrid_status(
            self._container.read_model(), self._depot.configuration["microgrid_id"], self._clock.now()
        )

    def summary(self) -> dict[str, Any]:
        """What this run came to: the summary (CLI-7) but for scenario, fault and seed."""
        depot = asdict(self._depot.summary())
        return {
            "simulated_s": depot.pop("simulated_s"),
            "cycles": self._cycles.count,
            **self._tally.summary(),
            **depot,
        }

    def account(self) -> dict[str, Any]:
        """All that is to be told of this run, for a report."""
        return self._depot.account()

    async def _publish_configuration(self) -> None:
        self._published = self._depot.configuration
        await self._container.configuration_publisher().publish(
            [registry.encode("site.configuration.v1", self._published)]
        )

    async def _settle(self) -> None:
        """Until everything that was said has been decided, published, projected and heard."""
        while await self._intake.turn() | await self._cycles.turn():
            pass
        while await self._relay.turn():
            pass
        while self._projector is not None and await self._projector.turn():
            pass
        while await self._listen():
            pass

    async def _listen(self) -> bool:
        batch = await self._events_source.receive(BATCH)
        for received in batch:
            event = received.body
            if not isinstance(event, PublishedEvent) or not self._tally.count(event):
                continue
            self._depot.hear(event.type, event.data)
        if batch:
            await self._events_source.acknowledge([received.position for received in batch])
        return bool(batch)


def telemetry_message(payload: Mapping[str, Any]) -> Message:
    """What a simulated depot sends, as it goes onto the bus."""
    kind = "charge_point" if "charge_point_id" in payload else "circuit"
    return registry.encode(f"{kind}.telemetry.v1", payload)


@asynccontextmanager
async def open_demo(
    container: Container, recording: BinaryIO | None = None, *, is_shown: bool = True
) -> AsyncIterator[Demo]:
    """A demo on the container's database, going on where an earlier one stopped, closed in order at the end.

    What its worker takes in is written into the `recording`, for `busbar replay`. Where it is not shown there is no
    read model: only `summary` and `account` say what came of it, in two thirds of the time.
    """
    await migrations.upgrade(container.database_url())
    async with AsyncExitStack() as stack:
        engine = container.engine()
        stack.push_async_callback(engine.dispose)
        stack.push_async_callback(providers.shut_down, container.tracer_provider(), container.meter_provider())
        known_event_seq = await _resume(container)
        membership, sources = container.membership(), dict[str, MessageSource]()
        stack.enter_context(container.gauges().of(membership.owned_partitions().figures))
        for group, topics, assignment in (
            ("worker", (CONFIGURATION, TELEMETRY), membership.owned_partitions()),
            ("projector", (EVENTS,), Unconcerned()),
            ("depot", (EVENTS,), Unconcerned()),
        ):
            if group == "projector" and not is_shown:
                continue
            source = await container.bus().join(GROUP.format(group), topics, registry.read, assignment)
            stack.push_async_callback(source.close)
            sources[group] = source
        record = None if recording is None else container.recorded(sources["worker"], sink=recording)
        if record is not None:
            sources["worker"] = record
        demo = Demo(container, membership, sources, _nothing_to_note if record is None else record.take_over)
        await demo.begin(known_event_seq)
        yield demo
        if record is not None:
            record.mark()


def _nothing_to_note() -> None:
    """A take-over in a run that is not recorded."""


async def _resume(container: Container) -> int:
    """Move time past what an earlier run left in force; returns the `event_seq` it came to, 0 for none.

    The bus died with that run: what it had not projected is published again. Its last configuration may be another
    one than the depot begins with, which then counts as a newer one.
    """
    microgrid_id = container.scenario().configuration["microgrid_id"]
    partition = container.partition_of()(microgrid_id)
    assert partition is not None
    (epoch,) = await container.ownership().claim([partition])
    async with container.transactions().begin(epoch) as transaction:
        microgrid = await transaction.microgrids.get(microgrid_id)
    if microgrid is None or microgrid.site is None:
        return 0
    if microgrid.state.published is not None:
        settings = microgrid.site.configuration.settings
        # The earlier run stopped at most a refresh interval after its last published cycle.
        gap_s = settings.refresh_interval_s + settings.setpoint_valid_for_s + settings.apply_grace_s
        container.clock().advance(microgrid.state.published.decided_at + timedelta(seconds=gap_s))
    in_force, offered = microgrid.site.configuration, read_configuration(container.depot().configuration)
    goes_on = replace(offered, version=in_force.version) == in_force
    container.depot().number_configurations_from(
        in_force.version if goes_on else max(offered.version, in_force.version + 1)
    )
    names = [projection.name for projection in PROJECTIONS]
    await container.pending_events().republish_after(await container.read_model().projected(names))
    return microgrid.state.event_seq
