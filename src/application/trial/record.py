"""What was told and heard in a trial."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from application.ports.bus import Inbound
from application.trial.rungs import Key, Rungs, rungs
from application.trial.script import Step
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, ConnectorReading
from domain.site.configuration import SiteConfiguration
from domain.site.power import Watts
from domain.site.power_tree import derive


@dataclass(frozen=True, slots=True)
class Heard:
    """A message on the telemetry topic: when it was received, what it says, and whether it lies where it belongs."""

    at: datetime
    body: Inbound
    is_misplaced: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A cycle that was published."""

    cycle_seq: int
    at: datetime
    valid_for: timedelta
    lists: bool


@dataclass(slots=True)
class Span:
    """A step that began, with the cycles that are new in it; `ended_at` once the next one began."""

    step: Step
    begun_at: datetime
    told: list[Told] = field(default_factory=list)
    answered_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A reading of a connector: when it was received, and when it was true by the clock of the trial."""

    received_at: datetime
    at: datetime
    reading: ConnectorReading

    @property
    def power_w(self) -> Watts | None:
        return self.reading.power_w

    @property
    def is_charging(self) -> bool:
        return self.reading.status == "Charging"


class Record:
    """All that was told and heard so far."""

    def __init__(self, configuration: SiteConfiguration) -> None:
        self.configuration = configuration
        self.tree = derive(configuration)
        self.rungs: Mapping[Key, Rungs] = rungs(self.tree, configuration.settings)
        self.spans: dict[str, Span] = {}
        self.heard: list[Heard] = []

    @property
    def grace(self) -> timedelta:
        return timedelta(seconds=self.configuration.settings.apply_grace_s)

    @property
    def messages(self) -> Iterator[tuple[Heard, ChargePointTelemetry]]:
        """What charge points of the site said, as far as it arrived where a worker would read it."""
        for heard in self.heard:
            body = heard.body
            if isinstance(body, ChargePointTelemetry) and not heard.is_misplaced and self._is_ours(body):
                yield heard, body

    def _is_ours(self, body: ChargePointTelemetry) -> bool:
        is_here = body.microgrid_id == self.configuration.microgrid_id
        return is_here and body.charge_point_id in self.tree.charge_points


class Judged:
    """A record that is complete, as the checks look at it."""

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def rungs(self) -> Mapping[Key, Rungs]:
        return self.record.rungs

    @property
    def grace(self) -> timedelta:
        return self.record.grace

    @cached_property
    def messages(self) -> Sequence[tuple[Heard, ChargePointTelemetry]]:
        return [*self.record.messages]

    @cached_property
    def behind(self) -> Mapping[str, timedelta]:
        """How far the clock of each device is behind that of the trial; what a message takes to arrive is in it."""
        found: dict[str, timedelta] = {}
        for heard in self.record.heard:
            if isinstance(heard.body, ChargePointTelemetry | CircuitTelemetry):
                device, behind = device_of(heard.body), heard.at - heard.body.measured_at
                found[device] = min(behind, found.get(device, behind))
        return found

    @cached_property
    def seen(self) -> Mapping[Key, Sequence[Seen]]:
        """The readings of every connector, in the order in which they were true."""
        found: dict[Key, list[Seen]] = {key: [] for key in self.rungs}
        for heard, message in self.messages:
            at = message.measured_at + self.behind[message.charge_point_id]
            for reading in message.connectors:
                key = (message.charge_point_id, reading.connector_id)
                if key in found:
                    found[key].append(Seen(heard.at, at, reading))
        return {key: sorted(readings, key=lambda each: each.at) for key, readings in found.items()}

    def span(self, name: str) -> Span | None:
        """A step that was gone through to its end."""
        span = self.record.spans.get(name)
        return None if span is None or span.ended_at is None else span

    def between(self, key: Key, after: datetime, until: datetime) -> Sequence[Seen]:
        """The readings of a connector with a power, true after one instant and until another."""
        return [each for each in self.seen[key] if after < each.at <= until and each.power_w is not None]

    def drew_more(self, key: Key, than_w: Watts, before: datetime) -> bool:
        """Whether the last power known before an instant was more than this."""
        known = [each.power_w for each in self.seen[key] if each.at <= before and each.power_w is not None]
        return bool(known) and known[-1] > than_w


def device_of(body: ChargePointTelemetry | CircuitTelemetry) -> str:
    """Who sent a message."""
    return body.charge_point_id if isinstance(body, ChargePointTelemetry) else body.circuit_id
