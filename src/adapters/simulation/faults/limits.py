"""Configurations that take away what a depot was built for, and give it back."""

from collections.abc import Mapping
from datetime import datetime

from adapters.simulation.faults.script import Undisturbed
from adapters.simulation.plant import Plant


class TooLittleForAll(Undisturbed):
    """Every grid connection gets half of what the minimums of those who charge need, plus the background."""

    def __init__(self, plant: Plant, seconds: range) -> None:
        super().__init__()
        self._plant = plant
        self._seconds = seconds

    def act(self, now: datetime, second: int) -> None:
        if second in self._seconds and not self.capacities_w:
            self._impose(self._capacities_w())
        elif second not in self._seconds and self.capacities_w:
            self._impose({})

    def _impose(self, capacities_w: Mapping[str, int]) -> None:
        if capacities_w != self.capacities_w:
            self.capacities_w = capacities_w
            self.messages_affected += 1

    def _capacities_w(self) -> dict[str, int]:
        nodes = self._plant.layout.nodes
        needed_w = [0] * len(nodes)
        for charger in self._plant.chargers.values():
            needed_w[charger.station.node] = sum(
                socket.outlet.min_power_w for socket in charger.sockets if socket.wanted_w
            )
        self._plant.layout.roll_up(needed_w)
        return {
            node.node_id: needed_w[index] // 2 + self._plant.background_w[index]
            for index, node in enumerate(nodes)
            if node.parent == 0 and needed_w[index]
        }


class LoweredRatings(Undisturbed):
    """Every charge point and every connector is rated at a part of what it was. The hardware stays as it is."""

    PERCENT = 40

    def __init__(self, seconds: range) -> None:
        super().__init__()
        self._seconds = seconds

    def act(self, now: datetime, second: int) -> None:
        percent = self.PERCENT if second in self._seconds else 100
        self.messages_affected += percent != self.ratings_percent
        self.ratings_percent = percent
