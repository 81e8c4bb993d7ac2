"""A microgrid at a glance: its configuration, its warnings, its latest cycle."""

from application.projections.gathered import Gathered
from application.projections.projector import Projection, nothing
from application.queries.rows import StatusRow
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import ConfigurationApplied, ConfigurationRejected, CycleCompleted, MicrogridProvisioned


def _configured(event: ConfigurationApplied, gathered: Gathered) -> None:
    gathered.put_status(StatusRow(event.configuration, event.nodes, event.warnings, latest_cycle=None))


def _decided(cycle: CycleCompleted, gathered: Gathered) -> None:
    gathered.put_latest_cycle(cycle)


STATUS = Projection(
    "status",
    {
        MicrogridProvisioned: nothing,
        ConfigurationApplied: _configured,
        ConfigurationRejected: nothing,
        CycleCompleted: _decided,
        ConstraintBreached: nothing,
        ConstraintCleared: nothing,
    },
)
"""One row a microgrid."""
