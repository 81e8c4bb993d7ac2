"""What goes wrong between the devices of a depot and the bus."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from adapters.simulation.delivery import Delivery
from adapters.simulation.faults.script import Undisturbed, device_of, held_lower_unseen
from adapters.simulation.layout import Payload
from adapters.simulation.plant import Plant
from adapters.simulation.times import rfc3339
from adapters.simulation.witness import Missing, Witness


class Outage(Undisturbed):
    """The links of some devices are dead, both ways or downwards alone.

    When one comes back, the newest setpoints are passed on. A gateway that may pass readings on and no setpoints names
    the cycles that it passed on: that is what it owes (SEND-2).
    """

    def __init__(self, plant: Plant, devices: Iterable[str], seconds: range, *, readings_too: bool = True) -> None:
        super().__init__()
        self._plant = plant
        self._devices = frozenset(devices)
        self._chargers = self._devices & plant.chargers.keys()
        self._seconds = seconds
        self._readings_too = readings_too
        self._held_back: dict[str, Delivery] = {}
        if not readings_too:
            for charge_point_id in self._chargers:
                charger = plant.chargers[charge_point_id]
                charger.habits = replace(charger.habits, names_cycles=True)

    def act(self, now: datetime, second: int) -> None:
        self.unreachable = self._chargers if second in self._seconds else frozenset()
        if second == self._seconds.stop and self._readings_too:
            for charge_point_id, charger in self._plant.chargers.items():
                if charge_point_id in self._devices:
                    charger.reconnect()

    def up(self, payloads: list[Payload], second: int) -> list[Payload]:
        if second not in self._seconds or not self._readings_too:
            return payloads
        passed = [payload for payload in payloads if device_of(payload) not in self._devices]
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


class Blackout(Outage):
    """The links of all devices are dead. Where what was read last exceeds the safe limit that is a breach, at the end
    cleared."""

    CAUSE = "stale_telemetry"
    CLEARLY_PERCENT = 105
    OPENED_AFTER_S = 180
    CLEARED_AFTER_S = 120

    def __init__(self, plant: Plant, devices: Iterable[str], seconds: range) -> None:
        super().__init__(plant, devices, seconds)
        self._exceeded: list[str] = []

    def act(self, now: datetime, second: int) -> None:
        super().act(now, second)
        if second == self._seconds.start:
            self._exceeded = [
                node.node_id
                for node, charging_w in zip(self._plant.layout.nodes, self._plant.charging_w, strict=True)
                if node.node_id in held_lower_unseen(self._plant)
                and charging_w * 100 > (node.safe_capacity_w or 0) * self.CLEARLY_PERCENT
            ]

    def missing(self, witness: Witness, second: int) -> list[Missing]:
        missing: list[Missing] = []
        if second >= self._seconds.start + self.OPENED_AFTER_S:
            opened = {
                each.node_id
                for each in witness.breaches.values()
                if (each.cause, each.severity) == (self.CAUSE, "major")
            }
            missing += [
                Missing("breach_not_opened", node_id, f"No major breach at {node_id} ({self.CAUSE}) opened.")
                for node_id in self._exceeded
                if node_id not in opened
            ]
        if second >= self._seconds.stop + self.CLEARED_AFTER_S:
            missing += witness.not_cleared(self.CAUSE)
        return missing


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
        skew = self._skew[device_of(payload)]
        if not skew:
            return payload
        self.messages_affected += 1
        return {**payload, "measured_at": rfc3339(datetime.fromisoformat(payload["measured_at"]) + skew)}
