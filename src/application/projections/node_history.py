"""What every node and connector drew and was allowed, in buckets of ten seconds, for as long as they are kept.

One row holds a bucket of all of them: a depot of 110 connectors has 190 nodes, and a row each for every bucket would be
1.6 million inserts a day where this is 8,640; a page of buckets of one node still reads no more than that many rows.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from application.projections.gathered import Gathered
from application.projections.projector import Projection, nothing
from application.queries.rows import HistoryRow, NodeFigures
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import ConfigurationApplied, ConfigurationRejected, CycleCompleted, MicrogridProvisioned
from domain.site.identifiers import connector_node_id

BUCKET = timedelta(seconds=10)
KEPT = timedelta(hours=24)
PRUNED_EVERY = 60
"""Old buckets are forgotten with every 60th cycle of a microgrid."""

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")


def _decided(cycle: CycleCompleted, gathered: Gathered) -> None:
    """The last cycle of a bucket stands for it."""
    bucket_at = cycle.decided_at - (cycle.decided_at - _EPOCH) % BUCKET
    gathered.put_history(HistoryRow(cycle.microgrid_id, bucket_at, dict(_figures(cycle))))
    if cycle.cycle_seq % PRUNED_EVERY == 0:
        gathered.forget_history(cycle.decided_at - KEPT)


def _figures(cycle: CycleCompleted) -> Iterator[tuple[str, NodeFigures]]:
    """By node id: measured, limit, allocated, background, reserved. A connector's limit is what it was sent."""
    for node in cycle.nodes:
        yield node.node_id, [node.measured_w, node.limit_w, node.allocated_w, node.background_w, node.reserved_w]
    for each in cycle.setpoints:
        yield (
            connector_node_id(each.charge_point_id, each.connector_id),
            [each.measured_w, each.limit_w, each.target_w, 0, each.reserved_w],
        )


NODE_HISTORY = Projection(
    "node_history",
    {
        MicrogridProvisioned: nothing,
        ConfigurationApplied: nothing,
        ConfigurationRejected: nothing,
        CycleCompleted: _decided,
        ConstraintBreached: nothing,
        ConstraintCleared: nothing,
    },
)
"""One row a bucket of a microgrid."""
