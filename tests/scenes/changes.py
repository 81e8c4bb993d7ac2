"""F14, F15, F17, F19 and F22: buildings, limits, vehicles and chargers that come, go and change."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from domain.knowledge.readings import ConnectorReading
from domain.site.configuration import Circuit
from tests.scenes.charger import Charger, as_it_is, at
from tests.scenes.figures import Figures, measured
from tests.scenes.firmware import RoundsDown
from tests.scenes.vehicle import Vehicle
from tests.scenes.world import World, grid, site, true_load

AC_W, SMALL_AC_W, SIX_AMPERES_W = 22_080, 11_040, 4_140
DC_W, SMALL_DC_W = 150_000, 50_000
OVER_LATER = "over 20 s after a limit fell"
BOTH_AGAIN = "both charge again after"
FULL = "the first is full after"
HAS_ALL = "the other has it all after"


def restless_building() -> Figures:
    """Ten AC chargers under a metered 200 kW beside a building that wanders, and steps up by 15 kW now and then."""
    chance = Random(3)
    wandering_w, building_w = 60_000.0, []
    for second in range(3600):
        wandering_w = max(20_000, min(110_000, wandering_w + chance.gauss(0, 400)))
        building_w.append(int(wandering_w) + (15_000 if second // 240 % 2 else 0))
    chargers = [Charger(f"ac-{number}", AC_W, SIX_AMPERES_W, phase=number % 5) for number in range(10)]
    for charger in chargers:
        charger.arrives()
    configuration = site(grid(200_000, 100_000, metered=True), chargers)
    world = World(configuration, chargers, lambda second: building_w[second], {"grid": true_load})
    return measured(world.run(3600), 200_000)


def dual_charger(minimum_w: int) -> Figures:
    """Of two vehicles on one DC charger one is full after 2.5 kWh: when has the other what the charger can give?"""
    charger = Charger("dc", DC_W, minimum_w, outlet_count=2, station_w=DC_W)
    full, other = charger.arrives(Vehicle(DC_W, minimum_w, 2_500)), charger.outlets[1]
    charger.arrives(outlet=1)
    times_s: dict[str, int] = {}

    def watch(world: World) -> None:
        if full.full:
            times_s.setdefault(FULL, world.second)
        if other.power_w >= 149_000:
            times_s.setdefault(HAS_ALL, world.second)

    return measured(World(site(grid(400_000), [charger]), [charger]).run(900, watch), DC_W, times_s)


def limit_falls_and_comes_back() -> Figures:
    """Two AC chargers on a feeder whose limit falls under what both need, then to 0, and comes back."""
    chargers = [
        Charger(f"ac-{number}", SMALL_AC_W, SIX_AMPERES_W, circuit_id="feeder", phase=number) for number in range(2)
    ]
    for charger in chargers:
        charger.arrives()
    limits_w = {300: 7_560, 1500: 0, 2100: 34_500}
    in_force_w, times_s = [34_500], {OVER_LATER: 0}

    def change(world: World) -> None:
        if world.second in limits_w:
            world.limit("feeder", limits_w[world.second])
            in_force_w.append(limits_w[world.second])
        fell_lately = 300 <= world.second < 320 or 1500 <= world.second < 1520
        if world.drawn_w > in_force_w[-1] and not fell_lately:
            times_s[OVER_LATER] += 1
        if world.second > 2100 and world.drawn_w == 2 * SMALL_AC_W:
            times_s.setdefault(BOTH_AGAIN, world.second - 2100)

    circuits = [grid(34_500), Circuit("feeder", "grid", "feeder", 34_500)]
    return measured(World(site(circuits, chargers), chargers).run(2400, change), 34_500, times_s)


def preparing(reading: ConnectorReading) -> ConnectorReading:
    return replace(reading, status="Preparing")


def one_reboots() -> Figures:
    """Of four DC chargers one is dark for 40 s, prepares for 10 s, and says for 15 s that it is 1970."""
    chargers = [Charger(f"dc-{number}", SMALL_DC_W, fallback_w=5_000, phase=number) for number in range(4)]
    rebooting = chargers[0]
    for charger in chargers:
        charger.arrives()

    def reboot(world: World) -> None:
        match world.second:
            case 600:
                rebooting.goes_down()
            case 640:
                rebooting.comes_up()
                rebooting.says = preparing
                rebooting.clock = lambda second: at(second).replace(year=1970)
            case 650:
                rebooting.says = as_it_is
            case 655:
                rebooting.clock = at

    return measured(World(site(grid(100_000), chargers), chargers).run(1500, reboot), 100_000)


def rounding_down(step_w: int, *, reports_limit: bool = False) -> Figures:
    """Six AC chargers under 64 A that take limits in steps; a vehicle comes every 200 s, the first leaves again."""
    chargers = [
        Charger(
            f"ac-{number}",
            AC_W,
            SIX_AMPERES_W,
            fallback_w=SIX_AMPERES_W,
            phase=number % 5,
            reports_limit=reports_limit,
            firmware=lambda: RoundsDown(step_w),
        )
        for number in range(6)
    ]
    arrivals: dict[int, Callable[[], object]] = {
        5 + 200 * number: charger.arrives for number, charger in enumerate(chargers)
    }
    happens = arrivals | {1500: chargers[0].leaves}

    def come_and_go(world: World) -> None:
        if world.second in happens:
            happens[world.second]()

    return measured(World(site(grid(44_160), chargers), chargers).run(2400, come_and_go), 44_160)


def unplugged_in_a_raise() -> Figures:
    """Three DC chargers under 100 kW; two vehicles go and come while the room that they leave is handed on."""
    chargers = [Charger(f"dc-{number}", SMALL_DC_W, fallback_w=5_000, phase=number) for number in range(3)]
    for charger in chargers:
        charger.arrives()
    first, second, _ = chargers
    happens: dict[int, Callable[[], object]] = {
        300: first.leaves,
        304: second.leaves,
        306: second.arrives,
        330: first.arrives,
        331: first.leaves,
        332: first.arrives,
    }

    def come_and_go(world: World) -> None:
        if world.second in happens:
            happens[world.second]()

    return measured(World(site(grid(100_000), chargers), chargers).run(700, come_and_go), 100_000)
