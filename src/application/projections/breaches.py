"""The breaches of every microgrid: the latest that was said of each, when it opened, and when it cleared."""

from datetime import datetime

from application.projections.gathered import Gathered
from application.projections.projector import Projection, nothing
from application.queries.rows import BreachRow
from domain.breaches.constraint import Constraint, ConstraintBreached, ConstraintCleared
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    MicrogridProvisioned,
    MicrogridRetired,
)


def _breached(event: ConstraintBreached, gathered: Gathered) -> None:
    """As if it opened with this event: of a breach that is known already, the read model keeps when it did."""
    gathered.put_breach(BreachRow(event.event_seq, _at(event), None, event))


def _cleared(event: ConstraintCleared, gathered: Gathered) -> None:
    gathered.put_breach(BreachRow(event.event_seq, _at(event), _at(event), event))


def _at(event: Constraint) -> datetime:
    """When it was observed, or decided where nothing was."""
    return event.observed_at or event.decided_at


BREACHES = Projection(
    "breaches",
    {
        MicrogridProvisioned: nothing,
        ConfigurationApplied: nothing,
        ConfigurationRejected: nothing,
        MicrogridRetired: nothing,
        CycleCompleted: nothing,
        ConstraintBreached: _breached,
        ConstraintCleared: _cleared,
    },
)
"""One row a breach."""
