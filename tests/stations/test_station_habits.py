"""Every habit that chargers were seen to have: the limit is kept, measured at the station, or the station is named.

Eighty seconds of real time, all stations side by side: an evening with a limit that falls, a link that is cut, a
pause, a second session, and at the end a gateway that dies.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from adapters.ocpp.findings import IGNORES, NEVER_LAPSES, NOT_LINKED, OVERRULED, REFUSES, SLOW
from adapters.ocpp.gateway import Gateway
from tests.stations.depot import (
    FALLBACK_W,
    VALID_S,
    Bus,
    Depot,
    configuration,
    gateway_of,
    living,
)
from tests.stations.scripted import RATING_W, Habits, Station

WATTS, AMPERES = frozenset({"W"}), frozenset({"A"})
NEITHER: frozenset[str] = frozenset()

KEPT = {
    "lapses-by-both": Habits(),
    "lapses-by-valid-to": Habits(lapses_by=frozenset({"valid_to"})),
    "lapses-by-duration": Habits(lapses_by=frozenset({"duration"})),
    "replaces-by-level": Habits(replaces_by="level"),
    "energy-register-only": Habits(meters="register"),
    "currents-only": Habits(meters="currents"),
    "no-meter": Habits(meters="none"),
    "silent-on-reconnect": Habits(says_states=False),
    "noise": Habits(noise=0.01),
    "two-connectors": Habits(connectors=2),
    "lag-within-grace": Habits(lag_s=2.5),
    "draws-less": Habits(factor=0.97),
    "draws-more": Habits(factor=1.06),
    "single-phase-station": Habits(phases=1, takes=AMPERES, unit_key="Current"),
    "single-phase-vehicle": Habits(factor=1 / 3),
    "steps-of-6-amperes": Habits(step_a=6, takes=AMPERES, unit_key="Current"),
    "whole-amperes": Habits(rounds_a=1, takes=AMPERES, unit_key="Current"),
    "zero-after-a-raise": Habits(zero_s=4),
    "forgets-after-a-session": Habits(forgets=True),
    "forgets-after-a-pause": Habits(pauses=True),
    "full-until-the-morning": Habits(is_full=True),
    "watts-only": Habits(takes=WATTS, unit_key="Power"),
    "amperes-only": Habits(takes=AMPERES, unit_key="Current"),
    "amperes-unsaid": Habits(takes=AMPERES, unit_key=None),
    "reads-minus-one": Habits(reads_back="minus_one"),
    "reads-nothing": Habits(reads_back="empty"),
    "refuses-to-read": Habits(reads_back="refuses"),
    "default-for-the-next-only": Habits(default_for_next_only=True),
    "default-for-the-next-unread": Habits(default_for_next_only=True, reads_back="empty"),
    "an-hour-ahead": Habits(clock_ahead=timedelta(hours=1)),
    "no-trigger": Habits(triggers=False),
    "never-lapses-but-rated": Habits(lapses_by=NEITHER),
}
"""Habits under which the limit is kept."""

NAMED = {
    "accepts-and-ignores": (Habits(ignores=True), IGNORES),
    "foreign-profile": (Habits(foreign_w=20_000), OVERRULED),
    "never-lapses": (Habits(lapses_by=NEITHER), NEVER_LAPSES),
    "refuses": (Habits(refuses=True), REFUSES),
}
"""Those that no gateway can hold to a limit, and what they are called."""

LATE = "lag-above-grace"
"""Kept late, and named."""

HABITS = KEPT | {name: habits for name, (habits, _) in NAMED.items()} | {LATE: Habits(lag_s=30)}
FALLBACKS = {"never-lapses-but-rated": RATING_W}
LAPSED = timedelta(seconds=VALID_S + 5)
"""How long after the end of a gateway every station is at its fallback that can lapse."""

REACTION_S = 0.5
"""How long a station may be without a limit that forgets every limit, until it is told anew."""


@dataclass(frozen=True, slots=True)
class Excess:
    """How far above what it was permitted a connector was, at worst, and for how long."""

    worst_w: float
    seconds: float


@dataclass(slots=True)
class Evening:
    """What came of it; `found`: every name that a station was ever called by, `died`: when the gateway did."""

    depot: Depot
    found: dict[str, set[str]]
    began: datetime
    died: datetime

    def excess(self, name: str, since: datetime, until: datetime) -> Excess:
        """The charger's own factor, a rounding to whole amperes and noise are not the gateway's."""
        station = self.depot.stations[name]
        fallback_w = FALLBACKS.get(name, FALLBACK_W)
        over = [
            watts - self.depot.permitted_w(at, fallback_w) * max(1.0, station.habits.factor) - 500
            for bay in station.bays
            for at, watts in bay.drawn
            if since <= at < until
        ]
        return Excess(max(0.0, *over), sum(each > 0 for each in over) / 10)


async def an_evening() -> Evening:
    bus, site = Bus(), configuration(HABITS, FALLBACKS)
    async with AsyncExitStack() as stack:
        gateways = AsyncExitStack()
        gateway, port = await gateways.enter_async_context(gateway_of(site, bus))
        stations = {name: Station(name, f"ws://127.0.0.1:{port}", each) for name, each in HABITS.items()}
        await stack.enter_async_context(living(list(stations.values())))
        depot = Depot(gateway, bus, port, stations)
        await depot.decide_for(11, 11_000)
        began, found = datetime.now(UTC), {name: set[str]() for name in HABITS}
        watching = asyncio.ensure_future(_watch(gateway, found))
        await _all("plug_in", depot)
        await depot.decide_for(6, 11_000)
        await depot.decide_for(18, 6_900)
        await _all("cut", depot)
        await depot.decide_for(6, 9_000)
        await asyncio.gather(_all("pause", depot), depot.decide_for(6, 9_000))
        await _all("unplug", depot)
        await depot.decide_for(2, 6_900)
        await _all("plug_in", depot)
        await depot.decide_for(16, 6_900)
        watching.cancel()
        await gateways.aclose()
        died = datetime.now(UTC)
        await asyncio.sleep(VALID_S + 8)
        return Evening(depot, found, began, died)


async def _watch(gateway: Gateway, found: dict[str, set[str]]) -> None:
    while True:
        for each in gateway.findings():
            if each.why is not None and each.why != NOT_LINKED:
                found[each.charge_point_id].add(each.why)
        await asyncio.sleep(0.5)


async def _all(what: str, depot: Depot) -> None:
    await asyncio.gather(*(getattr(station, what)() for station in depot.stations.values()))


@pytest.mark.slow
async def test_every_habit_is_kept_to_its_limit_or_named() -> None:
    evening = await an_evening()
    depot, wrong = evening.depot, []
    for name in KEPT:
        excess, found = evening.excess(name, evening.began, evening.died + LAPSED), sorted(evening.found[name])
        print(f"{name:30} over by {excess.worst_w:7.0f} W for {excess.seconds:5.1f} s, found {found}")
        if excess.seconds > REACTION_S or found:
            wrong.append(f"{name}: {excess}, {found}")
        after = evening.died + LAPSED
        lapsed = evening.excess(name, after, after + timedelta(seconds=3))
        if lapsed.seconds:
            wrong.append(f"{name}: not at its fallback, {lapsed}")
    late = evening.excess(LATE, evening.began, evening.died)
    print(f"{LATE:30} over by {late.worst_w:7.0f} W for {late.seconds:5.1f} s, found {sorted(evening.found[LATE])}")
    if not evening.found[LATE] & {IGNORES, SLOW}:
        wrong.append(f"{LATE}: {evening.found[LATE]}")
    for name, (_, why) in NAMED.items():
        print(f"{name:30} found {sorted(evening.found[name])}")
        if why not in evening.found[name]:
            wrong.append(f"{name}: {evening.found[name]} in place of {why}")
    assert not wrong, "\n".join(wrong)
    assert {each["charging_profile_purpose"] for station in depot.stations.values() for each in station.told} == {
        "TxDefaultProfile",
        "TxProfile",
    }
