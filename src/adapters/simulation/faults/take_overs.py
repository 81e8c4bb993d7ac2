"""Workers that change while nothing is seen."""

from datetime import datetime

from adapters.simulation.faults.links import Outage
from adapters.simulation.faults.script import held_lower_unseen
from adapters.simulation.plant import Plant
from adapters.simulation.witness import Missing, Witness


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

    def missing(self, witness: Witness, second: int) -> list[Missing]:
        if second < self._seconds.stop:
            return []
        return [
            Missing("safe_mode_not_entered", node_id, f"{node_id} was not held to its safe limit unseen.")
            for node_id in held_lower_unseen(self._plant)
            if not any(each.mode == "safe" for each in witness.judgements(node_id, self._seconds))
        ]
