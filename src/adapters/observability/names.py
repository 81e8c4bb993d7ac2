"""The names of spans, metrics and their attributes: what dashboards and alerts are written against.

Ids stand on spans and in logs, never on metrics: whoever sends messages could make up as many as he likes.
"""

from typing import Final

SERVICE: Final = "busbar"

CYCLE_SPAN: Final = "busbar.cycle"
MICROGRID_ID: Final = "busbar.microgrid.id"

CYCLES: Final = "busbar.cycles"
PUBLISHED: Final = "busbar.cycle.published"
REFUSED_PLANS: Final = "busbar.refused_plans"
READINGS: Final = "busbar.readings"
RECEIPT: Final = "busbar.reading.receipt"
OUTDATED_CONFIGURATIONS: Final = "busbar.outdated_configurations"
TOMBSTONES: Final = "busbar.tombstones"
DEAD_LETTERS: Final = "busbar.dead_letters"
PARKED: Final = "busbar.parked"
STAGE: Final = "busbar.stage"
ERROR_TYPE: Final = "error.type"
