"""A depot and all that happens to it, as data: the same depot is played the same way every time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.site.configuration import SiteConfiguration
from tests.worlds.habits import NEVER, Habits, Outage, Span, Steps


@dataclass(frozen=True, slots=True)
class Visit:
    """From `start` on a connector has a vehicle that wants so much, at the meter; None: it has none.

    One of the same session wants something else from now on.
    """

    start: int
    session: str | None = None
    wanted_w: int = 0


@dataclass(frozen=True, slots=True)
class Gauge:
    """The meter of a circuit. `late_s`: how long its readings are under way. `divided`: while it reads a thousandth.
    `frozen`: while it repeats its last value with new times.
    """

    every_s: int = 5
    phase_s: int = 0
    late_s: int = 0
    silent: tuple[Span, ...] = ()
    divided: tuple[Span, ...] = ()
    frozen: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Depot:
    """`configurations`: by the second in which they arrive; the first at 0. By charge point: `habits`, `outages`,
    `refusals` (it refuses what is new), `misreads` (the power in its messages is a thousandfold) and `there` (else
    always). By circuit: `buildings` (loads that nobody controls) and `gauges`. By charge point and connector: `visits`,
    and `mutes` (its messages say nothing of it). `take_overs`: another worker goes on; `absent`: there is none.
    `late_s`: how long messages are under way at most. The tree that is true is that of the first configuration in which
    a node stands.
    """

    seed: int
    configurations: tuple[tuple[int, SiteConfiguration], ...]
    habits: Mapping[str, Habits]
    visits: Mapping[tuple[str, int], tuple[Visit, ...]]
    buildings: Mapping[str, Steps] = field(default_factory=dict)
    gauges: Mapping[str, Gauge] = field(default_factory=dict)
    outages: Mapping[str, tuple[Outage, ...]] = field(default_factory=dict)
    refusals: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    there: Mapping[str, Span] = field(default_factory=dict)
    mutes: Mapping[tuple[str, int], tuple[Span, ...]] = field(default_factory=dict)
    misreads: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    take_overs: frozenset[int] = frozenset()
    absent: tuple[Span, ...] = ()
    late_s: int = 0
    reaction_s: int = 30

    @property
    def missed_s(self) -> int:
        """From when a charger falls silent until the others had time to make room for all that it may draw.

        After a take-over what was known last counts for as long again.
        """
        settings = self.configurations[0][1].settings
        known_s = settings.connector_stale_after_s * (2 if self.take_overs else 1)
        return known_s + settings.refresh_interval_s + self.reaction_s


ALWAYS = Span(0, NEVER)
