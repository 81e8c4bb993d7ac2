"""The service in virtual time: what came in, and when, decided as a worker would have."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, assert_never

from application.answering import offer
from application.box import DueCycle
from application.mailbox import Mailbox
from application.ports.bus import MalformedConfiguration, Offer, Retirement
from domain.events import DomainEvent
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry
from domain.microgrid import Change, Microgrid, MicrogridState
from domain.site.configuration import SiteConfiguration
from domain.site.site import Site


@dataclass(frozen=True, slots=True)
class TimeMark:
    """Nothing arrives, and what is due by then is decided."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Another worker goes on from the stored state."""


Happening: TypeAlias = Offer | ChargePointTelemetry | CircuitTelemetry | TakeOver | TimeMark


@dataclass(frozen=True, slots=True)
class Input:
    """What happens at an instant. `id` is that of the message, where it has one."""

    at: datetime
    happening: Happening
    id: str | None = None


BEGINNING = datetime.min.replace(tzinfo=UTC)


class _VirtualTime:
    """Both clocks are one, and stand still until the next input."""

    def __init__(self) -> None:
        self.instant = BEGINNING

    def now(self) -> datetime:
        return self.instant

    def steady(self) -> timedelta:
        return self.instant - BEGINNING


class Replay:
    """Any number of microgrids, decided in virtual time; `now` is the instant of the newest input.

    `read_back` gives a state as it is read again once it was stored.
    """

    def __init__(self, read_back: Callable[[MicrogridState], MicrogridState]) -> None:
        self._read_back = read_back
        self._microgrids: dict[str, Microgrid] = {}
        self._time = _VirtualTime()
        self._mailbox = Mailbox(self._time)

    @property
    def now(self) -> datetime:
        return self._time.instant

    def next_due(self) -> datetime | None:
        """When the next cycle is due if nothing more happens; None where there is nobody to decide for."""
        due = self._mailbox.next_due()
        return None if due is None else max(BEGINNING + due, self.now)

    def workspace_of(self, microgrid_id: str) -> str | None:
        """The workspace of a microgrid that has been heard of."""
        return self._microgrids[microgrid_id].workspace_id

    def play(self, given: Input) -> Iterator[DomainEvent]:
        """The events up to this input and those it causes. Raises ValueError where it is earlier than the one before.

        A cycle that is due at the same instant waits: more may arrive at it.
        """
        if given.at < self.now:
            raise ValueError(f"{given.at} is earlier than {self.now}")
        while (due := self.next_due()) is not None and due < given.at:
            self._time.instant = due
            yield from self._decide()
        self._time.instant = given.at
        match given.happening:
            case TimeMark():
                yield from self._decide()
            case TakeOver():
                self._take_over()
            case SiteConfiguration() | MalformedConfiguration() | Retirement() as offered:
                yield from self._answer(offered, given.id)
            case ChargePointTelemetry() | CircuitTelemetry() as telemetry:
                if self._mailbox.knows(telemetry.microgrid_id):
                    self._mailbox.post(telemetry)
            case _:
                assert_never(given.happening)

    def _answer(self, offered: Offer, request_id: str | None) -> Iterator[DomainEvent]:
        microgrid_id = offered.microgrid_id
        microgrid = self._microgrids.get(microgrid_id, Microgrid(microgrid_id))
        change = offer(microgrid, offered, self.now, request_id)
        self._mailbox.open(change.microgrid)
        return self._kept(change)

    def _decide(self) -> Iterator[DomainEvent]:
        """Every cycle that is due now."""
        for cycle in self._mailbox.due():
            yield from self._run(cycle)

    def _run(self, cycle: DueCycle) -> Iterator[DomainEvent]:
        change = cycle.microgrid.run_cycle(cycle.readings, cycle.trigger, cycle.at)
        self._mailbox.decided(cycle, change.microgrid)
        return self._kept(change)

    def _kept(self, change: Change) -> Iterator[DomainEvent]:
        self._microgrids[change.microgrid.microgrid_id] = change.microgrid
        return iter(change.events)

    def _take_over(self) -> None:
        self._mailbox = Mailbox(self._time)
        for microgrid_id, microgrid in self._microgrids.items():
            site = None if microgrid.site is None else Site.of(microgrid.site.configuration)
            taken_over = replace(microgrid, site=site, state=self._read_back(microgrid.state), seen=None)
            self._microgrids[microgrid_id] = taken_over
            self._mailbox.open(taken_over)
