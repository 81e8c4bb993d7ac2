"""What a scene must keep, and what it misses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.scenes.figures import Figures


@dataclass(frozen=True)
class Kept:
    """At least so much energy, at most so much of all else; any where it is None.

    `times_s`: the most of those seconds that a scene measures beside its figures. Each of them has to be there.
    """

    energy_kwh: float
    over_s: int | None = None
    well_over_s: int | None = None
    switches: int | None = None
    new_values: int | None = None
    times_s: Mapping[str, int] = field(default_factory=dict)

    def missed(self, figures: Figures) -> Iterator[str]:
        """Every figure that is worse, beside what it has to be."""
        if figures.energy_kwh < self.energy_kwh:
            yield f"energy: {figures.energy_kwh:.1f} of {self.energy_kwh:.1f} kWh"
        at_most: dict[str, tuple[float, int | None]] = {
            "over": (figures.over_s, self.over_s),
            "over by more than 1 %": (figures.well_over_s, self.well_over_s),
            "switches": (figures.switches, self.switches),
            "new values": (figures.new_values, self.new_values),
        }
        for what, (shown, most) in at_most.items():
            if most is not None and shown > most:
                yield f"{what}: {shown:.0f}, at most {most}"
        for what, most in self.times_s.items():
            second = figures.times_s.get(what)
            if second is None or second > most:
                yield f"{what}: {'never' if second is None else second}, at most {most}"


@dataclass(frozen=True)
class Scene:
    """A scene and what it must keep."""

    play: Callable[[], Figures]
    kept: Kept


def as_shown(energy_kwh: float, over_s: int = 0, switches: int = 0, times_s: Mapping[str, int] | None = None) -> Kept:
    """What the rules showed when they were found: within 5 % of the energy, a switch, and 10 s."""
    later = {what: second + 10 for what, second in (times_s or {}).items()}
    return Kept(0.95 * energy_kwh, over_s + 10, switches=switches + 1, times_s=later)


def learned(energy_kwh: float, well_over_s: int = 30, new_values: int = 15) -> Kept:
    """What comes of drawing up to a quarter more: no switch, and the end of it as soon as it is known (R34)."""
    return Kept(0.95 * energy_kwh, well_over_s=well_over_s, switches=0, new_values=new_values)


def among_noise(energy_kwh: float, well_over_s: int = 0, switches: int = 0) -> Kept:
    """What the rules showed, where noise alone is over the limit now and then."""
    return Kept(0.95 * energy_kwh, well_over_s=well_over_s + 10, switches=switches + 1)
