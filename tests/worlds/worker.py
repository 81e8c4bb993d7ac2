"""The system as one worker runs it: mail in, a cycle where one is due, setpoints out; any worker may be replaced."""

from dataclasses import replace
from datetime import datetime

from application.mailbox import Mailbox
from domain.events import CycleCompleted, DomainEvent
from domain.knowledge.readings import Telemetry
from domain.microgrid import Decide, Microgrid
from domain.sharing import rebalance
from domain.site.configuration import SiteConfiguration


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
        self._mailbox = Mailbox()

    def configure(self, configuration: SiteConfiguration, now: datetime) -> None:
        change = self.microgrid.configure(configuration, now)
        assert change.microgrid.site is not None, change.events
        assert change.microgrid.site.configuration == configuration, change.events
        self.microgrid = change.microgrid
        self._mailbox.open(self.microgrid, now)

    def receive(self, message: Telemetry, now: datetime) -> None:
        self._mailbox.post(message, now)

    def take_over(self, now: datetime) -> None:
        """Another worker goes on from what is stored."""
        self._mailbox, self.microgrid = Mailbox(), replace(self.microgrid, seen=None)
        self._mailbox.open(self.microgrid, now)

    def decide(self, now: datetime) -> CycleCompleted | None:
        """Run a cycle where one is due; what it published."""
        published = None
        for due in self._mailbox.due(now):
            change = self.microgrid.run_cycle(due.readings, due.trigger, now, self._decide)
            if change.plan_fault is not None:
                self.refused.append(change.plan_fault)
            self.microgrid = change.microgrid
            self.cycles += 1
            self.announced += change.events
            published = next((event for event in change.events if isinstance(event, CycleCompleted)), None)
            self._mailbox.decided(due.microgrid_id, now, published, self.microgrid.wakes_at(now))
        return published
