"""What a station is asked and told once: its abilities, its fallback, what to measure, and whether its limits lapse."""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeAlias

from ocpp.v16 import call
from ocpp.v16.enums import ChargingRateUnitType, MessageTrigger

from adapters.ocpp.abilities import ASKED_FOR, Abilities, Unit, told_by
from adapters.ocpp.link import Link, Refused
from adapters.ocpp.outlets import Outlet
from adapters.ocpp.profiles import LEAST_AMPERES, VOLTS, fallback_profile, limit_of, read_back_w, setpoint_profile
from adapters.ocpp.setpoints import Setpoint, Standing
from adapters.ocpp.station import Station
from application.ports.clock import Clock
from domain.site.configuration import ChargePoint

SAMPLED_EVERY_S: Final = 10

MEASURANDS: Final = (
    "Power.Active.Import,Energy.Active.Import.Register,Current.Import,Voltage",
    "Power.Active.Import,Energy.Active.Import.Register",
    "Energy.Active.Import.Register",
)
"""What is asked to be sampled; a station that refuses one list may take the next."""

APART_W: Final = LEAST_AMPERES * VOLTS
"""Limits that are told from each other differ by more than this."""

PROBED: Final = timedelta(seconds=4)
"""How long the limit holds by which it is tried whether limits lapse."""

Chore: TypeAlias = Callable[[], Awaitable[None]]

_logger = logging.getLogger(__name__)


def fallback_w(charge_point: ChargePoint, outlet: Outlet) -> int:
    """A connector's share of what its charge point falls back to in total."""
    return min(charge_point.fallback_w // len(charge_point.connectors), outlet.connector.max_power_w)


def learned(station: Station, **abilities: Any) -> None:
    """Keep what a station was found to be able to do."""
    known = replace(station.kept.abilities, **abilities)
    if known != station.kept.abilities:
        station.kept.abilities = known
        station.keep()
        _logger.info("%s: %s", station.charge_point.charge_point_id, known)


async def settle(link: Link, outlet: Outlet) -> None:
    """Put the connector's fallback into the station, in the unit that it takes. Where none is known, watts are tried,
    read back, then amperes; where neither can be read back it is what it takes first.
    """
    station = link.station
    if station.kept.abilities.unit is None:
        await _ask_abilities(link)
    known = station.kept.abilities
    share_w, taken = fallback_w(station.charge_point, outlet), []
    for unit in Unit if known.unit is None else (known.unit,):
        tried = replace(known, unit=unit)
        if await _takes(link, outlet, fallback_profile(outlet.number, share_w, tried)):
            taken.append(unit)
            if await composite_w(link, outlet, tried) is not None:
                learned(station, unit=unit, reads_back=True)
                break
    if taken:
        if known.unit is None and station.kept.abilities.unit is None:
            learned(station, unit=taken[0])
            if taken[0] is not taken[-1]:
                await _takes(link, outlet, fallback_profile(outlet.number, share_w, station.kept.abilities))
        station.kept.fallbacks[outlet.number] = share_w
        station.keep()
    else:
        _logger.warning("%s/%d does not take its fallback of %d W", link.id, outlet.number, share_w)


async def composite_w(link: Link, outlet: Outlet, abilities: Abilities) -> int | None:
    """The limit that the station says to hold now, in watts; None where it does not say."""
    unit = abilities.unit or Unit.WATTS
    try:
        asked = ChargingRateUnitType(unit)
        answer = await link.ask(call.GetCompositeSchedule(outlet.number, duration=60, charging_rate_unit=asked))
    except Refused:
        return None
    return read_back_w(answer.charging_schedule, unit, abilities.phases)


def chores(link: Link, clock: Clock, probing: Callable[[Outlet], None]) -> Iterator[Chore]:
    """What can wait until the station has its setpoints; `probing` is told which connector has a limit for trial."""
    for outlet in link.station.outlets.values():
        yield partial(_trigger, link, clock, MessageTrigger.status_notification, outlet)
    yield partial(_change, link, "MeterValueSampleInterval", (str(SAMPLED_EVERY_S),))
    yield partial(_change, link, "MeterValuesSampledData", MEASURANDS)
    yield partial(_probe, link, clock, probing)


async def ask_for_sample(link: Link, clock: Clock, outlet: Outlet) -> None:
    """Ask for a sample that is taken there and then."""
    await _trigger(link, clock, MessageTrigger.meter_values, outlet)


async def _trigger(link: Link, clock: Clock, message: MessageTrigger, outlet: Outlet) -> None:
    link.station.asked_at = clock.now()
    try:
        await link.ask(call.TriggerMessage(requested_message=message, connector_id=outlet.number))
    except Refused:
        link.station.asked_at = None


async def _ask_abilities(link: Link) -> None:
    station = link.station
    try:
        answer = await link.ask(call.GetConfiguration(key=list(ASKED_FOR)))
    except Refused:
        return
    keys = {
        str(each.get("key")): str(each.get("value"))
        for each in answer.configuration_key or ()
        if isinstance(each, Mapping)
    }
    rating_w = max(each.max_power_w for each in station.charge_point.connectors)
    learned(station, unit=(told := told_by(keys, station.kept.abilities, largest_rating_w=rating_w)).unit)
    learned(station, phases=told.phases)


async def _takes(link: Link, outlet: Outlet, profile: Mapping[str, Any]) -> bool:
    try:
        answer = await link.ask(call.SetChargingProfile(connector_id=outlet.number, cs_charging_profiles=dict(profile)))
    except Refused:
        return False
    return bool(answer.status == "Accepted")


async def _change(link: Link, key: str, values: tuple[str, ...]) -> None:
    for value in values:
        try:
            answer = await link.ask(call.ChangeConfiguration(key=key, value=value))
        except Refused:
            return
        if answer.status in ("Accepted", "RebootRequired"):
            return


async def _probe(link: Link, clock: Clock, probing: Callable[[Outlet], None]) -> None:
    """Try once, at an empty connector, whether a limit lapses: give it one that holds for seconds."""
    station, abilities = link.station, link.station.kept.abilities
    empty = [each for each in station.outlets.values() if each.status == "Available" and each.transaction is None]
    if abilities.lapses is not None or not abilities.reads_back or not empty:
        return
    outlet, now = empty[0], clock.now()
    trial_w = 0 if fallback_w(station.charge_point, outlet) > APART_W else 3 * APART_W
    limit = limit_of(trial_w, abilities.unit or Unit.WATTS, abilities.phases)
    theirs, lapses_at = station.station_clock.theirs, now + PROBED
    profile = setpoint_profile(outlet.number, limit, now=theirs(now), lapses_at=theirs(lapses_at))
    probing(outlet)
    if await _takes(link, outlet, profile):
        outlet.standing = Standing(Setpoint(0, trial_w, lapses_at), limit.watts, now, now)
