"""A small world around the real mailbox and the real aggregate: chargers, a building, meters, one tick a second."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TypeAlias

from adapters.clock import VirtualClock
from application.mailbox import Mailbox
from domain.events import ConfigurationRejected, CycleCompleted, DomainEvent
from domain.knowledge.readings import CircuitTelemetry
from domain.microgrid import Microgrid
from domain.site.configuration import Circuit, Settings, SiteConfiguration
from tests.scenes.charger import Charger, at

METERS_EVERY_S = 5

Building: TypeAlias = Callable[[int], int]
"""What a building draws in a second of the run."""

Meter: TypeAlias = Callable[["World"], int]
"""What a circuit's meter says of what is drawn now."""


def no_building(second: int) -> int:
    return 0


def true_load(world: "World") -> int:
    """A meter that is right."""
    return world.load_w


def grid(capacity_w: int, safe_w: int | None = None, *, metered: bool = False, generation: bool = False) -> Circuit:
    """The grid connection."""
    return Circuit("grid", None, "grid", capacity_w, safe_w, metered, generation)


def site(
    circuits: Circuit | Sequence[Circuit], chargers: Sequence[Charger], settings: Settings | None = None
) -> SiteConfiguration:
    """The depot of these chargers, shared equally."""
    return SiteConfiguration(
        "depot",
        "A depot",
        1,
        settings=settings or Settings(),
        circuits=(circuits,) if isinstance(circuits, Circuit) else tuple(circuits),
        charge_points=tuple(charger.configured for charger in chargers),
    )


@dataclass(frozen=True)
class Happened:
    """An event, and the second of the run in which it was announced."""

    second: int
    event: DomainEvent


class World:
    """`drawn_w` is what chargers draw, `load_w` that and the building; both are kept by second.

    Messages arrive, and setpoints are delivered, in the second they are sent.
    """

    def __init__(
        self,
        configuration: SiteConfiguration,
        chargers: Sequence[Charger],
        building: Building = no_building,
        meters: Mapping[str, Meter] | None = None,
    ) -> None:
        self.second = 0
        self.chargers = {charger.charge_point_id: charger for charger in chargers}
        self.drawn_by_second: list[int] = []
        self.load_by_second: list[int] = []
        self.happened: list[Happened] = []
        self._building = building
        self._meters = meters or {}
        self._meter_sequence = count(1)
        self._clock = VirtualClock(at(0))
        self._mailbox = Mailbox(self._clock)
        self._microgrid = Microgrid("depot")
        self.configure(configuration)

    @property
    def drawn_w(self) -> int:
        return self.drawn_by_second[-1]

    @property
    def load_w(self) -> int:
        return self.load_by_second[-1]

    @property
    def configuration(self) -> SiteConfiguration:
        assert self._microgrid.site is not None
        return self._microgrid.site.configuration

    @property
    def cycles(self) -> list[tuple[int, CycleCompleted]]:
        """Every published cycle and its second."""
        return [(each.second, each.event) for each in self.happened if isinstance(each.event, CycleCompleted)]

    def configure(self, configuration: SiteConfiguration) -> None:
        """A configuration arrives; it has to be a good one."""
        change = self._microgrid.configure(configuration, at(self.second))
        assert not any(isinstance(event, ConfigurationRejected) for event in change.events), change.events
        self._microgrid = change.microgrid
        self._mailbox.open(self._microgrid)

    def limit(self, circuit_id: str, capacity_w: int) -> None:
        """A configuration changes the capacity of a circuit."""
        before = self.configuration
        circuits = tuple(
            replace(each, default_capacity_w=capacity_w) if each.circuit_id == circuit_id else each
            for each in before.circuits
        )
        self.configure(replace(before, version=before.version + 1, circuits=circuits))

    def run(self, seconds: int, each: Callable[["World"], None] | None = None) -> "World":
        """So many seconds pass; `each` is called after every one, with the seconds passed in `second`."""
        for _ in range(seconds):
            self._flow()
            self._report()
            self._decide()
            self.second += 1
            self._clock.advance(at(self.second))
            if each is not None:
                each(self)
        return self

    def _flow(self) -> None:
        for charger in self.chargers.values():
            charger.tick(self.second)
        self.drawn_by_second.append(sum(charger.power_w for charger in self.chargers.values()))
        self.load_by_second.append(self.drawn_w + self._building(self.second))

    def _report(self) -> None:
        now = at(self.second)
        for charger in self.chargers.values():
            message = charger.message(self.second)
            if message is not None:
                self._mailbox.post(message)
        if self.second % METERS_EVERY_S == 0:
            for circuit_id, meter in self._meters.items():
                reading = CircuitTelemetry("depot", circuit_id, next(self._meter_sequence), now, meter(self))
                self._mailbox.post(reading)

    def _decide(self) -> None:
        for due in self._mailbox.due():
            change = due.microgrid.run_cycle(due.readings, due.trigger, due.at)
            assert change.plan_fault is None, change.plan_fault
            self._microgrid = change.microgrid
            self.happened += [Happened(self.second, event) for event in change.events]
            published = next((event for event in change.events if isinstance(event, CycleCompleted)), None)
            self._mailbox.decided(due, self._microgrid, published)
            if published is not None:
                self._deliver(published)

    def _deliver(self, cycle: CycleCompleted) -> None:
        for setpoint in cycle.setpoints:
            self.chargers[setpoint.charge_point_id].deliver(cycle.cycle_seq, setpoint, self.second)
