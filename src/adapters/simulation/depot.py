"""A depot that lives: buses come and go, chargers obey, energy flows, messages are sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from adapters.simulation.account import account
from adapters.simulation.arrivals import visits
from adapters.simulation.configurations import Configurations
from adapters.simulation.delivery import Delivery, deliveries
from adapters.simulation.faults.script import Fault, Undisturbed
from adapters.simulation.fleet import Fleet
from adapters.simulation.habits import Chargers, valid_for_s
from adapters.simulation.ideal import Allocator, IdealDepot
from adapters.simulation.layout import Configuration, Payload, read_layout
from adapters.simulation.plant import Plant
from adapters.simulation.scenario import Scenario
from adapters.simulation.timeline import TimeLine
from adapters.simulation.vehicle import WATT_SECONDS
from adapters.simulation.violations import ViolationCounter
from adapters.simulation.witness import CYCLE_COMPLETED, Missing, Witness

TICK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Violation:
    """In how many ticks more was permitted at a node than fits, how many of them on end, and by how much at most."""

    node_id: str
    ticks: int
    longest_s: int
    worst_w: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to, as far as the depot knows it; fields of the summary (CLI-7).

    `vehicles_ready` are those that have taken in the energy they need so far, departed or still there;
    `vehicles_departed` those that left, ready or not. `messages_affected` is 0 without a fault. `verdict` is `fail`
    where a limit was violated or something is `expected` that did not happen.
    """

    limit_violations: int
    true_overload_ticks: int
    messages_affected: int
    energy_delivered_wh: int
    energy_possible_wh: int
    vehicles_ready: int
    vehicles_departed: int
    connectors: int
    simulated_s: int
    verdict: str
    expected: tuple[Missing, ...]
    limit_violation_worst_w: int
    violations: tuple[Violation, ...]


class Depot:
    """A scenario in motion, and what goes wrong in it. Same scenario, seed, start and deliveries: the same messages.

    Its first second begins at `start`, so the first tick is one second later. `allocate` serves the twin that
    shows what would have been possible; `plant` is the hardware; `unlinked` are charge points that have no link for
    other reasons than the fault. Where a limit is violated, the first `borne_s` on end do not count. Raises
    NothingToAffect where the fault has nothing to act on.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        start: datetime,
        allocate: Allocator,
        fault: Fault | None = None,
        chargers: Chargers = Chargers.IDEAL,
        borne_s: int = 0,
    ) -> None:
        self._configurations = Configurations(scenario.configuration, scenario.capacity_steps)
        self.unlinked: frozenset[str] = frozenset()
        self._now = start
        self._second = 0
        self._layout = read_layout(scenario.configuration)
        self.plant = Plant(scenario, self._layout, seed, chargers)
        self._fault = (
            Undisturbed()
            if fault is None
            else fault.begin(self.plant, Random(f"{seed}:{self._layout.microgrid_id}:{fault.name}"))
        )
        self._ideal = IdealDepot(allocate)
        streams = self.plant.as_they_turn_out(visits(scenario.arrivals, self._layout, seed, start))
        self._fleet = Fleet([*self.plant.sockets], streams, self._ideal)
        lags_s = {name: charger.habits.lag_s for name, charger in self.plant.chargers.items()}
        self._violations = ViolationCounter(self._layout, lags_s, scenario.reaction_s, borne_s)
        self._witness = Witness()
        self._timeline = TimeLine(self._layout)
        self._account = partial(
            account,
            start=start,
            chargers=chargers,
            plant=self.plant,
            counter=self._violations,
            witness=self._witness,
            timeline=self._timeline,
        )
        self._delivered_ws = 0

    @property
    def configuration(self) -> Configuration:
        """What belongs on the configuration topic: before the first tick, and again whenever it changes."""
        return self._configurations.current

    @property
    def now(self) -> datetime:
        """The instant of the last tick; before the first one, the start."""
        return self._now

    @property
    def takes_over(self) -> bool:
        """Whether another worker goes on from what is stored, in the second of the last tick."""
        return self._fault.takes_over

    @property
    def unreachable(self) -> frozenset[str]:
        """The charge points whose links are dead now."""
        return self._fault.unreachable

    def number_configurations_from(self, version: int) -> None:
        """Let the configuration in force bear this version, those that follow it higher ones."""
        self._configurations.number_from(version)

    def tick(self, now: datetime) -> list[Payload]:
        """Let the second pass that ends `now`; returns the messages that arrive at its end.

        Raises ValueError where `now` is not one second after the last tick (or the start).
        """
        if now != self._now + TICK:
            raise ValueError(f"The depot stands at {self._now}; its next tick is one second later, not at {now}.")
        self._second += 1
        self._fault.act(self._now, self._second)
        self._hand_over(self._fault.down([], self._second), self._now)
        self._configurations.tick(self._second, self._fault.capacities_w, self._fault.ratings_percent)
        self._now = now
        self._fleet.tick(now)
        self.plant.tick(now)
        self._delivered_ws += self.plant.charging_w[0]
        self._ideal.tick(now, self._second, self.configuration, self.plant.building_w)
        self._violations.tick(
            now,
            {socket.outlet.key: socket.power_w for socket in self.plant.sockets},
            self.plant.building_w,
            self._configurations.capacities_w,
            self._fault.unreachable | self.unlinked,
        )
        self._timeline.note(
            self._second,
            charging_w=self.plant.charging_w,
            permitted_w=self._violations.permitted_w,
            background_w=self.plant.background_w,
            capacities_w=self._configurations.capacities_w,
        )
        return self._fault.up(self.plant.reports(now, self._second), self._second)

    def deliver(self, cycle: Mapping[str, Any]) -> None:
        """Take the data of a `CycleCompleted` of this microgrid that arrives after the last tick.

        Repeated and overtaken cycles change nothing, setpoints of unknown connectors are passed over.
        """
        self.take(deliveries(cycle))

    def take(self, sent: list[Delivery]) -> None:
        """Take what is sent to charge points after the last tick."""
        for delivery in sent:
            if delivery.charge_point_id in self._fault.unreachable:
                self._violations.told_in_vain(delivery)
        self._hand_over(self._fault.down(sent, self._second), self._now)

    def hear(self, event_type: str, data: Mapping[str, Any]) -> None:
        """Take an event of this microgrid that arrives after the last tick; a cycle is delivered."""
        self._witness.hear(event_type, data, self._second)
        if event_type == CYCLE_COMPLETED:
            self.deliver(data)

    def remember(self, cycle: Mapping[str, Any]) -> None:
        """Take the data of a `CycleCompleted` that was decided before the run: the chargers have obeyed it since."""
        for delivery in deliveries(cycle):
            self._hand_over([delivery], delivery.decided_at)

    def summary(self) -> Summary:
        """The run so far."""
        expected = (
            *self._fault.missing(self._witness, self._second),
            *self._witness.undecided(self._second, valid_for_s(self.configuration)),
        )
        exceeded = self._violations.violations
        return Summary(
            limit_violations=self._violations.limit_violations,
            true_overload_ticks=self._violations.true_overload_ticks,
            messages_affected=self._fault.messages_affected,
            energy_delivered_wh=self._delivered_ws // WATT_SECONDS,
            energy_possible_wh=self._ideal.energy_ws // WATT_SECONDS,
            vehicles_ready=self._fleet.ready,
            vehicles_departed=self._fleet.departed,
            connectors=len(self._layout.outlets),
            simulated_s=self._second,
            verdict="fail" if exceeded.ticks or expected else "pass",
            expected=expected,
            limit_violation_worst_w=exceeded.worst_w,
            violations=tuple(
                Violation(each.node_id, each.ticks, each.longest_s, each.worst_w) for each in exceeded.worst_first
            ),
        )

    def account(self) -> dict[str, Any]:
        """All that is to be told of the run so far, ready for JSON."""
        return self._account()

    def _hand_over(self, arriving: list[Delivery], at: datetime) -> None:
        for delivery in arriving:
            self._violations.delivered(delivery, at)
            charger = self.plant.chargers.get(delivery.charge_point_id)
            if charger is not None:
                charger.deliver(delivery, at)
