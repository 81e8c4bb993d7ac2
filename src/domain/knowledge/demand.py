"""What a connector wants (R30), and how it takes part (R20)."""

from datetime import datetime
from enum import IntEnum

from domain.knowledge.readings import STATUSES, STATUSES_WITH_DEMAND, ConnectorReading, KeptReading
from domain.site.power import Watts


class Standing(IntEnum):
    """How a connector takes part in a cycle. From RESERVED on it is told again what it was told."""

    WANTING = 0
    IDLE = 1
    RESERVED = 2
    UNRESPONSIVE = 3


def is_silent(known: KeptReading, heard_at: datetime, oldest: datetime, *, asks: bool) -> bool:
    """With demand a connector needs a reading of its own that is not before `oldest`; without demand it is enough that
    its charge point was `heard_at` that instant or later (R7).
    """
    return (known.measured_at if asks else heard_at) < oldest


def asked_w(known: KeptReading, rating_w: Watts) -> Watts:
    """What a reading asks for in told watts, however old it is: 0 without demand (R30)."""
    reading = known.reading
    if not has_demand(reading):
        return 0
    return rating_w if reading.requested_w is None else min(reading.requested_w, rating_w)


def has_demand(reading: ConnectorReading) -> bool:
    """Whether its status says that a vehicle may draw; one that OCPP does not have says so while power flows (R30)."""
    return reading.status in STATUSES_WITH_DEMAND or (reading.status not in STATUSES and (reading.power_w or 0) > 0)
