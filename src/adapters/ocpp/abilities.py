"""What a station is known to do: asked for, tried out, and kept for the next time that it connects."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

SINGLE_PHASE_W: Final = 7400
"""32 A on one phase of 230 V: a connector that may bear more is taken for three-phase, whatever its keys say."""


class Unit(StrEnum):
    """In what a station takes its limits: OCPP's ChargingRateUnitType."""

    WATTS = "W"
    AMPERES = "A"


@dataclass(frozen=True, slots=True)
class Abilities:
    """None: not known so far."""

    unit: Unit | None = None
    phases: int = 3
    reads_back: bool | None = None
    lapses: bool | None = None
    needs_transaction_profile: bool = False


ASKED_FOR: Final = ("ChargingScheduleAllowedChargingRateUnit", "ConnectorPhaseRotation")
"""The configuration keys that tell of abilities."""


def told_by(keys: Mapping[str, str], known: Abilities, *, largest_rating_w: int) -> Abilities:
    """Abilities once the station has answered GetConfiguration. What it does not say stays as it was known."""
    units = keys.get("ChargingScheduleAllowedChargingRateUnit", "")
    words = {word.strip().casefold() for word in units.split(",")}
    if words & {"power", "w"}:
        known = replace(known, unit=Unit.WATTS)
    elif words & {"current", "a"}:
        known = replace(known, unit=Unit.AMPERES)
    # "NotApplicable" is what single-phase stations say, and those on direct current.
    if "notapplicable" in keys.get("ConnectorPhaseRotation", "").casefold() and largest_rating_w <= SINGLE_PHASE_W:
        known = replace(known, phases=1)
    return known
