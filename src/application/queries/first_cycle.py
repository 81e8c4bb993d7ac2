"""What would be decided for this depot at this instant, if nothing had been decided before?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.breaches.over_limit import OverLimit
from domain.events import CycleCompleted, Trigger
from domain.knowledge.readings import ChargePointTelemetry, Readings, Telemetry
from domain.microgrid import Microgrid
from domain.site import validation
from domain.site.configuration import Fault, SiteConfiguration
from domain.site.site import Site


@dataclass(frozen=True, slots=True)
class FirstCycle:
    """The decision, and the nodes over their limit at that instant (without margin or hold)."""

    completed: CycleCompleted
    over_limit: tuple[OverLimit, ...]


def first_cycle(
    configuration: SiteConfiguration, at: datetime, telemetry: Sequence[Telemetry]
) -> FirstCycle | tuple[Fault, ...]:
    """The first cycle of a microgrid, or the faults of its configuration. The order of the messages is nothing."""
    faults = validation.faults(configuration)
    if faults:
        return faults
    site = Site.of(configuration)
    readings = Readings()
    for message in _in_canonical_order(telemetry):
        readings.receive(message, site.tree, at)
    change = Microgrid(configuration.microgrid_id, site).run_cycle(readings, Trigger.MANUAL, at)
    (completed,) = change.events
    if not isinstance(completed, CycleCompleted):
        raise TypeError("a manual cycle announces its completion and nothing else")
    return FirstCycle(completed, change.over_limit)


def _in_canonical_order(telemetry: Sequence[Telemetry]) -> list[Telemetry]:
    """By time and number; where one device sent two that equal in both, by content: the first of them is kept."""
    devices = {(_device(each), each.measured_at, each.sequence) for each in telemetry}
    if len(devices) == len(telemetry):
        return sorted(telemetry, key=lambda each: (each.measured_at, each.sequence))
    return sorted(telemetry, key=lambda each: (each.measured_at, each.sequence, repr(each)))


def _device(telemetry: Telemetry) -> str:
    return telemetry.charge_point_id if isinstance(telemetry, ChargePointTelemetry) else telemetry.circuit_id
