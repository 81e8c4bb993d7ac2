"""MeterValues: what a station measured, and when it says that it did (the table of measurands in `docs/gateway`).

The power of a connector is what it says to import; else the sum of its phases; else amperes times volts; else how fast
its register rises (`registers`). What is none of these is not known, which is never 0.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

POWER: Final = "Power.Active.Import"
CURRENT: Final = "Current.Import"
VOLTAGE: Final = "Voltage"
REGISTER: Final = "Energy.Active.Import.Register"
"""What a sample is that names no measurand."""

TRIGGERED: Final = "Trigger"
LIVE: Final = {"Sample.Periodic", "Sample.Clock", TRIGGERED}
"""Contexts of samples that count; those of a begin, an end or an interruption stand beside them."""

HERE: Final = {"Outlet", "Body", "Cable"}
PHASES: Final = {"L1": 1, "L2": 2, "L3": 3, "L1-N": 1, "L2-N": 2, "L3-N": 3}
VOLTS: Final = 230
LINE_VOLTS: Final = 300
"""A voltage above this without a phase is none of a phase: the station feeds direct current."""

FACTORS: Final = {"W": 1, "kW": 1000, "Wh": 1, "kWh": 1000, "A": 1, "V": 1}

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(?:\.([0-9]{1,15}))?")


@dataclass(frozen=True, slots=True)
class Register:
    """An energy register, and the smallest step by which it can rise."""

    energy_wh: float
    step_wh: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What one meter value says: `stamped` by the station's clock, None where that cannot be read."""

    stamped: datetime | None
    power_w: float | None
    register: Register | None
    triggered: bool


@dataclass(frozen=True, slots=True)
class _Value:
    measurand: str
    phase: int | None
    figure: float
    step: float


def samples(meter_values: object) -> Iterator[Sample]:
    """What MeterValues says, keys in snake case, in its order; whatever makes no sense is passed over."""
    for each in meter_values if isinstance(meter_values, list) else ():
        if not isinstance(each, Mapping):
            continue
        sampled = [value for value in _list(each.get("sampled_value")) if _is_live(value)]
        values = [value for value in map(_read, sampled) if value is not None]
        if values:
            triggered = any(value.get("context") == TRIGGERED for value in sampled)
            yield Sample(instant(each.get("timestamp")), _power_w(values), _register(values), triggered)


def instant(stamp: object) -> datetime | None:
    """A time as a station writes it, in UTC where it names no zone; None for what is none."""
    if not isinstance(stamp, str) or len(stamp) > 40:
        return None
    try:
        read = datetime.fromisoformat(stamp.strip().upper())
        return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _list(value: object) -> Sequence[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _is_live(value: Mapping[str, Any]) -> bool:
    here = value.get("location") is None or value["location"] in HERE
    live = value.get("context") is None or value["context"] in LIVE
    return here and live and value.get("format") != "SignedData"


def _read(value: Mapping[str, Any]) -> _Value | None:
    """None for what is no number, has a phase that is none (`N`, `L1-L2`) or an unknown unit."""
    match = _NUMBER.fullmatch(str(value.get("value")).strip())
    measurand, phase = value.get("measurand") or REGISTER, value.get("phase")
    factor = FACTORS.get(value.get("unit") or "Wh" if measurand == REGISTER else value.get("unit") or "W")
    if match is None or factor is None or (phase is not None and phase not in PHASES):
        return None
    figure = float(match[0]) * factor
    if figure < 0 or not math.isfinite(figure):
        return None
    step = factor / 10 ** len(match[1] or "")
    return _Value(measurand, None if phase is None else PHASES[phase], figure, step)


def _power_w(values: Sequence[_Value]) -> float | None:
    total, by_phase = _figures(values, POWER)
    if total is not None:
        return total
    if by_phase:
        return sum(by_phase.values())
    ampere, amperes = _figures(values, CURRENT)
    volt, volts = _figures(values, VOLTAGE)
    if amperes:
        among = volt if volt is not None and volt <= LINE_VOLTS else VOLTS
        return sum(figure * volts.get(phase, among) for phase, figure in amperes.items())
    # Amperes without a phase are those of each phase or of all, except on direct current.
    return ampere * volt if ampere is not None and volt is not None and volt > LINE_VOLTS else None


def _register(values: Sequence[_Value]) -> Register | None:
    found = [value for value in values if value.measurand == REGISTER and value.phase is None]
    return Register(found[-1].figure, found[-1].step) if found else None


def _figures(values: Sequence[_Value], measurand: str) -> tuple[float | None, Mapping[int, float]]:
    """The figure without a phase, and those by phase; of one that is repeated the last."""
    total, by_phase = None, {}
    for value in values:
        if value.measurand == measurand:
            if value.phase is None:
                total = value.figure
            else:
                by_phase[value.phase] = value.figure
    return total, by_phase
