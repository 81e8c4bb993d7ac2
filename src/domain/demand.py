"""What each connector wants now, and which connectors cannot be seen (contract section 4)."""

from collections.abc import Collection
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


def assess(
    tree: PowerTree, readings: Readings, at: datetime, stale_after_s: int, last_idle: Collection[str] = ()
) -> Demands:
    """Who wants how much, who is idle, and who is reserved for want of telemetry.

    A connector with demand needs a reading of its own that is `stale_after_s` old at most; for one without demand
    it is enough that its charge point was heard within that time. `last_idle` are the node ids that were idle in the
    cycle before: for `stale_after_s` after a take-over those of them that are not heard yet stay idle.
    """
    oldest = at - timedelta(seconds=stale_after_s)
    taking_over = readings.listening_since is not None and readings.listening_since > oldest
    still_idle = frozenset(last_idle) if taking_over else frozenset()
    kept = [readings.connectors.get(key) for key in tree.connector_index]
    wanting, idle, reserved = Standing.WANTING, Standing.IDLE, Standing.RESERVED
    standings: list[Standing] = []
    demands: list[Watts] = []
    for connector, known in zip(tree.connectors, kept, strict=True):
        standing, demand = reserved, 0
        if known is None:
            if connector.node_id in still_idle:
                standing = idle
        else:
            wanted = asked_w(known, connector.max_power_w)
            if not wanted:
                if readings.heard_at[connector.charge_point_id] >= oldest:
                    standing = idle
            elif known.measured_at >= oldest:
                standing, demand = wanting, wanted
        standings.append(standing)
        demands.append(demand)
    return Demands(kept, standings, demands)


def idle_ids(tree: PowerTree, demands: Demands) -> tuple[str, ...]:
    """The node ids of the idle connectors: what `assess` needs to know after a take-over."""
    idle = Standing.IDLE
    return tuple(
        connector.node_id
        for connector, standing in zip(tree.connectors, demands.standings, strict=True)
        if standing is idle
    )


def asked_w(known: KeptReading, rating: Watts) -> Watts:
    """What a reading asks for, however old it is: 0 without demand."""
    reading = known.reading
    if reading.status not in STATUSES_WITH_DEMAND:
        return 0
    return rating if reading.requested_w is None else min(reading.requested_w, rating)
