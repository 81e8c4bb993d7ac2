"""A small controller for the depot under test: shares equally under every capacity, from what was reported last."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.simulation.delivery import Delivery, deliveries
from adapters.simulation.depot import Depot
from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.ideal import Allocator, Want
from adapters.simulation.layout import Configuration, ConnectorKey, Layout, Payload, read_layout
from adapters.simulation.scenario import Scenario
from adapters.simulation.scenarios import SCENARIOS

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def a_depot(
    scenario: Scenario | str = "joondalup-small", seed: int = 1, start: datetime = START, fault: str | None = None
) -> Depot:
    """A depot whose ideal twin is served by `equal_share`."""
    played = SCENARIOS[scenario] if isinstance(scenario, str) else scenario
    return Depot(played, seed, start, equal_share(), None if fault is None else FAULTS[fault])


def equal_share() -> Allocator:
    """Max-min fair in whole watts: going up the tree, every node lowers the level of the water below it till it fits.

    Only for depots whose minimums all fit. The order and unit of the configuration's strategy are not looked at.
    """
    layouts: dict[tuple[str, int], tuple[Layout, dict[ConnectorKey, list[int]]]] = {}

    def allocate(
        configuration: Configuration, background_w: Mapping[str, int], wants: Sequence[Want], now: datetime
    ) -> Mapping[ConnectorKey, int]:
        name = (configuration["microgrid_id"], configuration["version"])
        if name not in layouts:
            layouts[name] = _with_paths(read_layout(configuration))
        layout, above = layouts[name]
        minimum_w = {outlet.key: outlet.min_power_w for outlet in layout.outlets}
        background = [background_w.get(node.node_id, 0) for node in layout.nodes]
        layout.roll_up(background)
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
                _fit(given, below[node], minimum_w, capacity_w - background[node])
        return given

    return allocate


def _with_paths(layout: Layout) -> tuple[Layout, dict[ConnectorKey, list[int]]]:
    return layout, {
        outlet.key: [station.node, *layout.circuits_above(station), 0]
        for station in layout.stations
        for outlet in station.outlets
    }


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


def told(
    cycle_seq: int, decided_at: datetime, limits_w: Mapping[ConnectorKey, int | None], valid_for_s: int = 120
) -> list[Delivery]:
    """The same on its way to the charge points."""
    return deliveries(cycle(cycle_seq, decided_at, limits_w, valid_for_s))


class Controller:
    """Decides every few seconds and when a status changed, and tells every connector of its depot.

    It lowers at once and raises to what it has wanted for longer than any charger's lag. For a building it leaves
    the room that this may take at most.
    """

    RAISES_AFTER = timedelta(seconds=10)

    def __init__(self, scenario: Scenario, every_s: int = 5) -> None:
        self.cycles = 0
        self._every = timedelta(seconds=every_s)
        self._allocate = equal_share()
        self._outlets = read_layout(scenario.configuration).outlets
        self._background_w = {plan.circuit_id: plan.peak_w for plan in scenario.buildings}
        self._readings: dict[ConnectorKey, Payload] = {}
        self._decided_at: datetime | None = None
        # Until it has told everybody something, chargers that have not heard it yet are on their fallback.
        fallback = {outlet.key: outlet.min_power_w for outlet in self._outlets}
        self._targets: deque[tuple[datetime, Mapping[ConnectorKey, int]]] = deque([(START, fallback)])

    def answer(self, now: datetime, payloads: Iterable[Payload], configuration: Configuration) -> dict[str, Any] | None:
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
            a_want(*outlet.key, requested_w=wanted_w)
            for outlet in self._outlets
            if (wanted_w := self._wanted_w(outlet.key, outlet.max_power_w)) >= outlet.min_power_w
        ]
        self._targets.append((now, self._allocate(configuration, self._background_w, wants, now)))
        while len(self._targets) > 1 and self._targets[1][0] <= now - self.RAISES_AFTER:
            self._targets.popleft()
        lowest = {outlet.key: min(given.get(outlet.key, 0) for _, given in self._targets) for outlet in self._outlets}
        return cycle(self.cycles, now, lowest)

    def _wanted_w(self, key: ConnectorKey, rating_w: int) -> int:
        reading = self._readings.get(key)
        if reading is None or reading["status"] in ("Available", "Finishing"):
            return 0
        return rating_w if reading["requested_w"] is None else min(reading["requested_w"], rating_w)


def a_want(charge_point_id: str, connector_id: int, requested_w: int) -> Want:
    """A want of a session that nobody knows anything about."""
    return Want(charge_point_id, connector_id, requested_w, "s-1", START, START + timedelta(hours=4), 100_000, 1)


def run(depot: Depot, seconds: int, controller: Controller | None = None) -> list[Payload]:
    """Let a depot live for a while, with or without somebody who controls it; returns everything that arrived."""
    arrived: list[Payload] = []
    for _ in range(seconds):
        payloads = depot.tick(depot.now + timedelta(seconds=1))
        arrived += payloads
        decided = controller.answer(depot.now, payloads, depot.configuration) if controller is not None else None
        if decided is not None:
            depot.deliver(decided)
    return arrived
