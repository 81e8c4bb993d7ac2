"""Charging profiles: how a setpoint and a fallback are told to a station, and how its answer is read.

Per connector, ids that never change, so that a station that replaces by id and one that replaces by level both replace.
A fallback has level 0 and no end, a setpoint level 1 and an end that is said twice (`validTo` and `duration`): some
stations heed only the one, some only the other. Both are a TxDefaultProfile, which holds with and without a
transaction; a station that takes that for its next transaction only gets a TxProfile with the same content beside it.
Never a ChargePointMaxProfile: some stations apply it to every connector.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Final

from adapters.ocpp.abilities import Abilities, Unit

VOLTS: Final = 230
LEAST_AMPERES: Final = 6
"""What IEC 61851 lets a vehicle draw at least; below it nothing may flow."""

STARTS_BEFORE: Final = timedelta(seconds=60)
"""A schedule begins so long ago: one that begins after the station's clock leaves the fallback in force."""

Profile = Mapping[str, Any]


class Purpose(IntEnum):
    """The profiles that a connector may have; the number is the last digit of their id."""

    FALLBACK = 0
    SETPOINT = 1
    IN_TRANSACTION = 2


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit as it stands in a schedule."""

    figure: float
    unit: Unit
    phases: int

    @property
    def watts(self) -> int:
        """What it lets flow at most."""
        return round(self.figure if self.unit is Unit.WATTS else self.figure * VOLTS * self.phases)


def limit_of(limit_w: int, unit: Unit, phases: int) -> Limit:
    """Never above what is asked for: whole watts, or tenths of amperes rounded down. Below the least it is 0."""
    if unit is Unit.WATTS:
        return Limit(limit_w if limit_w >= LEAST_AMPERES * VOLTS else 0, unit, phases)
    tenths = math.floor(limit_w * 10 / (VOLTS * phases))
    return Limit(tenths / 10 if tenths >= LEAST_AMPERES * 10 else 0, unit, phases)


def profile_id(connector_id: int, purpose: Purpose) -> int:
    """The id of a connector's profile, for ever."""
    return connector_id * 10 + purpose


def fallback_profile(connector_id: int, limit_w: int, abilities: Abilities) -> Profile:
    """What holds without a valid setpoint: level 0, no end."""
    limit = limit_of(limit_w, abilities.unit or Unit.WATTS, abilities.phases)
    return {
        "charging_profile_id": profile_id(connector_id, Purpose.FALLBACK),
        "stack_level": 0,
        "charging_profile_purpose": "TxDefaultProfile",
        "charging_profile_kind": "Absolute",
        "charging_schedule": _schedule(limit),
    }


def setpoint_profile(
    connector_id: int,
    limit: Limit,
    *,
    now: datetime,
    lapses_at: datetime,
    transaction_id: int | None = None,
) -> Profile:
    """What holds until `lapses_at`; both instants by the station's own clock. A TxProfile of a transaction if given."""
    begins, ends = _whole_seconds(now - STARTS_BEFORE), _whole_seconds(lapses_at)
    purpose = Purpose.SETPOINT if transaction_id is None else Purpose.IN_TRANSACTION
    profile: dict[str, Any] = {
        "charging_profile_id": profile_id(connector_id, purpose),
        "stack_level": 1,
        "charging_profile_purpose": "TxDefaultProfile" if transaction_id is None else "TxProfile",
        "charging_profile_kind": "Absolute",
        "valid_from": _written(begins),
        "valid_to": _written(ends),
        "charging_schedule": _schedule(limit)
        | {"start_schedule": _written(begins), "duration": int((ends - begins).total_seconds())},
    }
    if transaction_id is not None:
        profile["transaction_id"] = transaction_id
    return profile


def read_back_w(schedule: object, unit: Unit, phases: int) -> int | None:
    """The limit that a composite schedule, keys in snake case, says to hold now; None where it says none.

    None also for another unit than was asked for, and for the -1 by which some stations say that there is no limit.
    """
    if not isinstance(schedule, Mapping) or schedule.get("charging_rate_unit") != unit:
        return None
    periods = schedule.get("charging_schedule_period")
    first = periods[0] if isinstance(periods, list) and periods else None
    figure = first.get("limit") if isinstance(first, Mapping) else None
    if isinstance(figure, bool) or not isinstance(figure, int | float) or not math.isfinite(figure) or figure < 0:
        return None
    return Limit(figure, unit, phases).watts


def _schedule(limit: Limit) -> dict[str, Any]:
    period: dict[str, Any] = {"start_period": 0, "limit": limit.figure}
    if limit.unit is Unit.AMPERES:
        period["number_phases"] = limit.phases
    return {"charging_rate_unit": limit.unit.value, "charging_schedule_period": [period]}


def _whole_seconds(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
