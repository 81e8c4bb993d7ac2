"""What every node and connector drew and was allowed, in buckets of ten seconds, whole hours of which are kept by the
minute for longer.

One row holds a bucket of all of them: a depot of 110 connectors has 190 nodes, and a row each for every bucket would be
1.6 million inserts a day where this is 8,640. Of minutes a row holds an hour of one node, as one node is asked for.
"""

from collections.abc import Iterator

from application.projections.gathered import Gathered
from application.projections.projector import Projection, nothing
from application.queries.history import TEN_SECONDS, begins, figures_of_connector, figures_of_node
from application.queries.rows import HistoryRow, NodeFigures
from application.queries.tree import measured_w
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    MicrogridProvisioned,
    MicrogridRetired,
)
from domain.site.identifiers import connector_node_id


def _decided(cycle: CycleCompleted, gathered: Gathered) -> None:
    """The last cycle of a bucket stands for it, but for the highest load and the lowest limit."""
    bucket_at = begins(cycle.decided_at, TEN_SECONDS)
    gathered.put_history(HistoryRow(cycle.microgrid_id, bucket_at, dict(_figures(cycle))))


def _figures(cycle: CycleCompleted) -> Iterator[tuple[str, NodeFigures]]:
    """By node id."""
    charge_points = {}
    for node in cycle.nodes:
        charge_points[node.node_id] = node
        yield node.node_id, figures_of_node(node)
    for each in cycle.setpoints:
        known_w = measured_w(each, charge_points[each.charge_point_id])
        yield connector_node_id(each.charge_point_id, each.connector_id), figures_of_connector(each, known_w)


NODE_HISTORY = Projection(
    "node_history",
    {
        MicrogridProvisioned: nothing,
        ConfigurationApplied: nothing,
        ConfigurationRejected: nothing,
        MicrogridRetired: nothing,
        CycleCompleted: _decided,
        ConstraintBreached: nothing,
        ConstraintCleared: nothing,
    },
)
"""One row a bucket of a microgrid."""
