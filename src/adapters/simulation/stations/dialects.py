"""How a station speaks OCPP, beside what its charger does: the unit of its limits, when they lapse, its meter."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from adapters.simulation.habits import AC_UP_TO_W
from adapters.simulation.layout import Station
from adapters.simulation.stations.profiles import DURATION, VALID_TO

BOTH_UNITS: Final = frozenset({"W", "A"})


class Meters(StrEnum):
    """What a station measures."""

    POWER = "power"
    CURRENTS = "currents"
    REGISTER = "register"


@dataclass(frozen=True, slots=True)
class Dialect:
    """`units`: those in which it takes limits. `lapses_by`: the ends of a profile that it heeds. `says_unit`: it
    answers a question for its units.
    """

    units: frozenset[str] = BOTH_UNITS
    lapses_by: frozenset[str] = frozenset({VALID_TO, DURATION})
    meters: Meters = Meters.POWER
    says_unit: bool = True


def as_people_have_them(station: Station, draw: Random) -> Dialect:
    """How a station in the field speaks. One that feeds direct current measures its power."""
    ends = draw.choice(((VALID_TO, DURATION), (VALID_TO, DURATION), (VALID_TO,), (DURATION,)))
    meters = draw.choices(tuple(Meters), (8, 1, 1))[0]
    return Dialect(
        units=draw.choice((BOTH_UNITS, frozenset({"A"}), frozenset({"W"}))),
        lapses_by=frozenset(ends),
        meters=meters if station.max_power_w <= AC_UP_TO_W else Meters.POWER,
        says_unit=draw.randrange(4) > 0,
    )
