"""The published cycles, whole, for as long as they are kept."""

from application.projections.gathered import Gathered
from application.projections.keeping import PRUNED_EVERY
from application.projections.projector import Projection, nothing
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    MicrogridProvisioned,
    MicrogridRetired,
)


def _decided(cycle: CycleCompleted, gathered: Gathered) -> None:
    gathered.put_cycle(cycle)
    if cycle.cycle_seq % PRUNED_EVERY == 0:
        gathered.forget_old(cycle.microgrid_id, cycle.decided_at)


CYCLES = Projection(
    "cycles",
    {
        MicrogridProvisioned: nothing,
        ConfigurationApplied: nothing,
        ConfigurationRejected: nothing,
        MicrogridRetired: nothing,
        CycleCompleted: _decided,
        ConstraintBreached: nothing,
        ConstraintCleared: nothing,
    },
)
"""One row a published cycle."""
