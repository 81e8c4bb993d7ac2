"""The configuration of a depot as it changes while the depot lives."""

from collections.abc import Mapping, Sequence

from adapters.simulation.layout import Configuration, Payload
from adapters.simulation.scenario import CapacityStep


class Configurations:
    """The configuration in force: the first one, the steps that are planned, and what somebody imposes on top.

    `current` is the newest version; `capacities_w` the default capacities in it that differ from the first one's.
    """

    def __init__(self, first: Configuration, steps: Sequence[CapacityStep]) -> None:
        self.current = first
        self.capacities_w: Mapping[str, int] = {}
        self._first = first
        self._steps = sorted(steps, key=lambda step: step.second)

    def number_from(self, version: int) -> None:
        """Let the configuration in force bear this version."""
        self.current = {**self.current, "version": version}

    def tick(self, second: int, imposed_w: Mapping[str, int]) -> None:
        """Bring the configuration to this second of the run."""
        planned_w = {step.circuit_id: step.capacity_w for step in self._steps if step.second <= second}
        capacities_w = {**planned_w, **imposed_w}
        if capacities_w == self.capacities_w:
            return
        self.capacities_w = capacities_w
        circuits = [_with_capacity(each, capacities_w.get(each["circuit_id"])) for each in self._first["circuits"]]
        self.current = {**self._first, "circuits": circuits, "version": self.current["version"] + 1}


def _with_capacity(circuit: Configuration, capacity_w: int | None) -> Payload:
    """The circuit with another default capacity; its safe operating capacity changes in proportion."""
    if capacity_w is None:
        return dict(circuit)
    default_w, safe_w = circuit["default_capacity_w"], circuit.get("safe_operating_capacity_w")
    if safe_w is not None:
        safe_w = safe_w * capacity_w // default_w if default_w else 0
    return {**circuit, "default_capacity_w": capacity_w, "safe_operating_capacity_w": safe_w}
