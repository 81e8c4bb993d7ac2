"""F5: readings in the wrong unit, meters that are reversed or late, power that flows back."""

from dataclasses import dataclass, replace
from functools import partial

from domain.knowledge.readings import ConnectorReading
from tests.scenes.charger import Charger, as_it_is
from tests.scenes.figures import Figures, measured
from tests.scenes.world import Building, Meter, World, grid, site, true_load

DC_W = 50_000
LIMIT_W, SAFE_W = 100_000, 50_000


def thousandfold(reading: ConnectorReading) -> ConnectorReading:
    """Watts where kilowatts were meant, or the other way round."""
    return replace(reading, power_w=None if reading.power_w is None else reading.power_w * 1000)


def always(building_w: int, second: int) -> int:
    return building_w


def in_kilowatts(world: World) -> int:
    """A meter that says kilowatts for watts."""
    return world.load_w // 1000


def reversed_sign(world: World) -> int:
    """A meter that was put in the wrong way round."""
    return -world.load_w


def ten_seconds_late(world: World) -> int:
    """A meter that is two of its own periods behind."""
    return world.load_by_second[max(0, world.second - 10)]


@dataclass(frozen=True)
class ThreeDc:
    """Three DC chargers of 50 kW under a metered 100 kW with 50 kW safe, beside a building that does not change.

    The first one `says` what it says. Where vehicles swing, each takes a fifth in every other 40 s, after five minutes.
    """

    building_w: int
    meter: Meter = true_load
    first_says_thousandfold: bool = False
    generation: bool = False
    every_s: int = 5
    swinging: bool = False

    def __call__(self) -> Figures:
        chargers = [
            Charger(
                f"dc-{number}",
                DC_W,
                fallback_w=5_000,
                phase=number,
                every_s=self.every_s,
                says=thousandfold if self.first_says_thousandfold and number == 0 else as_it_is,
            )
            for number in range(3)
        ]
        vehicles = [charger.arrives() for charger in chargers]

        def swing(world: World) -> None:
            if self.swinging and world.second > 300:
                for number, vehicle in enumerate(vehicles):
                    vehicle.most_w = DC_W if (world.second + number * 13) // 40 % 2 else DC_W // 5

        building: Building = partial(always, self.building_w)
        circuit = grid(LIMIT_W, SAFE_W, metered=True, generation=self.generation)
        world = World(site(circuit, chargers), chargers, building, {"grid": self.meter}).run(1200, swing)
        return measured(world, LIMIT_W)
