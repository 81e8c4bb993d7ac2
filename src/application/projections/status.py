"""A microgrid at a glance: its configuration, its warnings, its latest cycle."""

from application import event_types
from application.ports.bus import PublishedEvent
from application.projections.gathered import Gathered
from application.projections.projector import Projection, nothing
from application.queries.rows import StatusRow


def _configured(event: PublishedEvent, gathered: Gathered) -> None:
    configuration = event.data["configuration"]
    gathered.put_status(
        StatusRow(
            event.microgrid_id,
            configuration["workspace_id"],
            configuration["name"],
            event.data["version"],
            configuration,
            event.data["nodes"],
            event.data["warnings"],
            latest_cycle=None,
        )
    )


def _decided(event: PublishedEvent, gathered: Gathered) -> None:
    gathered.put_latest_cycle(event.microgrid_id, event.data)


STATUS = Projection(
    "status",
    {
        event_types.MICROGRID_PROVISIONED: nothing,
        event_types.CONFIGURATION_APPLIED: _configured,
        event_types.CONFIGURATION_REJECTED: nothing,
        event_types.CYCLE_COMPLETED: _decided,
        event_types.CONSTRAINT_BREACHED: nothing,
        event_types.CONSTRAINT_CLEARED: nothing,
    },
)
"""One row a microgrid."""
