"""The published cycles, whole, for as long as they are kept."""

from datetime import timedelta

from application.projections.gathered import Gathered
from application.projections.projector import Projection, nothing
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import ConfigurationApplied, ConfigurationRejected, CycleCompleted, MicrogridProvisioned

KEPT = timedelta(hours=24)
PRUNED_EVERY = 60
"""Old cycles are forgotten with every 60th of a microgrid: often enough for a bound, seldom enough to cost nothing."""


def _decided(cycle: CycleCompleted, gathered: Gathered) -> None:
    gathered.put_cycle(cycle)
    if cycle.cycle_seq % PRUNED_EVERY == 0:
        gathered.forget_cycles(cycle.decided_at - KEPT)


CYCLES = Projection(
    "cycles",
    {
        MicrogridProvisioned: nothing,
        ConfigurationApplied: nothing,
        ConfigurationRejected: nothing,
        CycleCompleted: _decided,
        ConstraintBreached: nothing,
        ConstraintCleared: nothing,
    },
)
"""One row a published cycle."""
