"""The CloudEvents types of the events, as subscribers know them (EVT-5)."""

from typing import Final

MICROGRID_PROVISIONED: Final = "busbar.microgrid.provisioned.v1"
CONFIGURATION_APPLIED: Final = "busbar.configuration.applied.v1"
CONFIGURATION_REJECTED: Final = "busbar.configuration.rejected.v1"
MICROGRID_RETIRED: Final = "busbar.microgrid.retired.v1"
CYCLE_COMPLETED: Final = "busbar.cycle.completed.v1"
CONSTRAINT_BREACHED: Final = "busbar.constraint.breached.v1"
CONSTRAINT_CLEARED: Final = "busbar.constraint.cleared.v1"
