"""The aggregate over time: whatever happens, nobody is permitted more than its exposure and nothing breaks a limit.

A depot lives through any interleaving of messages, losses, configurations, cycles, passing time and take-overs, while
its chargers keep account of what was really delivered to them.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from adapters.database import stored_state
from domain.breaches import breach
from domain.breaches.breach import Watched
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import ConfigurationRejected, CycleCompleted, DomainEvent, Trigger
from domain.knowledge import confirmation, lines
from domain.knowledge.hearing import Heard
from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.lines import Line
from domain.knowledge.memory import Memory
from domain.knowledge.readings import (
    ChargePointTelemetry,
    CircuitTelemetry,
    ConnectorReading,
    Readings,
    Session,
    Telemetry,
)
from domain.knowledge.sendings import Moment
from domain.knowledge.situation import Situation, Snapshot, assess
from domain.microgrid import Microgrid
from domain.sharing import certificate, transition
from domain.site.configuration import (
    ChargePoint,
    Circuit,
    Connector,
    Order,
    Settings,
    SiteConfiguration,
    Strategy,
    Unit,
)
from domain.site.site import Site, Windows
from tests.property.delivery_promise import Outlet, Station, Told

START = datetime(2026, 11, 22, 20, tzinfo=UTC)
RATING_W = 100_000
AMPERE_W = 690
MINIMUMS_W = {"cp-1": 0, "cp-2": 20_000, "cp-3": 10_000, "cp-4": 0}
OUTLETS = {"cp-1": 2, "cp-2": 1, "cp-3": 2, "cp-4": 1}
CONNECTORS = [f"{name}/{number}" for name, count in OUTLETS.items() for number in range(1, count + 1)]

charge_points = st.sampled_from(list(OUTLETS))
connectors = st.sampled_from(CONNECTORS)
circuits = st.sampled_from(["f-1", "f-2"])
seconds = st.sampled_from([1, 2, 5, 19, 20, 21, 30, 40, 60, 89, 100, 119, 121, 141])
draws = st.sampled_from(["all it may", "half", "nothing", "too much"])
capacities_w = st.sampled_from([0, 30_000, 60_000, 100_000, 180_000, 400_000])
which = st.integers(0, 3)

LOOKED_AT = 4000
"""How many sequences a planted fault gets to be seen in."""


class DepotOverTime(RuleBasedStateMachine):
    """cp-1 and cp-3 have two outlets; cp-2 rounds to amperes, cp-3 reports no limits, cp-4 names cycles."""

    def __init__(self) -> None:
        super().__init__()
        self.at = START
        self.readings = Readings()
        self.microgrid = Microgrid("depot")
        self.stations = {
            name: Station(name, 150_000, {number + 1: Outlet(RATING_W) for number in range(count)})
            for name, count in OUTLETS.items()
        }
        self.stations["cp-2"].ampere_w = AMPERE_W
        self.stations["cp-3"].reports = False
        self.stations["cp-4"].names = True
        self.vehicles: dict[str, tuple[str, int | None]] = dict.fromkeys(CONNECTORS, ("Charging", None))
        self.post: list[Telemetry] = []
        self.sequence = 0
        self.events = Counter[str]()
        self.open_breaches: dict[str, str] = {}
        self.removed_at: dict[str, datetime] = {}

    # --- the depot

    @initialize(
        unit=st.sampled_from(list(Unit)),
        order=st.sampled_from(list(Order)),
        fallback_w=st.sampled_from([0, 20_000, 70_000]),
        metered=st.booleans(),
    )
    def begins(self, unit: Unit, order: Order, fallback_w: int, metered: bool) -> None:
        for station in self.stations.values():
            station.fallback_w = fallback_w
        self.configuration = SiteConfiguration(
            "depot",
            "Depot",
            1,
            strategy=Strategy(unit.value, order.value),
            circuits=(
                Circuit("gc-1", None, "Grid connection", 200_000, 120_000, metered),
                Circuit("f-1", "gc-1", "Feeder 1", 150_000),
                Circuit("f-2", "gc-1", "Feeder 2", 150_000),
            ),
            charge_points=tuple(
                ChargePoint(
                    name,
                    "f-1" if name in ("cp-1", "cp-2") else "f-2",
                    station.max_power_w,
                    tuple(Connector(number, RATING_W, MINIMUMS_W[name]) for number in station.outlets),
                    fallback_w,
                )
                for name, station in self.stations.items()
            ),
        )
        self._offer(self.configuration)

    @rule(circuit=st.sampled_from(["gc-1", "f-1", "f-2"]), capacity_w=capacities_w, safe_w=st.none() | capacities_w)
    def limits_change(self, circuit: str, capacity_w: int, safe_w: int | None) -> None:
        changed = tuple(
            replace(each, default_capacity_w=capacity_w, safe_operating_capacity_w=safe_w)
            if each.circuit_id == circuit
            else each
            for each in self.configuration.circuits
        )
        self._offer(replace(self.configuration, version=self.configuration.version + 1, circuits=changed))

    @rule(charge_point=charge_points, circuit=circuits)
    def is_moved_or_added(self, charge_point: str, circuit: str) -> None:
        station = self.stations[charge_point]
        moved = ChargePoint(
            charge_point,
            circuit,
            station.max_power_w,
            tuple(Connector(number, RATING_W, MINIMUMS_W[charge_point]) for number in station.outlets),
            station.fallback_w,
        )
        others = [each for each in self.configuration.charge_points if each.charge_point_id != charge_point]
        self._offer(replace(self.configuration, version=self.configuration.version + 1, charge_points=(*others, moved)))

    @rule(charge_point=charge_points)
    def is_removed(self, charge_point: str) -> None:
        others = tuple(each for each in self.configuration.charge_points if each.charge_point_id != charge_point)
        if len(others) < len(self.configuration.charge_points):
            self.removed_at[charge_point] = self.at
        self._offer(replace(self.configuration, version=self.configuration.version + 1, charge_points=others))

    @rule(ahead=st.integers(-1, 2))
    def an_impossible_configuration_is_offered(self, ahead: int) -> None:
        impossible = replace(self.configuration, version=self.configuration.version + ahead, max_import_w=-1)
        change = self.microgrid.configure(impossible, self.at)
        assert all(isinstance(event, ConfigurationRejected) for event in change.events)
        self._goes_on(change.microgrid, change.events)

    # --- vehicles, chargers and their links

    @rule(
        connector=connectors,
        status=st.sampled_from(["Charging", "SuspendedEV", "Available"]),
        requested_w=st.sampled_from([None, None, 5_000, 40_000, 100_000]),
    )
    def vehicle(self, connector: str, status: str, requested_w: int | None) -> None:
        self.vehicles[connector] = (status, requested_w)

    @rule(charge_point=charge_points, draw=draws, late=st.booleans())
    def says(self, charge_point: str, draw: str, late: bool) -> None:
        self._sends(self._message(charge_point, draw), late=late)

    @rule(draw=draws)
    def all_say(self, draw: str) -> None:
        for charge_point in self.stations:
            self._sends(self._message(charge_point, draw))

    @rule(charge_point=charge_points, late=st.booleans())
    def shows_only_that_it_lives(self, charge_point: str, late: bool) -> None:
        self._sends(self._message(charge_point, None), late=late)

    @rule(power_w=st.sampled_from([0, 50_000, 130_000, 210_000, 450_000]))
    def meter_says(self, power_w: int) -> None:
        self.sequence += 1
        self._receives(CircuitTelemetry("depot", "gc-1", self.sequence, self.at, power_w))

    @rule(number=which, again=st.booleans())
    def late_message_arrives(self, number: int, again: bool) -> None:
        if self.post:
            message = self.post[number % len(self.post)]
            if not again:
                self.post.remove(message)
            self._receives(message)

    @rule(charge_point=charge_points, up=st.booleans(), down=st.booleans())
    def link(self, charge_point: str, up: bool, down: bool) -> None:
        self.stations[charge_point].link(up, down, self.at)

    @rule()
    def all_links_work(self) -> None:
        for station in self.stations.values():
            station.link(True, True, self.at)

    @rule(connector=connectors, number=which, again=st.booleans())
    def applies(self, connector: str, number: int, again: bool) -> None:
        if self._outlet(connector).underway:
            charge_point, _, outlet = connector.partition("/")
            self.stations[charge_point].apply(int(outlet), number, self.at, stays=again)

    @rule(connector=connectors)
    def setpoint_is_lost(self, connector: str) -> None:
        if self.stations[connector.partition("/")[0]].may_lose:
            self._outlet(connector).lose()

    # --- time and decisions

    @rule(after_s=seconds)
    def time_passes(self, after_s: int) -> None:
        self._passes(after_s)

    @rule(after_s=st.sampled_from([0, 1, 5, 20, 40]), trigger=st.sampled_from(list(Trigger)))
    def cycle(self, after_s: int, trigger: Trigger) -> None:
        self._passes(after_s)
        self._decides(trigger)

    @rule(draw=draws, times=st.integers(1, 8), every_s=st.sampled_from([5, 10, 20]))
    def goes_on(self, draw: str, times: int, every_s: int) -> None:
        for _ in range(times):
            self._passes(every_s)
            self.all_say(draw)
            self._decides(Trigger.TELEMETRY)

    @rule()
    def another_worker_takes_over(self) -> None:
        state = self.microgrid.state
        loaded = stored_state.read_back(state)
        assert loaded == state
        self.microgrid = replace(self.microgrid, state=loaded)
        self.readings = Readings(listening_since=self.at if state.cycle_seq else None)

    # --- how it is done

    def _outlet(self, connector: str) -> Outlet:
        charge_point, _, number = connector.partition("/")
        return self.stations[charge_point].outlets[int(number)]

    def _passes(self, after_s: int) -> None:
        self.at += timedelta(seconds=after_s)
        for station in self.stations.values():
            for outlet in station.outlets.values():
                outlet.pass_time(self.at)

    def _message(self, charge_point: str, draw: str | None) -> ChargePointTelemetry:
        """What a charge point says now; without a draw that it lives and no more."""
        station = self.stations[charge_point]
        self.sequence += 1
        numbers = () if draw is None else tuple(station.outlets)
        return ChargePointTelemetry(
            "depot",
            charge_point,
            self.sequence,
            self.at,
            tuple(self._reading(station, number, draw or "") for number in numbers),
        )

    def _reading(self, station: Station, number: int, draw: str) -> ConnectorReading:
        status, requested_w = self.vehicles[f"{station.charge_point_id}/{number}"]
        permitted_w, told = station.in_force_w(number, self.at), station.outlets[number].valid(self.at)
        power_w = {"all it may": permitted_w, "half": permitted_w // 2, "too much": permitted_w + 30_000}.get(draw, 0)
        return ConnectorReading(
            number,
            status,
            power_w if status == "Charging" else 0,
            requested_w,
            permitted_w if station.reports and station.outlets[number].in_force is not None else None,
            told.cycle_seq if station.names and told is not None else None,
            None if status == "Available" else Session(f"s-{status}"),
        )

    def _sends(self, message: ChargePointTelemetry, *, late: bool = False) -> None:
        if self.stations[message.charge_point_id].up:
            if late:
                self.post.append(message)
            else:
                self._receives(message)

    def _receives(self, message: Telemetry) -> None:
        assert self.microgrid.site is not None
        self.readings.receive(message, self.microgrid.site.tree, self.at)

    def _offer(self, configuration: SiteConfiguration) -> None:
        change = self.microgrid.configure(configuration, self.at)
        assert change == self.microgrid.configure(configuration, self.at)
        self._goes_on(change.microgrid, change.events)
        assert self.microgrid.site is not None
        self.configuration, tree = self.microgrid.site.configuration, self.microgrid.site.tree
        assert self.configuration == configuration
        last_seq = self.microgrid.state.cycle_seq
        for name, station in self.stations.items():
            node = tree.charge_points.get(name)
            for outlet in station.outlets.values():
                if outlet.place is None or node is None:
                    outlet.is_known_to_name = False
                outlet.put(frozenset() if node is None else frozenset(tree.path_ids(node)), tree.node_index, last_seq)
            station.link(station.up, station.down, self.at)

    def _goes_on(self, microgrid: Microgrid, events: tuple[DomainEvent, ...]) -> None:
        """Events are numbered without a gap; a breach is opened once before it is cleared, one a node at a time."""
        for event in events:
            self.events["events"] += 1
            assert event.event_seq == self.events["events"], event
            match event:
                case CycleCompleted():
                    self.events["cycles"] += 1
                    assert event.cycle_seq == self.events["cycles"], event
                case ConstraintBreached():
                    assert self.open_breaches.setdefault(event.node_id, event.breach_id) == event.breach_id, event
                case ConstraintCleared():
                    assert self.open_breaches.pop(event.node_id, None) == event.breach_id, event
                case _:
                    pass
        self.microgrid = microgrid
        assert (microgrid.state.event_seq, microgrid.state.cycle_seq) == (self.events["events"], self.events["cycles"])

    def _decides(self, trigger: Trigger) -> None:
        assert self.microgrid.site is not None
        before, heard = self.microgrid, deepcopy(self.readings)
        situation = assess(Snapshot(self.microgrid.site, self.readings, self.at, self.microgrid.state.memory))
        self._nobody_is_permitted_more_than_its_exposure(situation)
        change = before.run_cycle(self.readings, trigger, self.at)
        assert change == before.run_cycle(heard, trigger, self.at), "a cycle is a pure function"
        assert self.readings == heard, "a cycle changes no reading"
        assert change.plan_fault is None, change.plan_fault
        self._notes_who_names()
        for event in change.events:
            if isinstance(event, CycleCompleted):
                self._deliver(event, situation)
        self._goes_on(change.microgrid, change.events)

    def _notes_who_names(self) -> None:
        """From the cycle on that sees a name of something told, the ledger knows that a charger names cycles."""
        for name, station in self.stations.items():
            for number, outlet in station.outlets.items():
                known = self.readings.connectors.get((name, number))
                is_named = known is not None and known.report is not None and known.report.cycle_seq is not None
                if is_named and outlet.was_told_here:
                    outlet.is_known_to_name = True

    def _nobody_is_permitted_more_than_its_exposure(self, situation: Situation) -> None:
        # What a charger was told before it was removed is held at its ancestors, apart from what it is told since.
        held_apart = {name for name, at in self.removed_at.items() if self.at <= at + Windows.of(Settings()).lapse}
        for line in situation.lines:
            connector, exposure_w = line.connector, line.exposure_w
            if connector.charge_point_id in held_apart:
                continue
            permitted_w = self.stations[connector.charge_point_id].most_w(connector.connector_id, self.at)
            assert permitted_w <= exposure_w, f"{connector.node_id}: {permitted_w} W permitted, exposure {exposure_w} W"
        for view in situation.nodes:
            node, held_w = view.node, view.held.exposed_w
            permitted_w = sum(each.most_at_w(node.node_id, self.at, {}) for each in self.stations.values())
            assert permitted_w <= held_w, f"{node.node_id}: {permitted_w} W permitted, {held_w} W held"

    def _deliver(self, event: CycleCompleted, situation: Situation) -> None:
        """Any subset of the setpoints may arrive in any order: then no limit is broken that was not exceeded before."""
        tree = situation.tree
        new: dict[str, dict[int, Told]] = {name: {} for name in self.stations}
        raises_w = dict.fromkeys((node.node_id for node in tree.nodes), 0)
        for setpoint, connector, exposure_w in zip(
            event.setpoints, tree.connectors, [line.exposure_w for line in situation.lines], strict=True
        ):
            if setpoint.limit_w is None:
                continue
            told = Told(event.cycle_seq, setpoint.limit_w, self.at)
            new[setpoint.charge_point_id][setpoint.connector_id] = told
            for node_id in tree.path_ids(connector.charge_point):
                raises_w[node_id] += max(0, setpoint.limit_w - exposure_w)
        for figures, held_w in zip(event.nodes, [view.held.exposed_w for view in situation.nodes], strict=True):
            if figures.limit_w is None:
                continue
            free_w = figures.limit_w - figures.background_w
            permitted_w = sum(
                station.most_at_w(figures.node_id, self.at, new[name]) for name, station in self.stations.items()
            )
            assert permitted_w <= max(free_w, held_w), (
                f"{figures.node_id}: {permitted_w} W permitted, {free_w} W free, {held_w} W held before"
            )
            assert raises_w[figures.node_id] <= max(0, free_w - held_w), f"{figures.node_id}: raises do not fit"
        for name, told_now in new.items():
            for number, told in told_now.items():
                self.stations[name].told(number, told, self.at)


def play(sequences: int, *, shrink: bool = True) -> None:
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    run_state_machine_as_test(
        DepotOverTime,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_interleaving_permits_more_than_the_exposures_or_breaks_a_limit() -> None:
    """Holds SEND-2, SEND-7."""
    play(int(os.environ.get("BUSBAR_SEQUENCES", "150")))


# --- what the machine can see: faults planted in the domain


def only_the_newest_setpoint_stands(entry: LedgerEntry, *sent: Any) -> LedgerEntry:
    after = TRUE_SENT(entry, *sent)
    return replace(after, setpoints=after.setpoints[-1:])


def a_report_confirms_whenever_it_was_measured(entry: LedgerEntry, news: Heard, moment: Moment) -> LedgerEntry:
    known = news.known
    if known is not None and known.report is not None:
        late = replace(known.report, measured_at=known.report.measured_at + timedelta(days=1))
        news = replace(news, known=replace(known, report=late))
    return TRUE_HEARD(entry, news, moment)


def a_message_confirms_without_grace(entry: LedgerEntry, news: Heard, moment: Moment) -> LedgerEntry:
    return TRUE_HEARD(entry, news, replace(moment, windows=replace(moment.windows, grace=timedelta(0))))


def raises_are_not_fitted_together(situation: Situation, wanted_w: Sequence[int], *_: Any) -> Sequence[int]:
    return wanted_w


def nobody_falls_back(entry: LedgerEntry, instant: datetime) -> bool:
    return False


def who_departs_holds_nothing(memory: Memory, before: Site, after: Site) -> Memory:
    return replace(TRUE_RECONFIGURED(memory, before, after), departed=())


def a_take_over_starts_from_nothing(
    site: Site, readings: Readings, memory: Memory, moment: Moment, before: Sequence[Line]
) -> tuple[list[Line], datetime | None]:
    forgotten = replace(memory, ledger={}) if readings.listening_since else memory
    return TRUE_READ(site, readings, forgotten, moment, before)


def breaches_are_numbered_from_the_cycle_on(*watching: Any) -> Watched:
    watched = TRUE_WATCH(*watching)
    return replace(watched, events=tuple(replace(each, event_seq=each.event_seq - 1) for each in watched.events))


def a_breach_clears_under_another_id(*watching: Any) -> Watched:
    watched = TRUE_WATCH(*watching)
    events = [
        replace(each, breach_id="other") if isinstance(each, ConstraintCleared) else each for each in watched.events
    ]
    return replace(watched, events=tuple(events))


TRUE_SENT = LedgerEntry.sent
TRUE_HEARD = confirmation.heard
TRUE_RECONFIGURED = Memory.reconfigured
TRUE_READ = lines.read
TRUE_WATCH = breach.watch


@pytest.mark.parametrize(
    ("owner", "name", "fault"),
    [
        (LedgerEntry, "sent", only_the_newest_setpoint_stands),
        (confirmation, "heard", a_report_confirms_whenever_it_was_measured),
        (confirmation, "heard", a_message_confirms_without_grace),
        (transition, "send", raises_are_not_fitted_together),
        (LedgerEntry, "falls_back_by", nobody_falls_back),
        (Memory, "reconfigured", who_departs_holds_nothing),
        (lines, "read", a_take_over_starts_from_nothing),
        (breach, "watch", breaches_are_numbered_from_the_cycle_on),
        (breach, "watch", a_breach_clears_under_another_id),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_a_planted_fault_is_seen(
    owner: Any, name: str, fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also without the certificate, which would refuse some of their plans."""
    monkeypatch.setattr(owner, name, fault)
    monkeypatch.setattr(certificate, "check_sent", lambda *_, **__: None)
    with pytest.raises(AssertionError):
        play(LOOKED_AT, shrink=False)
