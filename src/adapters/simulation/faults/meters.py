"""Meters that are wrong or late."""

from dataclasses import replace

from adapters.simulation.faults.script import Undisturbed
from adapters.simulation.layout import Payload
from adapters.simulation.plant import Plant


class WrongUnit(Undisturbed):
    """Every meter reports a thousandth of what it reads, as one does that speaks in kilowatts."""

    def __init__(self, seconds: range) -> None:
        super().__init__()
        self._seconds = seconds

    def up(self, payloads: list[Payload], second: int) -> list[Payload]:
        return [self._mistaken(payload) if second in self._seconds else payload for payload in payloads]

    def _mistaken(self, payload: Payload) -> Payload:
        if "circuit_id" not in payload:
            return payload
        self.messages_affected += 1
        return {**payload, "power_w": payload["power_w"] // 1000}


class Frozen(Undisturbed):
    """Every meter repeats its last value with new times."""

    def __init__(self, seconds: range) -> None:
        super().__init__()
        self._seconds = seconds
        self._last_w: dict[str, int] = {}

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
