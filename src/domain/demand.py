"""What each connector wants now, and which connectors cannot be seen (contract section 4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from domain.power import Watts
from domain.power_tree import PowerTree
from domain.telemetry import KeptReading, Readings

STATUSES_WITH_DEMAND = frozenset({"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Occupied"})


class Standing(IntEnum):
    """How a connector takes part in a cycle."""

    WANTING = 0
    IDLE = 1
    RESERVED = 2
    UNRESPONSIVE = 3


@dataclass(frozen=True, slots=True)
class Demands:
    """Per connector, in tree order: its reading if it was ever heard, its standing, its demand (0 unless wanting)."""

    readings: list[KeptReading | None]
    standings: list[Standing]
    demands_w: list[Watts]


def assess(tree: PowerTree, readings: Readings, at: datetime, stale_after_s: int) -> Demands:
    """Who wants how much, who is idle, and who is reserved for want of telemetry.

    A connector with demand needs a reading of its own that is `stale_after_s` old at most; for one without demand
    it is enough that its charge point was heard within that time.
    """
    oldest = at - timedelta(seconds=stale_after_s)
    kept = [readings.connectors.get(key) for key in tree.connector_index]
    standings: list[Standing] = []
    demands: list[Watts] = []
    for connector, known in zip(tree.connectors, kept, strict=True):
        standing, demand = Standing.RESERVED, 0
        if known is not None:
            wanted = _demand(known, connector.max_power_w)
            if not wanted:
                if readings.heard_at[connector.charge_point_id] >= oldest:
                    standing = Standing.IDLE
            elif known.measured_at >= oldest:
                standing, demand = Standing.WANTING, wanted
        standings.append(standing)
        demands.append(demand)
    return Demands(kept, standings, demands)


def _demand(known: KeptReading, rating: Watts) -> Watts:
    reading = known.reading
    if reading.status not in STATUSES_WITH_DEMAND:
        return 0
    return rating if reading.requested_w is None else min(reading.requested_w, rating)
