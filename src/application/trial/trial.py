"""A trial under way: it says which events are due, takes in what is heard, and is over at some time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.trial import cycles
from application.trial.record import Heard, Record, Span, Told
from application.trial.rungs import Key, Tells
from application.trial.script import BEGIN, LOW, Step, script
from domain.events import CycleCompleted, DomainEvent
from domain.knowledge.readings import STATUSES_WITH_DEMAND, ChargePointTelemetry, ConnectorReading
from domain.site.configuration import SiteConfiguration


@dataclass(frozen=True, slots=True)
class _Latest:
    """The newest sign of a connector."""

    at: datetime
    reading: ConnectorReading


class Trial:
    """Plays the service's side against a gateway, for every connector of a site at once.

    `record` is what came of it. Cycles are numbered from the clock in seconds: a gateway that took part in an earlier
    trial goes on taking them for newer ones. Where no charge point was heard in the first step, it is over with that.
    """

    def __init__(self, configuration: SiteConfiguration, *, attended: bool = False) -> None:
        self.record = Record(configuration)
        self.is_over = False
        self._steps = [*script(configuration.settings, attended=attended)]
        self._refresh = timedelta(seconds=configuration.settings.refresh_interval_s)
        self._event_seq = self._cycle_seq = 0
        self._high: CycleCompleted | None = None
        self._latest: dict[Key, _Latest] = {}
        self._tried_on: frozenset[Key] = frozenset()
        self._heard_of: set[str] = set()

    @property
    def step(self) -> Step:
        """The step that is under way, or the next one where none began yet."""
        return self._steps[0]

    @property
    def question(self) -> str | None:
        """What the engineer is asked now; None where nothing is, or where it was answered."""
        span = self.record.spans.get(self.step.name)
        return None if self.is_over or span is None or span.answered_at is not None else self.step.question

    def answer(self, now: datetime) -> None:
        """Take it that what was asked is done."""
        self.record.spans[self.step.name].answered_at = now

    def hear(self, heard: Heard) -> None:
        """Take in a message of the telemetry topic."""
        self.record.heard.append(heard)
        body = heard.body
        if not isinstance(body, ChargePointTelemetry) or heard.is_misplaced:
            return
        self._heard_of.add(body.charge_point_id)
        for reading in body.connectors:
            self._latest[body.charge_point_id, reading.connector_id] = _Latest(heard.at, reading)

    def turn(self, now: datetime) -> Sequence[DomainEvent]:
        """The events to be published now, in this order. An event may be one that was published before."""
        if self.is_over:
            return ()
        if not self.record.spans:
            return [*self._first(now), *self._begin(now)]
        span = self.record.spans[self.step.name]
        if not self._is_done(span, now):
            return self._renewed(span, now)
        span.ended_at = now
        in_vain = self.step.name == BEGIN and not self._heard_of
        if in_vain or len(self._steps) == 1:
            self.is_over = True
            return ()
        del self._steps[0]
        return self._begin(now)

    def _is_done(self, span: Span, now: datetime) -> bool:
        step, since = span.step, span.answered_at or span.begun_at
        if step.question is not None and span.answered_at is None:
            return False
        settled_at = since + step.least
        if now < settled_at:
            return False
        is_whole = step.name != BEGIN or self._heard_of >= self.record.tree.charge_points.keys()
        has_resumed = not step.awaits_vehicles or self._tried_on <= self._drawing()
        in_use = [each for each in self._latest.values() if each.reading.status in STATUSES_WITH_DEMAND]
        return now >= since + step.most or (is_whole and has_resumed and all(each.at > settled_at for each in in_use))

    def _drawing(self) -> frozenset[Key]:
        """The connectors that draw more than the low rung keeps."""
        return frozenset(
            key
            for key, each in self._latest.items()
            if (rungs := self.record.rungs.get(key)) and (each.reading.power_w or 0) > rungs.kept_w(rungs.low_w)
        )

    def _first(self, now: datetime) -> Sequence[DomainEvent]:
        self._cycle_seq = int(now.timestamp())
        first = cycles.introduced(self.record.configuration, self.record.tree, now)
        self._event_seq = len(first)
        return first

    def _begin(self, now: datetime) -> Sequence[DomainEvent]:
        step = self.step
        if step.name == LOW:
            self._tried_on = self._drawing()
        span = self.record.spans[step.name] = Span(step, now)
        if step.is_burst and self._high is not None:
            before = [self._cycle(span, each, now) for each in (Tells.HIGH, Tells.LOW, Tells.HIGH)]
            return [*before, *self._renewed_and_again(span, now)]
        return [] if step.tells is Tells.SILENCE else self._renewed_and_again(span, now)

    def _renewed(self, span: Span, now: datetime) -> Sequence[DomainEvent]:
        if span.step.is_once or span.step.tells is Tells.SILENCE or now - span.told[-1].at < self._refresh:
            return ()
        return self._renewed_and_again(span, now)

    def _renewed_and_again(self, span: Span, now: datetime) -> Sequence[DomainEvent]:
        """A cycle; in a burst what a relay sends again after a crash comes behind what is newer."""
        cycle = self._cycle(span, span.step.tells, now)
        return [cycle] if not span.step.is_burst or self._high is None else [cycle, self._high]

    def _cycle(self, span: Span, tells: Tells, now: datetime) -> CycleCompleted:
        self._event_seq += 1
        self._cycle_seq += 1
        cycle = cycles.told(
            self.record,
            tells,
            span.step.valid_for,
            now,
            event_seq=self._event_seq,
            cycle_seq=self._cycle_seq,
        )
        span.told.append(Told(self._cycle_seq, now, span.step.valid_for, bool(cycle.setpoints)))
        if tells is Tells.HIGH:
            self._high = cycle
        return cycle
