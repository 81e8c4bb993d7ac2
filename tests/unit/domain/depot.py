"""A depot in a few words: what it is made of, what it says, and what is decided for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.events import CycleCompleted, Trigger
from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.lines import Line
from domain.knowledge.readings import (
    ChargePointTelemetry,
    CircuitTelemetry,
    ConnectorReading,
    Readings,
    Reception,
    Session,
    Telemetry,
)
from domain.knowledge.situation import Situation, Snapshot, assess
from domain.microgrid import Microgrid
from domain.sharing import rebalance
from domain.sharing.plan import NodeFigures, Plan, Setpoint
from domain.site import validation
from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, SiteConfiguration, Strategy
from domain.site.site import Site

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)


def grid(
    circuit_id: str, capacity_w: int, safe_w: int | None = None, *, metered: bool = False, generation: bool = False
) -> Circuit:
    """A grid connection."""
    return Circuit(
        circuit_id=circuit_id,
        parent_id=None,
        name=circuit_id,
        default_capacity_w=capacity_w,
        safe_operating_capacity_w=safe_w,
        metered=metered,
        generation=generation,
    )


def feeder(
    circuit_id: str, parent_id: str, capacity_w: int | None, safe_w: int | None = None, *, metered: bool = False
) -> Circuit:
    """A circuit below another."""
    return Circuit(circuit_id, parent_id, circuit_id, capacity_w, safe_w, metered)


def charger(
    charge_point_id: str,
    circuit_id: str,
    *ratings_w: int,
    max_power_w: int | None = None,
    minimum_w: int = 0,
    idle_w: int = 0,
    fallback_w: int | None = 0,
) -> ChargePoint:
    """A charge point with a connector per rating, 1 and up. It falls back to nothing where nothing is said."""
    connectors = tuple(Connector(number, rating, minimum_w, idle_w) for number, rating in enumerate(ratings_w, start=1))
    return ChargePoint(
        charge_point_id, circuit_id, sum(ratings_w) if max_power_w is None else max_power_w, connectors, fallback_w
    )


class Depot:
    """A microgrid with its chargers and meters, at an instant that moves on when told to."""

    def __init__(
        self,
        *parts: Circuit | ChargePoint,
        unit: str = "connector",
        order: str = "equal_share",
        max_import_w: int | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.at = EIGHT
        self.readings = Readings()
        self.configuration = SiteConfiguration(
            "depot",
            "A depot",
            1,
            max_import_w=max_import_w,
            strategy=Strategy(unit, order),
            settings=settings or Settings(),
            circuits=tuple(part for part in parts if isinstance(part, Circuit)),
            charge_points=tuple(part for part in parts if isinstance(part, ChargePoint)),
        )
        assert validation.faults(self.configuration) == ()
        self.microgrid = Microgrid("depot").configure(self.configuration, EIGHT).microgrid
        self._sequence = 0

    @property
    def site(self) -> Site:
        assert self.microgrid.site is not None
        return self.microgrid.site

    # what it says

    def hears(
        self,
        connector: str,
        power_w: int | None = 0,
        *,
        status: str = "Charging",
        requested_w: int | None = None,
        applied_limit_w: int | None = None,
        applied_cycle_seq: int | None = None,
        refused_cycle_seq: int | None = None,
        session: Session | None = None,
        age_s: float = 0,
    ) -> Reception:
        """A charge point reports one of its connectors, `cp-1/2` for example."""
        charge_point_id, number = connector.split("/")
        reading = ConnectorReading(
            connector_id=int(number),
            status=status,
            power_w=power_w,
            requested_w=requested_w,
            applied_limit_w=applied_limit_w,
            applied_cycle_seq=applied_cycle_seq,
            session=session,
            refused_cycle_seq=refused_cycle_seq,
        )
        return self.receives(ChargePointTelemetry("depot", charge_point_id, self._next(), self._ago(age_s), (reading,)))

    def hears_of_life(self, charge_point_id: str, age_s: float = 0) -> Reception:
        """A charge point sends a message that mentions no connector."""
        return self.receives(ChargePointTelemetry("depot", charge_point_id, self._next(), self._ago(age_s), ()))

    def meters(self, circuit_id: str, power_w: int, age_s: float = 0) -> Reception:
        """A circuit's meter reports."""
        return self.receives(CircuitTelemetry("depot", circuit_id, self._next(), self._ago(age_s), power_w))

    def receives(self, telemetry: Telemetry) -> Reception:
        return self.readings.receive(telemetry, self.site.tree, self.at)

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def configures(self, *parts: Circuit | ChargePoint, settings: Settings | None = None) -> None:
        """A newer configuration: of other parts where there are any, and with other settings where it says so."""
        self.configuration = replace(
            self.configuration,
            version=self.configuration.version + 1,
            settings=settings or self.configuration.settings,
        )
        if parts:
            self.configuration = replace(
                self.configuration,
                circuits=tuple(part for part in parts if isinstance(part, Circuit)),
                charge_points=tuple(part for part in parts if isinstance(part, ChargePoint)),
            )
        assert validation.faults(self.configuration) == ()
        self.microgrid = self.microgrid.configure(self.configuration, EIGHT).microgrid

    # what is decided for it

    def situation(self) -> Situation:
        return assess(Snapshot(self.site, self.readings, self.at, self.microgrid.state.memory))

    def plan(self) -> Plan:
        """What would be decided now, with the certificate's approval."""
        plan = rebalance.decide(self.situation())
        assert plan.fault is None
        return plan

    def cycle(self, trigger: Trigger = Trigger.TELEMETRY) -> CycleCompleted | None:
        """Decide and go on from there; None where there was nothing new to say."""
        change = self.microgrid.run_cycle(self.readings, trigger, self.at)
        assert change.plan_fault is None
        self.microgrid = change.microgrid
        for event in change.events:
            assert isinstance(event, CycleCompleted)
            return event
        return None

    def setpoint(self, connector: str) -> Setpoint:
        """What the plan has for a connector."""
        tree = self.site.tree
        charge_point_id, number = connector.split("/")
        return self.plan().setpoints[tree.connector_index[charge_point_id, int(number)]]

    def node(self, node_id: str) -> NodeFigures:
        """What the plan has for a node."""
        return self.plan().nodes[self.site.tree.node_index[node_id]]

    def targets(self) -> dict[str, int | None]:
        """What everybody is to have in the end."""
        return {f"{each.charge_point_id}/{each.connector_id}": each.target_w for each in self.plan().setpoints}

    def limits(self) -> dict[str, int | None]:
        """What everybody is sent."""
        return {f"{each.charge_point_id}/{each.connector_id}": each.limit_w for each in self.plan().setpoints}

    def line(self, connector: str) -> Line:
        """What is known of a connector."""
        charge_point_id, number = connector.split("/")
        return self.situation().lines[self.site.tree.connector_index[charge_point_id, int(number)]]

    def exposure(self, connector: str) -> int:
        """The most a connector may draw."""
        return self.line(connector).exposure_w

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _ago(self, seconds: float) -> datetime:
        return self.at - timedelta(seconds=seconds)


def draws(depot: Depot, **factors: int) -> None:
    """cp_1_2 and so on draw so many watts for 1,000 W that they are told."""
    state = depot.microgrid.state
    ledger = dict(state.memory.ledger)
    for name, factor in factors.items():
        charge_point, number = name.rsplit("_", 1)
        node_id = f"{charge_point.replace('_', '-')}/{number}"
        entry = ledger.get(node_id, LedgerEntry()).copy()
        entry.factor = factor
        ledger[node_id] = entry
    depot.microgrid = replace(depot.microgrid, state=replace(state, memory=replace(state.memory, ledger=ledger)))
