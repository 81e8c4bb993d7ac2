"""The configuration of a depot as it changes while the depot lives."""

from collections.abc import Mapping, Sequence

from adapters.simulation.layout import Configuration, Payload, connector_id
from adapters.simulation.scenario import CapacityStep


class Configurations:
    """The configuration in force: the first one, the steps that are planned, and what somebody imposes on top.

    `current` is the newest version; `capacities_w` the default capacities and ratings in it that differ from the first
    one's, by node id.
    """

    def __init__(self, first: Configuration, steps: Sequence[CapacityStep]) -> None:
        self.current = first
        self.capacities_w: Mapping[str, int] = {}
        self._circuits_w: Mapping[str, int] = {}
        self._ratings_percent = 100
        self._first = first
        self._steps = sorted(steps, key=lambda step: step.second)

    def number_from(self, version: int) -> None:
        """Let the configuration in force bear this version."""
        self.current = {**self.current, "version": version}

    def tick(self, second: int, imposed_w: Mapping[str, int], ratings_percent: int = 100) -> None:
        """Bring the configuration to this second of the run."""
        planned_w = {step.circuit_id: step.capacity_w for step in self._steps if step.second <= second}
        circuits_w = {**planned_w, **imposed_w}
        if (circuits_w, ratings_percent) == (self._circuits_w, self._ratings_percent):
            return
        self._circuits_w, self._ratings_percent = circuits_w, ratings_percent
        circuits = [_with_capacity(each, circuits_w.get(each["circuit_id"])) for each in self._first["circuits"]]
        self.current = {**self._first, "circuits": circuits, "version": self.current["version"] + 1}
        self.capacities_w = circuits_w
        if ratings_percent != 100:
            charge_points = [_rated(each, ratings_percent) for each in self._first["charge_points"]]
            self.current = {**self.current, "charge_points": charge_points}
            self.capacities_w = {**circuits_w, **_ratings_w(charge_points)}


def _rated(charge_point: Configuration, percent: int) -> Payload:
    """The charge point with so much of its rating and of its connectors'; nothing else about it is above that."""
    return {
        **_part_of(charge_point, percent, "fallback_power_w"),
        "connectors": [_part_of(each, percent, "min_power_w", "idle_power_w") for each in charge_point["connectors"]],
    }


def _part_of(rated: Configuration, percent: int, *at_most: str) -> Payload:
    rating_w = int(rated["max_power_w"]) * percent // 100
    bounded = {key: min(rated[key], rating_w) for key in at_most if rated.get(key) is not None}
    return {**rated, **bounded, "max_power_w": rating_w}


def _ratings_w(charge_points: Sequence[Configuration]) -> dict[str, int]:
    """The ratings of charge points and connectors by node id."""
    ratings_w: dict[str, int] = {}
    for each in charge_points:
        ratings_w[each["charge_point_id"]] = each["max_power_w"]
        for connector in each["connectors"]:
            ratings_w[connector_id((each["charge_point_id"], connector["connector_id"]))] = connector["max_power_w"]
    return ratings_w


def _with_capacity(circuit: Configuration, capacity_w: int | None) -> Payload:
    """The circuit with another default capacity; its safe operating capacity changes in proportion."""
    if capacity_w is None:
        return dict(circuit)
    default_w, safe_w = circuit["default_capacity_w"], circuit.get("safe_operating_capacity_w")
    if safe_w is not None:
        safe_w = safe_w * capacity_w // default_w if default_w else 0
    return {**circuit, "default_capacity_w": capacity_w, "safe_operating_capacity_w": safe_w}
