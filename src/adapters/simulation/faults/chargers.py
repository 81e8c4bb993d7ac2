"""Chargers that do otherwise than they are told."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from random import Random

from adapters.simulation.charger import Charger
from adapters.simulation.delivery import Delivery
from adapters.simulation.faults.script import Undisturbed, in_use
from adapters.simulation.plant import Plant
from adapters.simulation.sockets import Socket
from adapters.simulation.witness import Missing, Witness

CAUSE = "setpoint_not_honoured"
CLEARED_AFTER_S = 60


class Disobedience(Undisturbed):
    """At the fullest circuit the connector with the lowest setpoint above 0 draws its rating.

    Where that is more than a node bears for a while, it is a breach, cleared when the others have made room.
    """

    FOR_A_WHILE_S = 15
    OPENED_AFTER_S = 120

    def __init__(self, plant: Plant, seconds: range) -> None:
        super().__init__()
        self._plant = plant
        self._seconds = seconds
        self._stuck: Socket | None = None
        self._over_s: dict[str, int] = {}
        self._overloaded: list[str] = []

    def act(self, now: datetime, second: int) -> None:
        if second in self._seconds and self._stuck is None:
            self._stuck = self._choice(now)
        if self._stuck is not None:
            self._stuck.stuck = second in self._seconds
            self._look_for_overloads()

    def missing(self, witness: Witness, second: int) -> list[Missing]:
        missing: list[Missing] = []
        opened = any(each.cause == CAUSE for each in witness.breaches.values())
        if second >= self._seconds.start + self.OPENED_AFTER_S and self._overloaded and not opened:
            node_id = self._overloaded[0]
            missing.append(Missing("breach_not_opened", node_id, f"No breach ({CAUSE}) opened, as at {node_id}."))
        return missing + (witness.not_cleared(CAUSE) if second >= self._seconds.stop + CLEARED_AFTER_S else [])

    def down(self, deliveries: list[Delivery], second: int) -> list[Delivery]:
        if self._stuck is not None and self._stuck.stuck:
            charge_point_id, connector_id = self._stuck.outlet.key
            self.messages_affected += sum(
                delivery.charge_point_id == charge_point_id
                and any(each["connector_id"] == connector_id for each in delivery.setpoints)
                for delivery in deliveries
            )
        return deliveries

    def _look_for_overloads(self) -> None:
        """Which nodes are over their capacity by more than a breach is given, for a while."""
        stations = {charger.station.node for charger in self._plant.chargers.values()}
        for index, node in enumerate(self._plant.layout.nodes):
            margin_w = max(500, (node.capacity_w or 0) // (20 if index in stations else 100))
            load_w = self._plant.charging_w[index] + self._plant.background_w[index]
            is_over = node.capacity_w is not None and load_w > node.capacity_w + margin_w
            self._over_s[node.node_id] = self._over_s.get(node.node_id, 0) + 1 if is_over else 0
            if self._over_s[node.node_id] == self.FOR_A_WHILE_S:
                self._overloaded.append(node.node_id)

    def _choice(self, now: datetime) -> Socket | None:
        """Among the circuits below which somebody charges under a setpoint."""
        told: dict[int, list[tuple[int, Socket]]] = defaultdict(list)
        for charger in self._plant.chargers.values():
            circuits = self._plant.layout.circuits_above(charger.station)
            for socket in charger.sockets:
                limit_w = socket.limit_w(now)
                if limit_w and socket.power_w:
                    for circuit in circuits:
                        told[circuit].append((limit_w, socket))
        if not told:
            return None
        fullest = max(told, key=self._fullness)
        return min(told[fullest], key=lambda pair: pair[0])[1]

    def _fullness(self, node: int) -> float:
        capacity_w = self._plant.layout.nodes[node].capacity_w
        load_w = self._plant.charging_w[node] + self._plant.background_w[node]
        return load_w / capacity_w if capacity_w else 0


class Overdraw(Undisturbed):
    """Some charge points draw more than they are told, each by a factor of its own (per mille), all the time."""

    def __init__(self, plant: Plant, factors: Mapping[str, int]) -> None:
        super().__init__()
        self._factors = factors
        for charge_point_id, factor in factors.items():
            for socket in plant.chargers[charge_point_id].sockets:
                socket.factor = factor

    def down(self, deliveries: list[Delivery], second: int) -> list[Delivery]:
        self.messages_affected += sum(delivery.charge_point_id in self._factors for delivery in deliveries)
        return deliveries


class SomeInUse(Undisturbed):
    """Something is the matter with a tenth of the charge points: some at which there is a vehicle when it begins."""

    def __init__(self, plant: Plant, seconds: range, draw: Random) -> None:
        super().__init__()
        self.seconds = seconds
        self.chargers: Mapping[str, Charger] = {}
        self._plant = plant
        self._draw = draw

    def act(self, now: datetime, second: int) -> None:
        if second in self.seconds and not self.chargers:
            candidates = in_use(self._plant)
            number = min(max(1, len(self._plant.chargers) // 10), len(candidates))
            self.chargers = {name: self._plant.chargers[name] for name in self._draw.sample(candidates, number)}


class Refusals(SomeInUse):
    """They refuse every new setpoint, also one of the same limit, say so, and keep the old one until it lapses."""

    def act(self, now: datetime, second: int) -> None:
        super().act(now, second)
        for charger in self.chargers.values():
            charger.refuses = second in self.seconds

    def down(self, deliveries: list[Delivery], second: int) -> list[Delivery]:
        if second in self.seconds:
            self.messages_affected += sum(delivery.charge_point_id in self.chargers for delivery in deliveries)
        return deliveries


class Forgetting(SomeInUse):
    """They have no limit any more once a session ends, until they are told one.

    So that sessions do end, those at these charge points end every two minutes and begin again at once.
    """

    EVERY_S = 120

    def act(self, now: datetime, second: int) -> None:
        super().act(now, second)
        sockets = [socket for charger in self.chargers.values() for socket in charger.sockets]
        for socket in sockets:
            socket.forgets = second in self.seconds
            if socket.forgets and (second - self.seconds.start) % self.EVERY_S == 0:
                _begin_again(socket, now)
        self.messages_affected = sum(socket.times_forgotten for socket in sockets)

    def missing(self, witness: Witness, second: int) -> list[Missing]:
        return witness.not_cleared(CAUSE) if second >= self.seconds.stop + CLEARED_AFTER_S else []


def _begin_again(socket: Socket, now: datetime) -> None:
    """End the session at a connector and begin another one with the same vehicle."""
    vehicle = socket.vehicle
    if vehicle is not None:
        socket.unplug()
        vehicle.visit = replace(vehicle.visit, session_id=f"{vehicle.visit.session_id}-{now:%H%M%S}", arrives_at=now)
        socket.plug_in(vehicle)
