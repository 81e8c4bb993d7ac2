"""Readings of the site of `tests.builders`."""

from datetime import datetime

from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, ConnectorReading, Session
from tests.builders import EIGHT


def a_charger_says(
    sequence: int = 1,
    status: str = "Charging",
    measured_at: datetime = EIGHT,
    charge_point_id: str = "cp-1",
    microgrid_id: str = "depot",
    session_id: str = "s-1",
    power_w: int = 0,
) -> ChargePointTelemetry:
    """A reading of the first connector of a charger."""
    reading = ConnectorReading(1, status, power_w, session=Session(session_id))
    return ChargePointTelemetry(microgrid_id, charge_point_id, sequence, measured_at, (reading,))


def a_meter_says(
    power_w: int, sequence: int = 1, measured_at: datetime = EIGHT, microgrid_id: str = "depot"
) -> CircuitTelemetry:
    """A reading of the meter of the grid connection, which may bear 4 MW."""
    return CircuitTelemetry(microgrid_id, "gc-1", sequence, measured_at, power_w)
