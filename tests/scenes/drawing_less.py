"""F4: vehicles that take less than they are told, by their phases, their steps, their size or their batteries."""

from domain.site.configuration import Settings
from tests.scenes.charger import Charger
from tests.scenes.figures import Figures, measured
from tests.scenes.firmware import RoundsDown
from tests.scenes.vehicle import Flow, Inexact, Phases, Vehicle, as_told
from tests.scenes.world import World, grid, site

AC_W, SMALL_AC_W, SIX_AMPERES_W = 22_080, 11_040, 4_140
ONE_PHASE_W = 7_360
DC_W = 150_000
PLENTY_W = 1_000_000
HAS_IT = "the newcomer has 100 kW after"


def with_fewer_phases(phases: int, seconds: int) -> Figures:
    """A vehicle of 7.4 kW alone on a charger with three phases, with all the room that there is."""
    charger = Charger("ac", AC_W, SIX_AMPERES_W, flow=Phases(phases))
    charger.arrives(Vehicle(ONE_PHASE_W, SIX_AMPERES_W))
    return measured(World(site(grid(PLENTY_W), [charger]), [charger]).run(seconds), PLENTY_W)


def one_phase_beside_three() -> Figures:
    """A single-phase vehicle and one that takes 22 kW, under 31 kW."""
    one, three = (
        Charger("ac-1", AC_W, SIX_AMPERES_W, flow=Phases(1)),
        Charger("ac-2", AC_W, SIX_AMPERES_W, phase=1),
    )
    one.arrives(Vehicle(ONE_PHASE_W, SIX_AMPERES_W))

    def arrives(world: World) -> None:
        if world.second == 20:
            three.arrives()

    return measured(World(site(grid(31_000), [one, three]), [one, three]).run(3600, arrives), 31_000)


def a_part_of_what_it_is_told(factor: float, others: int = 0, limit_w: int = PLENTY_W) -> Figures:
    """A DC charger that draws `factor` times what it is told, alone or beside others that draw it all."""
    flows: list[Flow] = [Inexact(factor)] + [as_told] * others
    chargers = [Charger(f"dc-{number}", DC_W, phase=number % 5, flow=flow) for number, flow in enumerate(flows)]
    for charger in chargers:
        charger.arrives()
    return measured(World(site(grid(limit_w), chargers), chargers).run(3600), limit_w)


def six_ampere_steps() -> Figures:
    """Two chargers that know multiples of six amperes, under 16 kW; one of the vehicles leaves after ten minutes."""
    chargers = [
        Charger(f"ac-{number}", AC_W, SIX_AMPERES_W, phase=number, firmware=lambda: RoundsDown(SIX_AMPERES_W))
        for number in range(2)
    ]
    for charger in chargers:
        charger.arrives()

    def leaves(world: World) -> None:
        if world.second == 600:
            chargers[0].leaves()

    return measured(World(site(grid(16_000), chargers), chargers).run(3600, leaves), 16_000)


def small_beside_hungry() -> Figures:
    """Five vehicles that take a third of their rating, five that take it all, under 60 kW, a margin of 500 W."""
    chargers = [Charger(f"ac-{number}", SMALL_AC_W, phase=number % 5) for number in range(10)]
    for number, charger in enumerate(chargers):
        charger.arrives(Vehicle(SMALL_AC_W // 3 if number < 5 else SMALL_AC_W))
    configuration = site(grid(60_000), chargers, Settings(usage_margin_w=500))
    return measured(World(configuration, chargers).run(3600), 60_000)


def tapering_beside_hungry() -> Figures:
    """Two of three buses under 300 kW taper from minute 10 to minute 30; the third takes all that it gets."""
    chargers = [Charger(f"bus-{number}", DC_W, phase=number) for number in range(3)]
    buses = [charger.arrives() for charger in chargers]

    def taper(world: World) -> None:
        left = 1 - max(0, world.second - 600) / 1200
        for bus in buses[1:]:
            bus.most_w = int(DC_W * max(0.0, left))
            if bus.most_w < 2_000:
                bus.needs_wh = 0

    return measured(World(site(grid(300_000), chargers), chargers).run(2400, taper), 300_000)


def newcomer_beside_small() -> Figures:
    """A vehicle that takes 50 of 150 kW, under 160 kW; when has one that comes after ten minutes its 100 kW?"""
    small, newcomer = Charger("small", DC_W), Charger("newcomer", DC_W, phase=1)
    small.arrives(Vehicle(50_000))
    has_it: dict[str, int] = {}

    def arrives(world: World) -> None:
        if world.second == 600:
            newcomer.arrives()
        if newcomer.power_w >= 100_000:
            has_it.setdefault(HAS_IT, world.second - 600)

    world = World(site(grid(160_000), [small, newcomer]), [small, newcomer]).run(1800, arrives)
    return measured(world, 160_000, has_it)
