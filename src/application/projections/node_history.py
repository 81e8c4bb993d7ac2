"""What every node and connector drew and was allowed, in buckets of ten seconds, for as long as they are kept.

One row holds a bucket of all of them: a depot of 110 connectors has 190 nodes, and a row each for every bucket would be
1.6 million inserts a day where this is 8,640; a page of buckets of one node still reads no more than that many rows.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from application import event_types
from application.ports.bus import PublishedEvent
from application.projections.gathered import Gathered
from application.projections.projector import Projection, nothing
from application.queries.rows import HistoryRow, NodeFigures
from domain.site.identifiers import connector_node_id

BUCKET = timedelta(seconds=10)
KEPT = timedelta(hours=24)
PRUNED_EVERY = 60
"""Old buckets are forgotten with every 60th cycle of a microgrid."""

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")


def _decided(event: PublishedEvent, gathered: Gathered) -> None:
    """The last cycle of a bucket stands for it."""
    decided_at = datetime.fromisoformat(event.data["decided_at"])
    bucket_at = decided_at - (decided_at - _EPOCH) % BUCKET
    gathered.put_history(HistoryRow(event.microgrid_id, bucket_at, dict(_figures(event.data))))
    if event.data["cycle_seq"] % PRUNED_EVERY == 0:
        gathered.forget_history(decided_at - KEPT)


def _figures(cycle: dict[str, Any]) -> Iterator[tuple[str, NodeFigures]]:
    """By node id: measured, limit, allocated, background, reserved. A connector's limit is what it was sent."""
    for node in cycle["nodes"]:
        yield (
            node["node_id"],
            [node["measured_w"], node["limit_w"], node["allocated_w"], node["background_w"], node["reserved_w"]],
        )
    for each in cycle["setpoints"]:
        yield (
            connector_node_id(each["charge_point_id"], each["connector_id"]),
            [each["measured_w"], each["limit_w"], each["target_w"], 0, each["reserved_w"]],
        )


NODE_HISTORY = Projection(
    "node_history",
    {
        event_types.MICROGRID_PROVISIONED: nothing,
        event_types.CONFIGURATION_APPLIED: nothing,
        event_types.CONFIGURATION_REJECTED: nothing,
        event_types.CYCLE_COMPLETED: _decided,
        event_types.CONSTRAINT_BREACHED: nothing,
        event_types.CONSTRAINT_CLEARED: nothing,
    },
)
"""One row a bucket of a microgrid."""
