"""F1, F2, swing: chargers that draw more than they are told, by a watt, by the volts of their grid, by losses."""

from dataclasses import dataclass
from random import Random

from tests.scenes.charger import Charger
from tests.scenes.figures import Figures, measured
from tests.scenes.firmware import AMPERE_W
from tests.scenes.vehicle import Amperes, Flow, Inexact, Vehicle, as_told
from tests.scenes.world import World, grid, no_building, site, true_load

AC_W = 32 * AMPERE_W
SIX_AMPERES_W = 6 * AMPERE_W
DC_W, DC_STATION_W, DC_SITE_W = 150_000, 160_000, 400_000
BAY_W, BAYS_SITE_W = 150_000, 1_000_000

OVER_LATER = "over after a minute"


def alone_and_a_watt_more() -> Figures:
    """One AC charger with all the room that there is draws a watt more than its rating."""
    charger = Charger("ac", AC_W, SIX_AMPERES_W, flow=Inexact(plus_w=1))
    charger.arrives()
    return measured(World(site(grid(1_000_000), [charger]), [charger]).run(900))


def six_ac(
    volts: int, site_a: int, *, step_ma: int = 100, metered: bool = False, reports_limit: bool = False
) -> Figures:
    """Six AC chargers that limit current, on a grid that does not have the 230 V by which power is told."""
    chargers = [
        Charger(
            f"ac-{number}",
            AC_W,
            SIX_AMPERES_W,
            fallback_w=SIX_AMPERES_W,
            phase=number % 5,
            reports_limit=reports_limit,
            flow=Amperes(volts, step_ma),
        )
        for number in range(6)
    ]
    for charger in chargers:
        charger.arrives()
    limit_w = site_a * AMPERE_W
    circuit = grid(limit_w, len(chargers) * SIX_AMPERES_W if metered else None, metered=metered)
    meters = {"grid": true_load} if metered else {}
    return measured(World(site(circuit, chargers), chargers, meters=meters).run(1800), limit_w)


@dataclass(frozen=True)
class FiveDc:
    """Five DC chargers under 400 kW that draw `factor` times what they are told, and `plus_w`."""

    factor: float = 1.0
    plus_w: int = 0
    noise_percent: int = 0
    metered: bool = False
    reports_limit: bool = False
    every_s: int = 5

    def __call__(self) -> Figures:
        chargers = [self._charger(number) for number in range(5)]
        for charger in chargers:
            charger.arrives()
        circuit = grid(DC_SITE_W, DC_SITE_W // 2 if self.metered else None, metered=self.metered)
        meters = {"grid": true_load} if self.metered else {}
        return measured(World(site(circuit, chargers), chargers, meters=meters).run(1200), DC_SITE_W)

    def _charger(self, number: int) -> Charger:
        name = f"dc-{number}"
        return Charger(
            name,
            DC_W,
            station_w=DC_STATION_W,
            fallback_w=10_000,
            phase=number,
            every_s=self.every_s,
            reports_limit=self.reports_limit,
            flow=Inexact(self.factor, self.plus_w, self.noise_percent, Random(name)),
        )


def twenty_bays(factor: float, overdrawing: int = 20, *, metered: bool = False) -> Figures:
    """Twenty bays of 150 kW under 1 MW; some draw `factor` times what they are told, if their vehicles take so much.

    They obey after 15 s and say what is in force and what their vehicles ask for. All arrive after 20 s; what they are
    over the limit by more than 1 % a minute later is counted apart.
    """
    more = Inexact(factor, at_most_w=BAY_W)
    flows: list[Flow] = [more if number < overdrawing else as_told for number in range(20)]
    chargers = [
        Charger(f"bay-{number}", BAY_W, 5_000, phase=number % 5, lag_s=15, reports_limit=True, requests=True, flow=flow)
        for number, flow in enumerate(flows)
    ]

    later_s = {OVER_LATER: 0}

    def watch(world: World) -> None:
        if world.second == 20:
            for charger in chargers:
                charger.arrives(Vehicle(BAY_W, 5_000))
        later_s[OVER_LATER] += world.second > 80 and world.load_w * 100 > BAYS_SITE_W * 101

    circuit = grid(BAYS_SITE_W, metered=metered)
    meters = {"grid": true_load} if metered else {}
    world = World(site(circuit, chargers), chargers, no_building, meters).run(1500, watch)
    return measured(world, BAYS_SITE_W, later_s)
