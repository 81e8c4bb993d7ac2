"""The scripts by name."""

from collections.abc import Mapping
from random import Random
from types import MappingProxyType

from adapters.simulation.faults.chargers import Disobedience, Forgetting, Overdraw, Refusals
from adapters.simulation.faults.limits import LoweredRatings, TooLittleForAll
from adapters.simulation.faults.links import Blackout, Disorder, Outage, SkewedClocks
from adapters.simulation.faults.meters import Frozen, Late, WrongUnit
from adapters.simulation.faults.script import (
    LOWERED,
    NOT_HONOURED,
    SILENT,
    WINDOW,
    Fault,
    NothingToAffect,
    Undisturbed,
    charge_points_of,
    devices_of,
    meters_of,
    one_in,
)
from adapters.simulation.faults.take_overs import TakeOvers
from adapters.simulation.plant import Plant

BEFORE = range(WINDOW.start)

UNSEEN = range(480, 720)
"""Minute 8 to 12."""


def _disorder(plant: Plant, draw: Random) -> Undisturbed:
    devices_of(plant)
    return Disorder(draw)


def _disobedience(plant: Plant, draw: Random) -> Undisturbed:
    if not any(outlet.max_power_w for outlet in plant.layout.outlets):
        raise NothingToAffect("no connector could draw anything")
    return Disobedience(plant, WINDOW)


def _too_little_for_all(plant: Plant, draw: Random) -> Undisturbed:
    if not any(outlet.min_power_w for outlet in plant.layout.outlets):
        raise NothingToAffect("no connector has a minimum")
    return TooLittleForAll(plant, WINDOW)


def _wrong_unit(plant: Plant, draw: Random) -> Undisturbed:
    meters_of(plant)
    return WrongUnit(plant, WINDOW)


def _frozen(plant: Plant, draw: Random) -> Undisturbed:
    meters_of(plant)
    return Frozen(plant, WINDOW)


def _late(plant: Plant, draw: Random) -> Undisturbed:
    meters_of(plant)
    return Late(plant)


def _lowered_ratings(plant: Plant, draw: Random) -> Undisturbed:
    charge_points_of(plant)
    return LoweredRatings(WINDOW)


def _take_overs(plant: Plant, draw: Random) -> Undisturbed:
    devices_of(plant)
    return TakeOvers(plant, WINDOW, UNSEEN)


def _overdraw(plant: Plant, draw: Random) -> Undisturbed:
    fifth = one_in(5, charge_points_of(plant), draw)
    others = [name for name in plant.chargers if name not in fifth]
    twentieth = draw.sample(others, len(plant.chargers) // 20)
    return Overdraw(plant, {**dict.fromkeys(fifth, 1100), **dict.fromkeys(twentieth, 1400)})


def _refusals(plant: Plant, draw: Random) -> Undisturbed:
    charge_points_of(plant)
    return Refusals(plant, WINDOW, draw)


def _forgetting(plant: Plant, draw: Random) -> Undisturbed:
    charge_points_of(plant)
    return Forgetting(plant, WINDOW, draw)


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        each.name: each
        for each in (
            Fault(
                "charger-offline",
                "Minute 5 to 15: the links of a tenth of the charge points are dead, both ways.",
                lambda plant, draw: Outage(plant, one_in(10, charge_points_of(plant), draw), WINDOW),
                starts_s=WINDOW.start,
                causes=SILENT,
            ),
            Fault(
                "meter-silent",
                "Minute 5 to 15: every meter is silent.",
                lambda plant, draw: Outage(plant, meters_of(plant), WINDOW),
                starts_s=WINDOW.start,
                causes=SILENT,
            ),
            Fault(
                "all-silent",
                "Minute 5 to 15: nothing of the depot is heard, and nothing that is sent to it arrives.",
                lambda plant, draw: Blackout(plant, devices_of(plant), WINDOW),
                starts_s=WINDOW.start,
                causes=SILENT,
            ),
            Fault(
                "duplicates-and-late",
                "All the time: messages come again, late and in another order.",
                _disorder,
            ),
            Fault(
                "ignores-setpoint",
                "Minute 5 to 15: at the fullest circuit the connector with the lowest setpoint draws its rating.",
                _disobedience,
                starts_s=WINDOW.start,
                causes=NOT_HONOURED,
            ),
            Fault(
                "limit-below-minimums",
                "Minute 5 to 15: every grid connection has half of what the minimums need, plus the background.",
                _too_little_for_all,
                starts_s=WINDOW.start,
                causes=LOWERED,
            ),
            Fault(
                "cold-start",
                "A tenth of the charge points, never heard before minute 5, appear under load.",
                lambda plant, draw: Outage(plant, one_in(10, charge_points_of(plant), draw), BEFORE),
                starts_s=WINDOW.start,
                causes=SILENT,
            ),
            Fault(
                "clock-skew",
                "All the time: the clocks of the devices are up to 45 s ahead or 20 s behind.",
                lambda plant, draw: SkewedClocks(devices_of(plant), draw),
            ),
            Fault(
                "half-offline",
                "Minute 5 to 15: the links of half of the charge points are dead, both ways.",
                lambda plant, draw: Outage(plant, one_in(2, charge_points_of(plant), draw), WINDOW),
                starts_s=WINDOW.start,
                causes=SILENT,
            ),
            Fault(
                "downlink-dead",
                "Minute 5 to 15: nothing that is sent to half of the charge points arrives, while their readings do.",
                lambda plant, draw: Outage(plant, one_in(2, charge_points_of(plant), draw), WINDOW, readings_too=False),
                starts_s=WINDOW.start,
                causes=NOT_HONOURED,
            ),
            Fault(
                "late-meters",
                "All the time: meters speak first after a minute, then every ten seconds, three seconds late.",
                _late,
                starts_s=Late.HEARD_BY_S,
            ),
            Fault(
                "meter-wrong-unit",
                "Minute 5 to 15: every meter reports a thousandth of what it reads.",
                _wrong_unit,
                starts_s=WINDOW.start,
            ),
            Fault(
                "meter-frozen",
                "Minute 5 to 15: every meter repeats its last value with new times.",
                _frozen,
                starts_s=WINDOW.start,
            ),
            Fault(
                "ratings-lowered",
                "Minute 5 to 15: every charge point and connector is rated at 40 % of what it was.",
                _lowered_ratings,
                starts_s=WINDOW.start,
                causes=LOWERED,
            ),
            Fault(
                "take-overs",
                "Minute 5 to 15: another worker takes over every 25 s; from minute 8 to 12 every meter is silent.",
                _take_overs,
                starts_s=WINDOW.start,
                of_the_worker=True,
                causes=SILENT,
            ),
            Fault(
                "overdraw",
                "All the time: a fifth of the chargers draw 1.1 times what they are told, one in twenty 1.4 times.",
                _overdraw,
                causes=NOT_HONOURED,
            ),
            Fault(
                "refuses",
                "Minute 5 to 15: a tenth of the charge points refuse every new setpoint and keep the old one.",
                _refusals,
                starts_s=WINDOW.start,
                causes=NOT_HONOURED,
            ),
            Fault(
                "forgets",
                "Minute 5 to 15: a tenth of the chargers lose their limit with every session, of two minutes each.",
                _forgetting,
                starts_s=WINDOW.start,
                causes=NOT_HONOURED,
            ),
        )
    }
)
