"""Meters that are wrong or late."""

from dataclasses import replace
from datetime import datetime

from adapters.simulation.faults.script import Undisturbed, held_lower_unseen
from adapters.simulation.layout import Payload
from adapters.simulation.plant import Plant
from adapters.simulation.witness import Missing, Witness

CLEARLY_W = 10_000
"""So much that chargers draw contradicts a meter that does not show it."""


class WrongUnit(Undisturbed):
    """Every meter reports a thousandth of what it reads, as one does that speaks in kilowatts.

    Where chargers draw, that is found out.
    """

    FOUND_OUT_AFTER_S = 90

    def __init__(self, plant: Plant, seconds: range) -> None:
        super().__init__()
        self._plant = plant
        self._seconds = seconds
        self._contradicted: list[str] = []

    def act(self, now: datetime, second: int) -> None:
        if second == self._seconds.start:
            meters = self._plant.meters.values()
            self._contradicted = [
                meter.circuit_id for meter in meters if self._plant.charging_w[meter.node] >= CLEARLY_W
            ]

    def missing(self, witness: Witness, second: int) -> list[Missing]:
        by = range(self._seconds.start, self._seconds.start + self.FOUND_OUT_AFTER_S)
        if second < by.stop:
            return []
        unseen = held_lower_unseen(self._plant)
        missing: list[Missing] = []
        for circuit_id in self._contradicted:
            judged = witness.judgements(circuit_id, by)
            if not any(each.quality == "bad" for each in judged):
                missing.append(_not_called_bad(circuit_id))
            if circuit_id in unseen and not any(each.mode == "safe" for each in judged):
                missing.append(
                    Missing("safe_mode_not_entered", circuit_id, f"{circuit_id} was not held to its safe limit.")
                )
        return missing

    def up(self, payloads: list[Payload], second: int) -> list[Payload]:
        return [self._mistaken(payload) if second in self._seconds else payload for payload in payloads]

    def _mistaken(self, payload: Payload) -> Payload:
        if "circuit_id" not in payload:
            return payload
        self.messages_affected += 1
        return {**payload, "power_w": payload["power_w"] // 1000}


class Frozen(Undisturbed):
    """Every meter repeats its last value with new times. Where chargers come to draw more than it shows, it is bad."""

    CLEARLY_PERCENT = 115
    FOUND_OUT_AFTER_S = 90

    def __init__(self, plant: Plant, seconds: range) -> None:
        super().__init__()
        self._plant = plant
        self._seconds = seconds
        self._contradicted_s: dict[str, int] = {}
        self._to_be_found_out: set[str] = set()
        self._last_w: dict[str, int] = {}

    def act(self, now: datetime, second: int) -> None:
        for circuit_id, meter in self._plant.meters.items():
            shown_w = self._last_w.get(circuit_id)
            charging_w = self._plant.charging_w[meter.node]
            contradicts = (
                second in self._seconds
                and shown_w is not None
                and (charging_w * 100 > shown_w * self.CLEARLY_PERCENT + CLEARLY_W * 100)
            )
            self._contradicted_s[circuit_id] = self._contradicted_s.get(circuit_id, 0) + 1 if contradicts else 0
            if self._contradicted_s[circuit_id] >= self.FOUND_OUT_AFTER_S:
                self._to_be_found_out.add(circuit_id)

    def missing(self, witness: Witness, second: int) -> list[Missing]:
        return [
            _not_called_bad(circuit_id)
            for circuit_id in sorted(self._to_be_found_out)
            if not any(each.quality == "bad" for each in witness.judgements(circuit_id, self._seconds))
        ]

    def up(self, payloads: list[Payload], second: int) -> list[Payload]:
        return [self._repeated(payload, second) if "circuit_id" in payload else payload for payload in payloads]

    def _repeated(self, payload: Payload, second: int) -> Payload:
        circuit_id = payload["circuit_id"]
        if second not in self._seconds or circuit_id not in self._last_w:
            self._last_w[circuit_id] = payload["power_w"]
            return payload
        self.messages_affected += 1
        return {**payload, "power_w": self._last_w[circuit_id]}


class Late(Undisturbed):
    """Every meter speaks first after a minute, then every ten seconds, three seconds after it took its reading."""

    FROM_S = 60
    INTERVAL_S = 10
    LATE_S = 3
    HEARD_BY_S = FROM_S + INTERVAL_S + LATE_S

    def __init__(self, plant: Plant) -> None:
        super().__init__()
        for meter in plant.meters.values():
            meter.habits = replace(
                meter.habits, interval_s=self.INTERVAL_S, late_s=self.LATE_S, from_s=self.FROM_S, prompt=False
            )

    def up(self, payloads: list[Payload], second: int) -> list[Payload]:
        self.messages_affected += sum("circuit_id" in payload for payload in payloads)
        return payloads


def _not_called_bad(circuit_id: str) -> Missing:
    return Missing("meter_not_called_bad", circuit_id, f"The meter of {circuit_id} contradicts its chargers unnoticed.")
