"""F8, F9 and F21: a charger that ignores its limit, some that forget it now and then, some that overshoot."""

from collections.abc import Callable

from domain.sharing.plan import Reason
from tests.scenes.charger import Charger
from tests.scenes.figures import Figures, measured
from tests.scenes.firmware import Firmware, ForgetsAfterZero, IgnoresFrom, ResetsWithSessions, Spikes
from tests.scenes.world import Meter, World, grid, site

AC_W, SIX_AMPERES_W = 22_080, 4_140
IGNORES_FROM = 300
FOUND = "found after"


def one_ignores(meter: Meter | None) -> Figures:
    """Four AC chargers under 40 A; after five minutes the third one draws all that it can, told what it may."""
    chargers = [
        Charger(
            f"ac-{number}",
            AC_W,
            SIX_AMPERES_W,
            fallback_w=SIX_AMPERES_W,
            phase=number,
            firmware=_ignores if number == 3 else Firmware,
        )
        for number in range(1, 5)
    ]
    for charger in chargers:
        charger.arrives()
    circuit = grid(27_600, 17_000, metered=meter is not None)
    world = World(site(circuit, chargers), chargers, meters={} if meter is None else {"grid": meter}).run(700)
    found = [
        second
        for second, cycle in world.cycles
        if any(each.charge_point_id == "ac-3" and each.reason is Reason.UNRESPONSIVE for each in cycle.setpoints)
    ]
    return measured(world, 27_600, {FOUND: found[0] - IGNORES_FROM} if found else {})


def meter_of_the_first(world: World) -> int:
    """A meter that sees one charger alone."""
    return world.chargers["ac-1"].power_w


def four_in_turns(firmware: Callable[[], Firmware] = Firmware, *, reports_limit: bool = False) -> Figures:
    """Four AC chargers under 32 A; vehicles come every five minutes, two of them leave and others come."""
    chargers = [
        Charger(
            f"ac-{number}",
            AC_W,
            SIX_AMPERES_W,
            fallback_w=SIX_AMPERES_W,
            phase=number,
            reports_limit=reports_limit,
            firmware=firmware,
        )
        for number in range(4)
    ]
    arrivals = {5: 0, 300: 1, 600: 2, 900: 3, 1560: 0, 2700: 1}
    departures = {1500: 0, 2400: 1}

    def come_and_go(world: World) -> None:
        if world.second in arrivals:
            chargers[arrivals[world.second]].arrives()
        if world.second in departures:
            chargers[departures[world.second]].leaves()

    return measured(World(site(grid(AC_W), chargers), chargers).run(3600, come_and_go), AC_W)


def forgets() -> Firmware:
    return ForgetsAfterZero(lag_s=3, rating_w=AC_W)


def resets() -> Firmware:
    return ResetsWithSessions(lag_s=3, rating_w=AC_W)


def spikes() -> Firmware:
    return Spikes(spike_w=AC_W // 2)


def _ignores() -> Firmware:
    return IgnoresFrom(IGNORES_FROM, AC_W)
