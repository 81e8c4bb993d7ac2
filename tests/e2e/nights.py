"""A simulated depot and the aggregate that balances it, second by second, without bus and database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from adapters.messages.configuration import read_configuration
from adapters.messages.telemetry import read_charge_point_telemetry, read_circuit_telemetry
from adapters.simulation.depot import Depot, Summary
from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.layout import Payload
from adapters.simulation.scenario import Scenario
from application.mailbox import Mailbox
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import CycleCompleted, DomainEvent
from domain.microgrid import Microgrid
from entrypoints.container import Container

Watch: TypeAlias = Callable[[Depot, Sequence[Payload], Sequence[DomainEvent]], None]
"""Sees a second of a run: the depot at its end, the messages that arrived in it, and what was announced."""


@dataclass(slots=True)
class Night:
    """What a run came to."""

    summary: Summary
    cycles: list[CycleCompleted] = field(default_factory=list)
    breached: list[ConstraintBreached] = field(default_factory=list)
    cleared: list[ConstraintCleared] = field(default_factory=list)

    @property
    def energy_percent(self) -> float:
        """What was delivered of what an all-knowing allocator would have."""
        return 100 * self.summary.energy_delivered_wh / max(1, self.summary.energy_possible_wh)

    @property
    def changes_per_connector_minute(self) -> float:
        """How often a connector was told another limit than before."""
        changes = sum(
            setpoint.limit_w is not None and setpoint.limit_w != setpoint.previous_limit_w
            for cycle in self.cycles
            for setpoint in cycle.setpoints
        )
        return changes * 60 / (self.summary.connectors * self.summary.simulated_s)

    def note(self, events: Sequence[DomainEvent]) -> None:
        """Keep what a cycle announced."""
        for event in events:
            match event:
                case CycleCompleted():
                    self.cycles.append(event)
                case ConstraintBreached():
                    self.breached.append(event)
                case ConstraintCleared():
                    self.cleared.append(event)
                case _:
                    pass


def play(
    scenario: Scenario,
    seconds: int,
    fault: str | None = None,
    seed: int = 1,
    watch: Watch = lambda depot, arrived, events: None,
) -> Night:
    """The run that `busbar demo --headless` plays, in the same lock-step, with the aggregate alone deciding."""
    container = Container(database_url="", scenario=scenario, seed=seed, fault=FAULTS.get(fault or ""))
    clock, depot, mailbox = container.clock(), container.depot(), Mailbox(container.clock())
    microgrid, configuration = Microgrid(scenario.configuration["microgrid_id"]), None
    night = Night(depot.summary())
    for second in range(seconds + 1):
        if second:
            clock.advance(clock.now() + timedelta(seconds=1))
        payloads = depot.tick(clock.now()) if second else []
        announced: list[DomainEvent] = []
        if depot.takes_over:
            mailbox.close(microgrid.microgrid_id)
            mailbox.open(microgrid)
        if configuration is not depot.configuration:
            configuration = depot.configuration
            configured = microgrid.configure(read_configuration(configuration), clock.now())
            microgrid = configured.microgrid
            announced += configured.events
            mailbox.open(microgrid)
        for payload in payloads:
            mailbox.post(_read(payload))
        for due in mailbox.due():
            change = due.microgrid.run_cycle(due.readings, due.trigger, due.at)
            microgrid = change.microgrid
            mailbox.decided(due, microgrid)
            assert change.plan_fault is None, change.plan_fault
            night.note(change.events)
            announced += change.events
            _deliver(depot, change.events)
        watch(depot, payloads, announced)
    night.summary = depot.summary()
    return night


def _read(payload: dict[str, Any]) -> Any:
    return (read_charge_point_telemetry if "charge_point_id" in payload else read_circuit_telemetry)(payload)


def _deliver(depot: Depot, events: Sequence[DomainEvent]) -> None:
    for event in events:
        if isinstance(event, CycleCompleted):
            depot.deliver(
                {
                    "cycle_seq": event.cycle_seq,
                    "decided_at": event.decided_at.isoformat(),
                    "setpoints": [
                        {
                            "charge_point_id": setpoint.charge_point_id,
                            "connector_id": setpoint.connector_id,
                            "limit_w": setpoint.limit_w,
                            "valid_for_s": setpoint.valid_for_s,
                        }
                        for setpoint in event.setpoints
                    ],
                }
            )
