"""What goes wrong in a depot, and between it and the bus: scripts by name."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import TypeAlias

from adapters.simulation.delivery import Delivery
from adapters.simulation.layout import Payload
from adapters.simulation.plant import Plant
from adapters.simulation.sockets import Socket
from adapters.simulation.times import rfc3339

WINDOW = range(300, 900)
"""Minute 5 to 15, in seconds of the run."""

BEFORE = range(WINDOW.start)


class NothingToAffect(Exception):
    """The depot has nothing that a script could act on; the message says what is missing."""


class Undisturbed:
    """Everything arrives at once and everybody obeys. A disturbance overrides what goes wrong.

    `messages_affected` counts messages dropped, altered, delayed, added or made to be ignored; `capacities_w` are
    default capacities that are imposed on circuits now.
    """

    def __init__(self) -> None:
        self.messages_affected = 0
        self.capacities_w: Mapping[str, int] = {}

    def act(self, now: datetime, second: int) -> None:
        """Lay hands on the depot at the start of this second of the run, at the instant `now`."""

    def up(self, payloads: list[Payload], second: int) -> list[Payload]:
        """What arrives at the bus in this second, of what is sent in it and of what was held back."""
        return payloads

    def down(self, deliveries: list[Delivery], second: int) -> list[Delivery]:
        """What arrives at the chargers, of what the bus delivers now and of what was held back.

        Asked at the start of every second, and again for every cycle that follows it.
        """
        return deliveries


class Outage(Undisturbed):
    """The links of some devices are dead, both ways. When one comes back, the newest setpoints are passed on."""

    def __init__(self, plant: Plant, devices: Iterable[str], seconds: range) -> None:
        super().__init__()
        self._plant = plant
        self._devices = frozenset(devices)
        self._seconds = seconds
        self._held_back: dict[str, Delivery] = {}

    def act(self, now: datetime, second: int) -> None:
        if second == self._seconds.stop:
            for charge_point_id, charger in self._plant.chargers.items():
                if charge_point_id in self._devices:
                    charger.reconnect()

    def up(self, payloads: list[Payload], second: int) -> list[Payload]:
        if second not in self._seconds:
            return payloads
        passed = [payload for payload in payloads if _device(payload) not in self._devices]
        self.messages_affected += len(payloads) - len(passed)
        return passed

    def down(self, deliveries: list[Delivery], second: int) -> list[Delivery]:
        if second not in self._seconds:
            passed = [*self._held_back.values(), *deliveries]
            self._held_back = {}
            return passed
        lost = {each.charge_point_id: each for each in deliveries if each.charge_point_id in self._devices}
        self._held_back |= lost
        self.messages_affected += len(lost)
        return [each for each in deliveries if each.charge_point_id not in lost]


class Disorder(Undisturbed):
    """Some messages come late, some come again, and those of one second in any order; setpoints come again."""

    LATE_PERCENT = 10
    REPEATED_PERCENT = 10
    LATE_S = (1, 10)

    def __init__(self, draw: Random) -> None:
        super().__init__()
        self._draw = draw
        self._late: dict[int, list[Payload]] = defaultdict(list)
        self._again: dict[int, list[Delivery]] = defaultdict(list)

    def up(self, payloads: list[Payload], second: int) -> list[Payload]:
        arriving = self._late.pop(second, [])
        for payload in payloads:
            chance = self._draw.randrange(100)
            if chance >= self.LATE_PERCENT:
                arriving.append(payload)
            if chance < self.LATE_PERCENT + self.REPEATED_PERCENT:
                self._late[second + self._draw.randint(*self.LATE_S)].append(payload)
                self.messages_affected += 1
        self._draw.shuffle(arriving)
        return arriving

    def down(self, deliveries: list[Delivery], second: int) -> list[Delivery]:
        repeated = self._again.pop(second, [])
        for delivery in deliveries:
            if self._draw.randrange(100) < self.REPEATED_PERCENT:
                self._again[second + self._draw.randint(*self.LATE_S)].append(delivery)
                self.messages_affected += 1
        return [*repeated, *deliveries]


class SkewedClocks(Undisturbed):
    """Every device dates its messages by a clock of its own."""

    SKEW_S = (-20, 45)

    def __init__(self, devices: Iterable[str], draw: Random) -> None:
        super().__init__()
        self._skew = {device: timedelta(seconds=draw.randint(*self.SKEW_S)) for device in devices}

    def up(self, payloads: list[Payload], second: int) -> list[Payload]:
        return [self._dated(payload) for payload in payloads]

    def _dated(self, payload: Payload) -> Payload:
        skew = self._skew[_device(payload)]
        if not skew:
            return payload
        self.messages_affected += 1
        return {**payload, "measured_at": rfc3339(datetime.fromisoformat(payload["measured_at"]) + skew)}


class Disobedience(Undisturbed):
    """At the fullest circuit the connector with the lowest setpoint above 0 draws its rating."""

    def __init__(self, plant: Plant, seconds: range) -> None:
        super().__init__()
        self._plant = plant
        self._seconds = seconds
        self._stuck: Socket | None = None

    def act(self, now: datetime, second: int) -> None:
        if second in self._seconds and self._stuck is None:
            self._stuck = self._choice(now)
        if self._stuck is not None:
            self._stuck.stuck = second in self._seconds

    def down(self, deliveries: list[Delivery], second: int) -> list[Delivery]:
        if self._stuck is not None and self._stuck.stuck:
            charge_point_id, connector_id = self._stuck.outlet.key
            self.messages_affected += sum(
                delivery.charge_point_id == charge_point_id
                and any(each["connector_id"] == connector_id for each in delivery.setpoints)
                for delivery in deliveries
            )
        return deliveries

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


Begin: TypeAlias = Callable[[Plant, Random], Undisturbed]


@dataclass(frozen=True, slots=True)
class Fault:
    """A script. `begin` raises NothingToAffect where a depot has nothing that it could act on."""

    name: str
    summary: str
    begin: Begin


def _device(payload: Payload) -> str:
    device: str = payload["charge_point_id"] if "charge_point_id" in payload else payload["circuit_id"]
    return device


def _charge_points(plant: Plant) -> list[str]:
    return _some([*plant.chargers], "charge points")


def _meters(plant: Plant) -> list[str]:
    return _some([node.node_id for node in plant.layout.nodes if node.metered], "meters")


def _devices(plant: Plant) -> list[str]:
    meters = [node.node_id for node in plant.layout.nodes if node.metered]
    return _some([*plant.chargers, *meters], "charge points or meters")


def _a_tenth(devices: list[str], draw: Random) -> list[str]:
    return draw.sample(devices, max(1, len(devices) // 10))


def _some(devices: list[str], what: str) -> list[str]:
    if not devices:
        raise NothingToAffect(f"there are no {what}")
    return devices


def _disorder(plant: Plant, draw: Random) -> Undisturbed:
    _devices(plant)
    return Disorder(draw)


def _disobedience(plant: Plant, draw: Random) -> Undisturbed:
    if not any(outlet.max_power_w for outlet in plant.layout.outlets):
        raise NothingToAffect("no connector could draw anything")
    return Disobedience(plant, WINDOW)


def _too_little_for_all(plant: Plant, draw: Random) -> Undisturbed:
    if not any(outlet.min_power_w for outlet in plant.layout.outlets):
        raise NothingToAffect("no connector has a minimum")
    return TooLittleForAll(plant, WINDOW)


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        each.name: each
        for each in (
            Fault(
                "charger-offline",
                "Minute 5 to 15: the links of a tenth of the charge points are dead, both ways.",
                lambda plant, draw: Outage(plant, _a_tenth(_charge_points(plant), draw), WINDOW),
            ),
            Fault(
                "meter-silent",
                "Minute 5 to 15: every meter is silent.",
                lambda plant, draw: Outage(plant, _meters(plant), WINDOW),
            ),
            Fault(
                "all-silent",
                "Minute 5 to 15: nothing of the depot is heard, and nothing that is sent to it arrives.",
                lambda plant, draw: Outage(plant, _devices(plant), WINDOW),
            ),
            Fault(
                "duplicates-and-late",
                "All the time: messages come again, late and in another order.",
                _disorder,
            ),
            Fault(
                "ignores-setpoint",
                "Minute 5 to 15: at the fullest circuit the connector with the lowest setpoint draws its rating.",
                _disobedience,
            ),
            Fault(
                "limit-below-minimums",
                "Minute 5 to 15: every grid connection has half of what the minimums need, plus the background.",
                _too_little_for_all,
            ),
            Fault(
                "cold-start",
                "A tenth of the charge points, never heard before minute 5, appear under load.",
                lambda plant, draw: Outage(plant, _a_tenth(_charge_points(plant), draw), BEFORE),
            ),
            Fault(
                "clock-skew",
                "All the time: the clocks of the devices are up to 45 s ahead or 20 s behind.",
                lambda plant, draw: SkewedClocks(_devices(plant), draw),
            ),
        )
    }
)
