"""A microgrid at a glance: its configuration, its warnings, its latest cycle, how it stands."""

from dataclasses import replace

from application.projections import happenings, standing
from application.projections.gathered import Gathered
from application.projections.projector import Projection, nothing
from application.queries.rows import StatusRow
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    MicrogridProvisioned,
    MicrogridRetired,
)


def _configured(event: ConfigurationApplied, gathered: Gathered) -> None:
    gathered.put_log(happenings.of_configuration(gathered.configuration(event.microgrid_id), event))
    gathered.put_status(StatusRow(event.configuration, event.nodes, event.warnings))
    gathered.put_standing(event.microgrid_id, standing.configured(gathered.standing(event.microgrid_id), event))


def _rejected(event: ConfigurationRejected, gathered: Gathered) -> None:
    gathered.put_log(happenings.of_refusal(event))
    before = gathered.standing(event.microgrid_id)
    if before is not None:
        gathered.put_standing(event.microgrid_id, replace(before, event_seq=event.event_seq))


def _retired(event: MicrogridRetired, gathered: Gathered) -> None:
    gathered.put_log(happenings.of_retirement(event))
    before = gathered.standing(event.microgrid_id)
    if before is not None:
        gathered.put_standing(event.microgrid_id, standing.retired(before, event))


def _decided(cycle: CycleCompleted, gathered: Gathered) -> None:
    gathered.put_latest_cycle(cycle)
    before = gathered.standing(cycle.microgrid_id)
    if before is not None:
        after = standing.decided(before, cycle)
        gathered.put_log(happenings.of_cycle(before, after, cycle))
        gathered.put_standing(cycle.microgrid_id, after)


def _breached(event: ConstraintBreached, gathered: Gathered) -> None:
    before = gathered.standing(event.microgrid_id)
    if before is not None:
        gathered.put_log(happenings.of_breach(before, event))
        gathered.put_standing(event.microgrid_id, standing.breached(before, event))


def _cleared(event: ConstraintCleared, gathered: Gathered) -> None:
    before = gathered.standing(event.microgrid_id)
    if before is not None:
        gathered.put_log(happenings.of_breach(before, event))
        gathered.put_standing(event.microgrid_id, standing.cleared(before, event))


STATUS = Projection(
    "status",
    {
        MicrogridProvisioned: nothing,
        ConfigurationApplied: _configured,
        ConfigurationRejected: _rejected,
        MicrogridRetired: _retired,
        CycleCompleted: _decided,
        ConstraintBreached: _breached,
        ConstraintCleared: _cleared,
    },
)
"""One row a microgrid."""
