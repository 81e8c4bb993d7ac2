"""Z: depots in which every charger and every vehicle is a little different, as they are in the field."""

from dataclasses import dataclass
from random import Random

from tests.scenes.charger import Charger
from tests.scenes.figures import Figures, measured
from tests.scenes.vehicle import Flow, Inexact, Phases, Steps, Vehicle, as_told
from tests.scenes.world import World, grid, site, true_load

SECONDS = 5400
SIX_AMPERES_W = 4_140
AC_UP_TO_W = 50_000


@dataclass(frozen=True)
class Mix:
    """So many chargers with one outlet of `rating_w` each, whose vehicles arrive within half an hour.

    They draw 0.97 to 1.06 of what they are told with 1 % noise, obey after 2 to 15 s, speak every 5 to 30 s; some
    report their limit, some vehicles have one phase, steps of six amperes, or a size of their own. A metered site has a
    building that wanders from 15 % of the limit on.
    """

    seed: int
    count: int
    rating_w: int
    minimum_w: int
    limit_w: int
    metered: bool = False

    def __call__(self) -> Figures:
        chance = Random(self.seed)
        chargers = [self._charger(number, chance) for number in range(self.count)]
        arrivals = {charger: (chance.randint(0, 1800), self._vehicle(chance)) for charger in chargers}
        building_w = self._building_w()

        def arrive(world: World) -> None:
            for charger, (second, vehicle) in arrivals.items():
                if world.second == second:
                    charger.arrives(vehicle)

        circuit = grid(self.limit_w, self.limit_w // 2 if self.metered else None, metered=self.metered)
        meters = {"grid": true_load} if self.metered else {}
        world = World(site(circuit, chargers), chargers, lambda second: building_w[second], meters)
        return measured(world.run(SECONDS, arrive), self.limit_w)

    def _charger(self, number: int, chance: Random) -> Charger:
        return Charger(
            f"bay-{number}",
            self.rating_w,
            self.minimum_w,
            fallback_w=self.minimum_w,
            lag_s=chance.randint(2, 15),
            every_s=chance.choice([5, 5, 15, 30]),
            phase=chance.randint(0, 29),
            reports_limit=chance.random() < 0.3,
            flow=Inexact(
                chance.uniform(0.97, 1.06), noise_percent=1, chance=Random(chance.random()), of=self._shape(chance)
            ),
        )

    def _shape(self, chance: Random) -> Flow:
        if self.rating_w >= AC_UP_TO_W:
            return as_told
        shapes: list[Flow] = [as_told, as_told, as_told, Phases(1), Steps(SIX_AMPERES_W)]
        return chance.choice(shapes)

    def _vehicle(self, chance: Random) -> Vehicle:
        """One that takes all, or a part of it where its size is its own; full early, late or never in this time."""
        most = 1.0 if chance.randrange(5) else chance.uniform(0.3, 0.8)
        needs_wh = self.rating_w * chance.choice([0.15, 0.4, 1, 1, 2])
        return Vehicle(int(self.rating_w * most), self.minimum_w, needs_wh)

    def _building_w(self) -> list[int]:
        if not self.metered:
            return [0] * SECONDS
        chance, wandering_w, building_w = Random(self.seed + 1), self.limit_w * 0.15, []
        for _ in range(SECONDS):
            wandering_w = max(0.0, min(self.limit_w * 0.3, wandering_w + chance.gauss(0, self.limit_w * 0.001)))
            building_w.append(int(wandering_w))
        return building_w
