"""The published cycles, whole, for as long as they are kept."""

from datetime import datetime, timedelta

from application import event_types
from application.ports.bus import PublishedEvent
from application.projections.gathered import Gathered
from application.projections.projector import Projection, nothing
from application.queries.rows import CycleRow

KEPT = timedelta(hours=24)
PRUNED_EVERY = 60
"""Old cycles are forgotten with every 60th of a microgrid: often enough for a bound, seldom enough to cost nothing."""


def _decided(event: PublishedEvent, gathered: Gathered) -> None:
    cycle_seq, decided_at = event.data["cycle_seq"], datetime.fromisoformat(event.data["decided_at"])
    gathered.put_cycle(CycleRow(event.microgrid_id, cycle_seq, event.event_seq, decided_at, event.data))
    if cycle_seq % PRUNED_EVERY == 0:
        gathered.forget_cycles(decided_at - KEPT)


CYCLES = Projection(
    "cycles",
    {
        event_types.MICROGRID_PROVISIONED: nothing,
        event_types.CONFIGURATION_APPLIED: nothing,
        event_types.CONFIGURATION_REJECTED: nothing,
        event_types.CYCLE_COMPLETED: _decided,
        event_types.CONSTRAINT_BREACHED: nothing,
        event_types.CONSTRAINT_CLEARED: nothing,
    },
)
"""One row a published cycle."""
