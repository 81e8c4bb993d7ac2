"""Plays a depot: chargers and links, vehicles, meters and buildings, the worker, and the counter beside them."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from domain.events import CycleCompleted
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, ConnectorReading, Session, Telemetry
from domain.microgrid import Decide
from domain.sharing import rebalance
from domain.site.configuration import ChargePoint, SiteConfiguration
from tests.worlds.chargers import Charger, Elsewhere, Outlet, Sending, Told
from tests.worlds.counting import Counter, Violation
from tests.worlds.depot import ALWAYS, Depot, Gauge, Visit
from tests.worlds.habits import NEVER, Habits, at_step
from tests.worlds.worker import Worker

START = datetime(2026, 3, 16, 8, 0, tzinfo=UTC)
NOISE_W = 100
"""No meter shows the same to the watt twice."""

HEARTBEAT_S = 30
"""Between the messages of a charger all of whose sockets are empty, at least."""


class World:
    """One depot in second `now` of its run. `published`: the newest cycle that was."""

    def __init__(self, depot: Depot, decide: Decide = rebalance.decide) -> None:
        self.depot = depot
        self.now = -1
        self.published: CycleCompleted | None = None
        self.worker = Worker(depot.configurations[0][1].microgrid_id, decide)
        self._draw = Random(depot.seed)
        self._parents: dict[str, str | None] = {}
        self.chargers: dict[str, Charger] = {}
        for _, configuration in depot.configurations:
            self._build(configuration)
        self._paths = {each: tuple(self._above(each)) for each in self._parents}
        self.counter = Counter([self._paths[each] for each in self.chargers], depot.reaction_s, depot.missed_s)
        self._visits = _by_second(depot)
        self._buildings_w = dict.fromkeys(depot.buildings, 0)
        self._frozen_w: dict[str, int] = {}
        self._dirty = set(self.chargers)
        self._silent_yet = set(self.chargers)
        self._sequences: Tally[str] = Tally()
        self._mail: defaultdict[int, list[Telemetry]] = defaultdict(list)
        self._queues: defaultdict[str, list[ChargePointTelemetry]] = defaultdict(list)
        self._parked: list[Telemetry] = []

    @property
    def violations(self) -> list[Violation]:
        return self.counter.violations

    def play(self, until: int) -> None:
        """Go on to that second."""
        while self.now < until:
            self.tick()

    def tick(self) -> None:
        """One second."""
        second = self.now = self.now + 1
        self._reconfigure(second)
        self._hardware(second)
        self.counter.count(list(self.chargers.values()), second)
        for charger in self.chargers.values():
            self._speak(charger, second)
        for circuit_id, gauge in self.depot.gauges.items():
            self._measure(circuit_id, gauge, second)
        self._work(second)

    def load_w(self, node_id: str) -> int:
        """What is truly drawn below a node."""
        managed = sum(
            outlet.drawn_w
            for charger in self.chargers.values()
            if node_id in self._paths[charger.identifier]
            for outlet in charger.outlets
        )
        return managed + self._background_w(node_id)

    def _background_w(self, node_id: str) -> int:
        return sum(watts for each, watts in self._buildings_w.items() if node_id in self._paths[each])

    def _above(self, node_id: str) -> Iterator[str]:
        """A node and those above it."""
        current: str | None = node_id
        while current is not None:
            yield current
            current = self._parents[current]

    def _build(self, configuration: SiteConfiguration) -> None:
        """The hardware that a configuration is the first to name."""
        root = configuration.microgrid_id
        self._parents.setdefault(root, None)
        for circuit in configuration.circuits:
            self._parents.setdefault(circuit.circuit_id, circuit.parent_id or root)
        for charge_point in configuration.charge_points:
            identifier = charge_point.charge_point_id
            self._parents.setdefault(identifier, charge_point.circuit_id)
            if identifier not in self.chargers:
                self.chargers[identifier] = self._charger(charge_point)

    def _charger(self, row: ChargePoint) -> Charger:
        identifier = row.charge_point_id
        there = self.depot.there.get(identifier, ALWAYS)
        return Charger(
            identifier=identifier,
            rating_w=row.max_power_w,
            fallback_w=row.fallback_w,
            outlets=[
                Outlet(each.connector_id, each.max_power_w, each.min_power_w, each.idle_power_w)
                for each in row.connectors
            ],
            habits=self.depot.habits.get(identifier, Habits()),
            outages=self.depot.outages.get(identifier, ()),
            refusals=self.depot.refusals.get(identifier, ()),
            arrived_at=there.start,
            gone_at=there.end,
        )

    def _reconfigure(self, second: int) -> None:
        for start, configuration in self.depot.configurations:
            if start == second:
                self._apply(configuration, second)

    def _apply(self, configuration: SiteConfiguration, second: int) -> None:
        self.worker.configure(configuration, _at(second))
        capacities = {configuration.microgrid_id: configuration.max_import_w}
        capacities |= {each.circuit_id: each.default_capacity_w for each in configuration.circuits}
        capacities |= {each.charge_point_id: each.max_power_w for each in configuration.charge_points}
        for node_id, capacity_w in capacities.items():
            # Where a configuration leaves a node out, what it bears stays what it was.
            if capacity_w is not None:
                self.counter.bears(node_id, capacity_w, second)
        for charger in self.chargers.values():
            charger.configured = False
        for row in configuration.charge_points:
            self.chargers[row.charge_point_id].configured = True
            self._move(self.chargers[row.charge_point_id], row.circuit_id, second)

    def _move(self, charger: Charger, circuit_id: str, second: int) -> None:
        """It stays where it is, but the configuration has it there."""
        away = charger.elsewhere
        left = frozenset(self._paths[charger.identifier][1:]) - frozenset(self._paths[circuit_id])
        if left and (away is None or away.until < NEVER):
            charger.elsewhere = Elsewhere(left, charger.highest_w)
        elif away is not None and not left and away.until == NEVER:
            away.until = second + self.depot.reaction_s

    def _hardware(self, second: int) -> None:
        for circuit_id, steps in self.depot.buildings.items():
            for start, watts in steps:
                if start == second:
                    self._buildings_w[circuit_id] = watts
                    for node_id in self._paths[circuit_id]:
                        self.counter.draws(node_id, self._background_w(node_id), second)
        for charger in self.chargers.values():
            if charger.tick(second, self._draw):
                self._dirty.add(charger.identifier)
        for charge_point_id, connector_id, visit in self._visits.get(second, ()):
            outlet = self.chargers[charge_point_id].outlets[connector_id - 1]
            if outlet.session != visit.session:
                outlet.since = second
            outlet.session, outlet.wanted_w = visit.session, visit.wanted_w
            self._dirty.add(charge_point_id)

    def _speak(self, charger: Charger, second: int) -> None:
        """Send a reading where one is due, where a status or a session changed, or a setpoint was refused."""
        identifier, habits = charger.identifier, charger.habits
        changed, charger.refused = charger.refused, False
        if identifier in self._dirty:
            self._dirty.discard(identifier)
            changed = charger.draws(second) or changed
        if charger.speaks and self._queues[identifier]:
            self._mail[second] += self._queues.pop(identifier)
        if not charger.arrived_at <= second < charger.gone_at:
            return
        empty = all(each.session is None for each in charger.outlets)
        every_s = max(habits.every_s, HEARTBEAT_S) if empty else habits.every_s
        if not changed and (second + habits.phase_s) % every_s:
            return
        news = changed or identifier in self._silent_yet or any(each.refused_cycle_seq for each in charger.outlets)
        bare = empty and habits.heartbeats and not news
        told_of = [] if bare else [each for each in charger.outlets if not self._is_mute(identifier, each, second)]
        message = self._message(charger, told_of, second)
        if charger.speaks:
            self._silent_yet.discard(identifier)
            if not bare and len(told_of) < len(charger.outlets):
                self._silent_yet.add(identifier)
            self._mail[second + self._delay_s()].append(message)
            return
        # What it could not say it says when it is back: all of it in order, or how things are then.
        self._silent_yet.add(identifier)
        if habits.replays:
            self._queues[identifier].append(message)

    def _is_mute(self, charge_point_id: str, outlet: Outlet, second: int) -> bool:
        return any(second in each for each in self.depot.mutes.get((charge_point_id, outlet.number), ()))

    def _message(self, charger: Charger, outlets: Sequence[Outlet], second: int) -> ChargePointTelemetry:
        self._sequences[charger.identifier] += 1
        return ChargePointTelemetry(
            microgrid_id=self.worker.microgrid.microgrid_id,
            charge_point_id=charger.identifier,
            sequence=self._sequences[charger.identifier],
            measured_at=_at(second + at_step(charger.habits.clock, second)),
            connectors=tuple([self._reading(charger, each, second) for each in outlets]),
        )

    def _reading(self, charger: Charger, outlet: Outlet, second: int) -> ConnectorReading:
        habits = charger.habits
        unknown = outlet.session is not None and second < outlet.since + habits.unknown_s
        wrong = any(second in each for each in self.depot.misreads.get(charger.identifier, ()))
        names_seq = outlet.cycle_seq if habits.names and outlet.obeys(second) else None
        outlet.named = outlet.named or (names_seq is not None and charger.speaks)
        return ConnectorReading(
            connector_id=outlet.number,
            status=outlet.status,
            power_w=None if unknown else outlet.drawn_w * 1000 if wrong else outlet.drawn_w,
            requested_w=outlet.wanted_w if habits.requests and outlet.session is not None else None,
            applied_limit_w=charger.reported_w(outlet, second),
            applied_cycle_seq=names_seq,
            session=self._session(charger.identifier, outlet),
            refused_cycle_seq=outlet.refused_cycle_seq,
        )

    def _session(self, charge_point_id: str, outlet: Outlet) -> Session | None:
        if outlet.session is None:
            return None
        priority = sum(map(ord, charge_point_id)) % 3
        return Session(outlet.session, started_at=_at(outlet.since), departs_at=_at(7200), priority=priority)

    def _measure(self, circuit_id: str, gauge: Gauge, second: int) -> None:
        if (second + gauge.phase_s) % gauge.every_s or any(second in each for each in gauge.silent):
            return
        power_w = self.load_w(circuit_id) + self._draw.randrange(NOISE_W)
        if any(second in each for each in gauge.frozen):
            power_w = self._frozen_w.get(circuit_id, power_w)
        else:
            self._frozen_w[circuit_id] = power_w
        if any(second in each for each in gauge.divided):
            power_w //= 1000
        self._sequences[circuit_id] += 1
        message = CircuitTelemetry(
            microgrid_id=self.worker.microgrid.microgrid_id,
            circuit_id=circuit_id,
            sequence=self._sequences[circuit_id],
            measured_at=_at(second),
            power_w=power_w,
        )
        self._mail[second + gauge.late_s].append(message)

    def _work(self, second: int) -> None:
        self._parked += self._mail.pop(second, ())
        if any(second in each for each in self.depot.absent):
            return
        now = _at(second)
        if second in self.depot.take_overs:
            self.worker.take_over(now)
        for message in self._parked:
            self.worker.receive(message, now)
        self._parked.clear()
        published = self.worker.decide(now)
        if published is not None:
            self.published = published
            self._deliver(published, second)

    def _deliver(self, published: CycleCompleted, second: int) -> None:
        told: defaultdict[str, dict[int, Told]] = defaultdict(dict)
        for each in published.setpoints:
            if each.limit_w is not None:
                told[each.charge_point_id][each.connector_id] = Told(each.limit_w, second + each.valid_for_s)
        for charge_point_id, of_charger in told.items():
            self.chargers[charge_point_id].send(Sending(published.cycle_seq, of_charger))

    def _delay_s(self) -> int:
        return self._draw.randrange(self.depot.late_s + 1) if self.depot.late_s else 0


def _at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def _by_second(depot: Depot) -> dict[int, list[tuple[str, int, Visit]]]:
    visits: defaultdict[int, list[tuple[str, int, Visit]]] = defaultdict(list)
    for (charge_point_id, connector_id), of_connector in depot.visits.items():
        for visit in of_connector:
            visits[visit.start].append((charge_point_id, connector_id, visit))
    return visits
