"""What is on its way down to a charge point."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Delivery:
    """The setpoints of one cycle (EVT-8) for one charge point."""

    charge_point_id: str
    cycle_seq: int
    decided_at: datetime
    setpoints: tuple[Mapping[str, Any], ...]


def deliveries(cycle: Mapping[str, Any]) -> list[Delivery]:
    """The data of a `CycleCompleted`, taken apart by charge point."""
    decided_at = datetime.fromisoformat(cycle["decided_at"])
    setpoints: dict[str, list[Mapping[str, Any]]] = {}
    for each in cycle["setpoints"]:
        setpoints.setdefault(each["charge_point_id"], []).append(each)
    return [
        Delivery(charge_point_id, cycle["cycle_seq"], decided_at, tuple(own))
        for charge_point_id, own in setpoints.items()
    ]
