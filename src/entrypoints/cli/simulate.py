"""`busbar simulate`: a simulated depot on the bus of a deployment, second by second, in time or faster or slower."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Any

from adapters.kafka import topics as kafka_topics
from adapters.kafka.reader import reading
from adapters.kafka.rights import Use
from adapters.memory.partitioning import partition_of
from adapters.messages import registry
from adapters.messages.configuration import read_configuration
from adapters.simulation.pace import Pace
from adapters.simulation.scenario import Scenario
from application import event_types
from application.ports.bus import PublishedEvent
from entrypoints import settings as environment
from entrypoints.brokers import connection_to
from entrypoints.container import Deployment
from entrypoints.demo.in_one_process import TICK, telemetry_message
from entrypoints.demo.playing import Played, Wanted, affecting, played, require_no_worker_here, told
from entrypoints.demo.tally import Tally
from entrypoints.service.refusals import quiet, refusing
from entrypoints.service.stopping import stop_by_signal

HISTORY = 2000
"""How many earlier messages of the partition are looked at for the version in force, which every cycle names."""


@dataclass(slots=True)
class Past:
    """What earlier runs left behind: the version in force, and the newest cycle if it was decided for this very site.

    Chargers go on obeying that one: they are the same, and a setpoint stands until it lapses.
    """

    site: Mapping[str, Any]
    version: int = 0
    cycle: Mapping[str, Any] | None = None
    _is_this_site: bool = False

    def take(self, event: PublishedEvent) -> None:
        """Go on to the next event."""
        match event.type:
            case event_types.CONFIGURATION_APPLIED:
                self.version = max(self.version, int(event.data["version"]))
                self._is_this_site = _but_for_version(event.data["configuration"]) == _but_for_version(self.site)
            case event_types.CYCLE_COMPLETED:
                self.version = max(self.version, int(event.data["configuration_version"]))
                self.cycle = event.data
        if not self._is_this_site:
            self.cycle = None


def run(wanted: Wanted, speed: float) -> int:
    """Play until the end or until stopped; returns the exit code: 1 where the verdict is `fail`, else 0.

    The duration is simulated time, of which `speed` seconds pass in a second.
    """
    depot = played(wanted)
    require_no_worker_here(depot)
    settings = environment.kafka()
    quiet(settings)
    with affecting(depot), refusing():
        result, account = asyncio.run(_play(settings, depot, wanted.duration_s, speed))
    return told(depot, wanted, result, account)


async def _play(
    settings: environment.Settings, played: Played, duration_s: int | None, speed: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    stop = stop_by_signal()
    deployment = Deployment(connection=connection_to(settings), prefix=settings.topic_prefix)
    connection, topics, clock = deployment.connection(), deployment.topics(), deployment.clock()
    configurations, telemetry = deployment.configuration_publisher(), deployment.telemetry_publisher()
    start = clock.now().replace(microsecond=0)
    pace = Pace(start, speed)
    scenario = at_speed(played.scenario, speed)
    depot = deployment.depot(scenario, played.seed, start, fault=played.fault, chargers=played.chargers)
    microgrid_id = depot.configuration["microgrid_id"]
    count = await kafka_topics.require(connection, Use([topics.events], [topics.configuration, topics.telemetry]))
    tally, past, offered = Tally(), Past(depot.configuration), None
    end = None if duration_s is None else start + timedelta(seconds=duration_s)
    try:
        async with reading(connection, topics.events, [partition_of(microgrid_id, count)], HISTORY) as reader:
            while not stop.is_set() and depot.now != end:
                for position, message in await reader.receive():
                    event = registry.read(topics.events, message)
                    if not isinstance(event, PublishedEvent) or event.microgrid_id != microgrid_id:
                        continue
                    if reader.was_there(position):
                        past.take(event)
                        tally = Tally(event.event_seq, event.stream)
                    elif tally.count(event):
                        is_cycle = event.type == event_types.CYCLE_COMPLETED
                        depot.hear(event.type, pace.received(event.data) if is_cycle else event.data)
                if offered is None:
                    if not await reader.caught_up():
                        continue
                    depot.number_configurations_from(max(depot.configuration["version"], past.version + 1))
                    if past.cycle is not None:
                        depot.remember(pace.received(past.cycle))
                if depot.configuration is not offered:
                    offered = depot.configuration
                    await configurations.publish([registry.encode("site.configuration.v1", offered)])
                due = (pace.simulated(clock.now()) - depot.now) // TICK
                for _ in range(min(due, ceil(speed))):
                    if depot.now == end:
                        break
                    payloads = depot.tick(depot.now + TICK)
                    await telemetry.publish([telemetry_message(pace.sent(payload)) for payload in payloads])
    finally:
        await asyncio.gather(configurations.close(), telemetry.close())
    summary = asdict(depot.summary())
    # A cycle that is not published is the worker's own affair; here it cannot be counted.
    result = {
        "simulated_s": summary.pop("simulated_s"),
        "cycles": tally.cycles_published,
        **tally.summary(),
        **summary,
    }
    return result, depot.account()


def at_speed(scenario: Scenario, speed: float) -> Scenario:
    """The scenario for a service that lives on the wall.

    In fast motion the service takes as long as ever to react, which is so much more simulated time. In slow motion the
    devices take longer than the service expects of them: what it expects is stretched likewise.
    """
    if speed >= 1:
        return replace(scenario, reaction_s=ceil(scenario.reaction_s * speed))
    settings = asdict(read_configuration(scenario.configuration).settings)
    stretched = {name: ceil(value / speed) if name.endswith("_s") else value for name, value in settings.items()}
    return replace(scenario, configuration={**scenario.configuration, "settings": stretched})


def _but_for_version(configuration: Mapping[str, Any]) -> object:
    return replace(read_configuration(configuration), version=0)
