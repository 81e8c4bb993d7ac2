"""What a connector wants now, and whether it can be seen (contract section 4)."""

from datetime import datetime
from enum import IntEnum

from domain.knowledge.readings import STATUSES, STATUSES_WITH_DEMAND, ConnectorReading, KeptReading
from domain.site.power import Watts


class Standing(IntEnum):
    """How a connector takes part in a cycle."""

    WANTING = 0
    IDLE = 1
    RESERVED = 2
    UNRESPONSIVE = 3


def assess(
    known: KeptReading | None, heard_at: datetime | None, rating_w: Watts, oldest: datetime, *, still_idle: bool
) -> tuple[Standing, Watts]:
    """How a connector takes part by what it says, and its demand: 0 unless it wants.

    With demand it needs a reading of its own that is not before `oldest`; without demand it is enough that its charge
    point was `heard_at` that instant or later. `still_idle`: unheard after a take-over, it was idle before.
    """
    if known is None or heard_at is None:
        return (Standing.IDLE if still_idle else Standing.RESERVED), 0
    demand_w = asked_w(known, rating_w)
    if demand_w:
        return (Standing.WANTING, demand_w) if known.measured_at >= oldest else (Standing.RESERVED, 0)
    return (Standing.IDLE if heard_at >= oldest else Standing.RESERVED), 0


def asked_w(known: KeptReading, rating_w: Watts) -> Watts:
    """What a reading asks for, however old it is: 0 without demand."""
    reading = known.reading
    if not has_demand(reading):
        return 0
    return rating_w if reading.requested_w is None else min(reading.requested_w, rating_w)


def has_demand(reading: ConnectorReading) -> bool:
    """Whether its status says that a vehicle may draw; one that OCPP does not have says so while power flows (R30)."""
    return reading.status in STATUSES_WITH_DEMAND or (reading.status not in STATUSES and reading.power_w > 0)
