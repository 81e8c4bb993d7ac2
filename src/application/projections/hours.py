"""Whole hours of a microgrid's history, by the minute and node, of its buckets of ten seconds."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from application.ports.read_side import PastChanges
from application.queries.history import HOUR, MINUTE, begins, bucket_of, together
from application.queries.rows import HistoryRow, HourRow, NodeBucket

AT_ONCE = 1200
"""Buckets that are read at once: some three hours of them."""


async def make_hours(changes: PastChanges, microgrid_id: str, until: datetime) -> None:
    """Make the hours that are over, some of them at most: others are made the next time."""
    newest, end = await changes.newest_hour(microgrid_id), begins(until, HOUR)
    rows = await changes.history(microgrid_id, None if newest is None else newest + HOUR, end, AT_ONCE)
    if len(rows) == AT_ONCE:
        rows = [row for row in rows if row.at < begins(rows[-1].at, HOUR)]
    for hour, each in groupby(rows, lambda row: begins(row.at, HOUR)):
        await changes.put_hours(hours_of(microgrid_id, hour, list(each)))


def hours_of(microgrid_id: str, hour: datetime, rows: Sequence[HistoryRow]) -> list[HourRow]:
    """The hour of every node that was there in it."""
    buckets: dict[str, list[NodeBucket]] = {}
    for row in rows:
        for node_id, figures in row.nodes.items():
            buckets.setdefault(node_id, []).append(bucket_of(row.at, figures))
    return [HourRow(microgrid_id, node_id, hour, tuple(together(each, MINUTE))) for node_id, each in buckets.items()]
