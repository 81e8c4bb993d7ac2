"""Workers that change while nothing is seen."""

from datetime import datetime

from adapters.simulation.faults.links import Outage
from adapters.simulation.plant import Plant


class TakeOvers(Outage):
    """Every 25 s another worker goes on from what is stored; for a part of that time every meter is silent."""

    EVERY_S = 25

    def __init__(self, plant: Plant, seconds: range, silent: range) -> None:
        super().__init__(plant, plant.meters, silent)
        self._taking_over = seconds

    def act(self, now: datetime, second: int) -> None:
        super().act(now, second)
        into = second - self._taking_over.start
        self.takes_over = second in self._taking_over and into % self.EVERY_S == 0
        self.messages_affected += self.takes_over
