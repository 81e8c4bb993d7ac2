"""F3: vehicles that are full, say nothing of it, and keep their sockets; one of them wakes up again."""

from dataclasses import replace
from math import inf

from domain.knowledge.readings import ConnectorReading
from tests.scenes.charger import Charger, Says, as_it_is
from tests.scenes.figures import Figures, measured
from tests.scenes.vehicle import Vehicle
from tests.scenes.world import World, grid, site

AC_W, SIX_AMPERES_W = 11_040, 4_140
HOUR_S = 3600
WOKEN = "the woken one charges after"


def always_charging(reading: ConnectorReading) -> ConnectorReading:
    """A charger whose status does not tell that its vehicle is full."""
    return replace(reading, status="Charging")


def garage(
    full: int,
    hungry: int,
    limit_w: int,
    *,
    minimum_w: int = SIX_AMPERES_W,
    rating_w: int = AC_W,
    hours: int = 2,
    says: Says = as_it_is,
) -> Figures:
    """So many vehicles are full from the beginning, so many charge as long as they may."""
    chargers = _chargers(full, hungry, minimum_w, rating_w=rating_w, says=says)
    return measured(World(site(grid(limit_w), chargers), chargers).run(hours * HOUR_S), limit_w)


def night() -> Figures:
    """Twenty vehicles under 60 A for ten hours: twelve need 8 kWh, eight 40. A reading every 15 s."""
    chargers = [Charger(f"bay-{number}", AC_W, SIX_AMPERES_W, phase=number % 5, every_s=15) for number in range(20)]
    for number, charger in enumerate(chargers):
        charger.arrives(Vehicle(AC_W, SIX_AMPERES_W, 8_000 if number < 12 else 40_000))
    return measured(World(site(grid(41_400), chargers), chargers).run(10 * HOUR_S), 41_400)


def one_wakes(limit_w: int, seconds: int) -> Figures:
    """After an hour one of nine full vehicles beside three hungry ones takes energy again: how soon is it served?"""
    chargers = _chargers(9, 3, SIX_AMPERES_W)
    woken = chargers[2].outlets[0]
    starts: dict[str, int] = {}

    def wake(world: World) -> None:
        if world.second == HOUR_S and woken.vehicle is not None:
            woken.vehicle.needs_wh = 3_000
        if woken.power_w:
            starts.setdefault(WOKEN, world.second - HOUR_S)

    world = World(site(grid(limit_w), chargers), chargers).run(seconds, wake)
    return measured(world, limit_w, starts)


def _chargers(full: int, hungry: int, minimum_w: int, *, rating_w: int = AC_W, says: Says = as_it_is) -> list[Charger]:
    chargers = []
    for number in range(full + hungry):
        is_full = number < full
        charger = Charger(f"bay-{number}", rating_w, minimum_w, phase=number % 5, says=says if is_full else as_it_is)
        charger.arrives(Vehicle(AC_W, minimum_w, 0 if is_full else inf))
        chargers.append(charger)
    return chargers
