"""A depot on perfect links: every vehicle draws what it wants of what it was told last, and every charger says so."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.events import CycleCompleted, Trigger
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, ConnectorReading, Readings, Session
from domain.microgrid import Microgrid
from domain.site.configuration import SiteConfiguration
from domain.site.site import Site

START = datetime(2026, 11, 22, tzinfo=UTC)


class ObedientDepot:
    """`wants_w` is what the vehicle on a connector (by node id) would draw; meters show that and no background.

    Chargers report no `requested_w`. A round is: vehicles draw, chargers and meters report, a cycle decides.
    """

    def __init__(self, configuration: SiteConfiguration, wants_w: Callable[[str], int]) -> None:
        self.configuration = configuration
        self.wants_w = wants_w
        self.at = START
        self.told_w: dict[str, int] = {}
        self.drawn_w: dict[str, int] = {}
        self._microgrid = Microgrid(configuration.microgrid_id).configure(configuration, START).microgrid
        self._readings = Readings()
        self._sequence = 0

    @property
    def site(self) -> Site:
        assert self._microgrid.site is not None
        return self._microgrid.site

    def limited_to(self, circuit_id: str, capacity_w: int) -> None:
        """A configuration changes the capacity of a circuit."""
        self.configuration = replace(
            self.configuration,
            version=self.configuration.version + 1,
            circuits=tuple(
                replace(each, default_capacity_w=capacity_w) if each.circuit_id == circuit_id else each
                for each in self.configuration.circuits
            ),
        )
        self._microgrid = self._microgrid.configure(self.configuration, self.at).microgrid

    def round(self, after_s: int) -> None:
        """The next round, so many seconds after the last."""
        self.at += timedelta(seconds=after_s)
        self.drawn_w = {
            connector.node_id: min(self.told_w.get(connector.node_id, 0), self.wants_w(connector.node_id))
            for connector in self.site.tree.connectors
        }
        self._report()
        change = self._microgrid.run_cycle(self._readings, Trigger.TELEMETRY, self.at)
        assert change.plan_fault is None, change.plan_fault
        self._microgrid = change.microgrid
        for event in change.events:
            if isinstance(event, CycleCompleted):
                for setpoint in event.setpoints:
                    if setpoint.limit_w is not None:
                        self.told_w[f"{setpoint.charge_point_id}/{setpoint.connector_id}"] = setpoint.limit_w

    def _report(self) -> None:
        self._sequence += 1
        tree = self.site.tree
        measured_w: defaultdict[str | None, int] = defaultdict(int)
        readings: defaultdict[str, list[ConnectorReading]] = defaultdict(list)
        for connector in tree.connectors:
            power_w = self.drawn_w[connector.node_id]
            readings[connector.charge_point_id].append(
                ConnectorReading(
                    connector.connector_id,
                    "Charging",
                    power_w,
                    applied_limit_w=self.told_w.get(connector.node_id),
                    session=Session(f"s-{connector.node_id}"),
                )
            )
            node = connector.charge_point
            while node >= 0:
                measured_w[tree.nodes[node].node_id] += power_w
                node = tree.parents[node]
        microgrid_id = self.configuration.microgrid_id
        for charge_point_id, of_connectors in readings.items():
            message = ChargePointTelemetry(microgrid_id, charge_point_id, self._sequence, self.at, tuple(of_connectors))
            self._readings.receive(message, tree, self.at)
        for node_figures in tree.nodes:
            if node_figures.metered:
                power_w = measured_w[node_figures.node_id]
                meter = CircuitTelemetry(microgrid_id, node_figures.node_id, self._sequence, self.at, power_w)
                self._readings.receive(meter, tree, self.at)
