"""The system as one worker runs it: mail in, a cycle where one is due, setpoints out; any worker may be replaced."""

from dataclasses import replace
from datetime import UTC, datetime

from adapters.clock import VirtualClock
from application.mailbox import Mailbox
from domain.events import CycleCompleted, DomainEvent
from domain.knowledge.readings import Telemetry
from domain.microgrid import Decide, Microgrid
from domain.sharing import rebalance
from domain.site.configuration import SiteConfiguration

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Worker:
    """Decides one microgrid. What is stored outlives it: the microgrid; its mail does not.

    `refused`: the plans that the certificate refused; `announced`: all that was.
    """

    def __init__(self, microgrid_id: str, decide: Decide = rebalance.decide) -> None:
        self._decide = decide
        self.microgrid = Microgrid(microgrid_id)
        self.cycles = 0
        self.refused: list[str] = []
        self.announced: list[DomainEvent] = []
        self._clock = VirtualClock(LONG_AGO)
        self._mailbox = Mailbox(self._clock)

    def configure(self, configuration: SiteConfiguration, now: datetime) -> None:
        change = self.microgrid.configure(configuration, now)
        assert change.microgrid.site is not None, change.events
        assert change.microgrid.site.configuration == configuration, change.events
        self.microgrid = change.microgrid
        self._clock.advance(now)
        self._mailbox.open(self.microgrid)

    def receive(self, message: Telemetry, now: datetime) -> None:
        self._clock.advance(now)
        self._mailbox.post(message)

    def take_over(self, now: datetime) -> None:
        """Another worker goes on from what is stored."""
        self._clock.advance(now)
        self._mailbox, self.microgrid = Mailbox(self._clock), replace(self.microgrid, seen=None)
        self._mailbox.open(self.microgrid)

    def decide(self, now: datetime) -> CycleCompleted | None:
        """Run a cycle where one is due; what it published."""
        published = None
        self._clock.advance(now)
        for due in self._mailbox.due():
            change = due.microgrid.run_cycle(due.readings, due.trigger, due.at, self._decide)
            if change.plan_fault is not None:
                self.refused.append(change.plan_fault)
            self.microgrid = change.microgrid
            self.cycles += 1
            self.announced += change.events
            published = next((event for event in change.events if isinstance(event, CycleCompleted)), None)
            self._mailbox.decided(due, self.microgrid, published)
        return published
