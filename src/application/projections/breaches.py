"""The breaches of every microgrid: the latest that was said of each, when it opened, and when it cleared."""

from datetime import datetime

from application import event_types
from application.ports.bus import PublishedEvent
from application.projections.gathered import Gathered
from application.projections.projector import Projection, nothing
from application.queries.rows import BreachRow


def _breached(event: PublishedEvent, gathered: Gathered) -> None:
    gathered.put_breach(_row(event, cleared_at=None))


def _cleared(event: PublishedEvent, gathered: Gathered) -> None:
    gathered.put_breach(_row(event, cleared_at=_at(event)))


def _row(event: PublishedEvent, cleared_at: datetime | None) -> BreachRow:
    """As if it opened with this event: of a breach that is known already, the read model keeps when it did."""
    return BreachRow(event.microgrid_id, event.data["breach_id"], event.event_seq, _at(event), cleared_at, event.data)


def _at(event: PublishedEvent) -> datetime:
    """When it was observed, or decided where nothing was."""
    return datetime.fromisoformat(event.data["observed_at"] or event.data["decided_at"])


BREACHES = Projection(
    "breaches",
    {
        event_types.MICROGRID_PROVISIONED: nothing,
        event_types.CONFIGURATION_APPLIED: nothing,
        event_types.CONFIGURATION_REJECTED: nothing,
        event_types.CYCLE_COMPLETED: nothing,
        event_types.CONSTRAINT_BREACHED: _breached,
        event_types.CONSTRAINT_CLEARED: _cleared,
    },
)
"""One row a breach."""
