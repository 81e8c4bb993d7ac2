"""What flowed, what was permitted and what could be borne at the circuits of a depot, second by second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.simulation.layout import Layout

MOST_SAMPLES = 720
"""A long run is kept in coarser steps, not in more of them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Watts at every circuit, in the order of `TimeLine.circuits`, at the end of this second of the run."""

    second: int
    load_w: tuple[int, ...]
    permitted_w: tuple[int, ...]
    capacity_w: tuple[int | None, ...]


class TimeLine:
    """A sample every so many seconds. Load and permitted power include the background."""

    def __init__(self, layout: Layout) -> None:
        self.every_s = 5
        self.samples: list[Sample] = []
        stations = {station.node for station in layout.stations}
        self._layout = layout
        self._indices = [index for index in range(1, len(layout.nodes)) if index not in stations]

    @property
    def circuits(self) -> list[str]:
        """Ids of the circuits, parents before children."""
        return [self._layout.nodes[index].node_id for index in self._indices]

    def note(
        self,
        second: int,
        *,
        charging_w: Sequence[int],
        permitted_w: Sequence[int],
        background_w: Sequence[int],
        capacities_w: Mapping[str, int],
    ) -> None:
        """Take in a second of the run; lists are by node of the layout, `capacities_w` replaces some by node id."""
        if second % self.every_s:
            return
        nodes = self._layout.nodes
        self.samples.append(
            Sample(
                second,
                tuple(charging_w[index] + background_w[index] for index in self._indices),
                tuple(permitted_w[index] + background_w[index] for index in self._indices),
                tuple(capacities_w.get(nodes[index].node_id, nodes[index].capacity_w) for index in self._indices),
            )
        )
        if len(self.samples) > MOST_SAMPLES:
            self.every_s *= 2
            self.samples = [each for each in self.samples if each.second % self.every_s == 0]
