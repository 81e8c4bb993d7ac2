"""A small controller for the depot under test: shares equally under every capacity, from what was reported last."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.simulation.depot import Depot
from adapters.simulation.ideal import Allocator, Want
from adapters.simulation.layout import Configuration, ConnectorKey, Payload, read_layout

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def equal_share(configuration: Configuration) -> Allocator:
    """Max-min fair in whole watts: going up the tree, every node lowers the level of the water below it till it fits.

    Only for depots whose minimums all fit.
    """
    layout = read_layout(configuration)
    above: dict[ConnectorKey, list[int]] = {}
    for station in layout.stations:
        path = [station.node]
        while path[-1]:
            path.append(layout.nodes[path[-1]].parent)
        above.update({outlet.key: path for outlet in station.outlets})
    minimum_w = {outlet.key: outlet.min_power_w for outlet in layout.outlets}

    def allocate(wants: Sequence[Want]) -> Mapping[ConnectorKey, int]:
        given: dict[ConnectorKey, int] = {}
        below: list[list[ConnectorKey]] = [[] for _ in layout.nodes]
        for want in wants:
            key = (want.charge_point_id, want.connector_id)
            given[key] = want.requested_w
            for node in above[key]:
                below[node].append(key)
        for node in range(len(layout.nodes) - 1, -1, -1):
            capacity_w = layout.nodes[node].capacity_w
            if capacity_w is not None:
                _fit(given, below[node], minimum_w, capacity_w)
        return given

    return allocate


def _fit(
    given: dict[ConnectorKey, int],
    keys: Iterable[ConnectorKey],
    minimum_w: Mapping[ConnectorKey, int],
    capacity_w: int,
) -> None:
    total_w = sum(given[key] for key in keys)
    fits, too_much = 0, capacity_w + 1
    while total_w > capacity_w:
        level = (fits + too_much) // 2
        if level == fits:
            for key in keys:
                given[key] = min(given[key], max(level, minimum_w[key]))
            return
        if sum(min(given[key], max(level, minimum_w[key])) for key in keys) <= capacity_w:
            fits = level
        else:
            too_much = level


def cycle(
    cycle_seq: int, decided_at: datetime, limits_w: Mapping[ConnectorKey, int | None], valid_for_s: int = 120
) -> dict[str, Any]:
    """The data of a `CycleCompleted`, as far as a depot reads them."""
    return {
        "cycle_seq": cycle_seq,
        "decided_at": decided_at.isoformat().replace("+00:00", "Z"),
        "setpoints": [
            {
                "charge_point_id": charge_point_id,
                "connector_id": connector_id,
                "limit_w": limit_w,
                "valid_for_s": valid_for_s,
            }
            for (charge_point_id, connector_id), limit_w in limits_w.items()
        ],
    }


class Controller:
    """Decides every few seconds and when a status changed, and tells every connector of its depot."""

    def __init__(self, configuration: Configuration, every_s: int = 5) -> None:
        self.cycles = 0
        self._every = timedelta(seconds=every_s)
        self._allocate = equal_share(configuration)
        self._outlets = read_layout(configuration).outlets
        self._readings: dict[ConnectorKey, Payload] = {}
        self._decided_at: datetime | None = None

    def answer(self, now: datetime, payloads: Iterable[Payload]) -> dict[str, Any] | None:
        """The cycle that follows these messages, if one is due."""
        changed = False
        for payload in payloads:
            for reading in payload.get("connectors", ()):
                key = (payload["charge_point_id"], reading["connector_id"])
                changed |= self._readings.get(key, {}).get("status") != reading["status"]
                self._readings[key] = reading
        if not changed and self._decided_at is not None and now < self._decided_at + self._every:
            return None
        self._decided_at = now
        self.cycles += 1
        wants = [
            Want(*outlet.key, min(self._readings[outlet.key]["requested_w"], outlet.max_power_w))
            for outlet in self._outlets
            if outlet.key in self._readings and self._readings[outlet.key]["requested_w"] >= outlet.min_power_w
        ]
        given = self._allocate(wants)
        return cycle(self.cycles, now, {outlet.key: given.get(outlet.key, 0) for outlet in self._outlets})


def run(depot: Depot, seconds: int, controller: Controller | None = None) -> list[Payload]:
    """Let a depot live for a while, with or without somebody who controls it; returns everything it sent."""
    sent: list[Payload] = []
    for _ in range(seconds):
        payloads = depot.tick(depot.now + timedelta(seconds=1))
        sent += payloads
        decided = controller.answer(depot.now, payloads) if controller is not None else None
        if decided is not None:
            depot.deliver(decided)
    return sent
