"""What did this node draw, and what was it allowed, over time? In buckets of ten seconds, a minute or a quarter."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Final

from application.ports.read_side import ReadModel
from application.queries.rows import HistoryRow, NodeBucket, NodeFigures
from domain.sharing import plan as decided
from domain.sharing.plan import Quality

TEN_SECONDS: Final = timedelta(seconds=10)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)

HOURS_AT_ONCE: Final = 48

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = datetime.max.replace(tzinfo=UTC)
_WORST_FIRST: Final = tuple(Quality)
_NUMBER_OF: Final = {quality: number for number, quality in enumerate(_WORST_FIRST)}


class Step(StrEnum):
    """How long a bucket is."""

    TEN_SECONDS = "10s"
    """As it was decided, for as long as cycles are kept."""
    MINUTE = "1m"
    """By the minute, for as long as history is kept."""
    QUARTER = "15m"
    """By the quarter of an hour, for as long as history is kept."""


_STEPS: Final = {Step.MINUTE: MINUTE, Step.QUARTER: timedelta(minutes=15)}


async def history(
    read_model: ReadModel,
    microgrid_id: str,
    node_id: str,
    step: Step,
    *,
    since: datetime,
    until: datetime,
    limit: int,
) -> Sequence[NodeBucket]:
    """The buckets of a node that begin from `since` on and before `until`, newest first, `limit` at most."""
    if step is Step.TEN_SECONDS:
        return await read_model.node_history(microgrid_id, node_id, since, until, limit)
    length = _STEPS[step]
    found: list[NodeBucket] = []
    newest = await read_model.node_hours(microgrid_id, node_id, _END, 1)
    whole_until = newest[0].hour + HOUR if newest else since
    if whole_until < until:
        fine = await read_model.node_history(microgrid_id, node_id, max(since, whole_until), until, 2**31 - 1)
        found += together(fine, MINUTE)
    before = until
    while len(found) <= limit * (length // MINUTE):
        hours = await read_model.node_hours(microgrid_id, node_id, before, HOURS_AT_ONCE)
        minutes = [bucket for hour in hours for bucket in reversed(hour.minutes)]
        found += [bucket for bucket in minutes if since <= bucket.at < until]
        if not hours or hours[-1].hour <= since:
            break
        before = hours[-1].hour
    buckets = found if length == MINUTE else together(found, length)
    return [bucket for bucket in buckets if bucket.at >= since][:limit]


def begins(at: datetime, length: timedelta) -> datetime:
    """When the bucket of this length began that an instant is in."""
    return at - (at - _EPOCH) % length


def bucket_of(at: datetime, figures: NodeFigures) -> NodeBucket:
    """What is stored of a node in ten seconds. An earlier release stored neither the highest load nor the quality."""
    measured_w, limit_w, allocated_w, background_w, reserved_w, *more = figures
    max_w, quality = (*more, None, None)[:2]
    return NodeBucket(
        at=at,
        measured_w=measured_w,
        measured_max_w=measured_w if max_w is None else max_w,
        limit_w=limit_w,
        allocated_w=allocated_w,
        background_w=background_w,
        reserved_w=reserved_w,
        quality=None if quality is None else _WORST_FIRST[quality],
    )


def figures_of(bucket: NodeBucket) -> NodeFigures:
    """What `bucket_of` reads."""
    return [
        bucket.measured_w,
        bucket.limit_w,
        bucket.allocated_w,
        bucket.background_w,
        bucket.reserved_w,
        bucket.measured_max_w,
        None if bucket.quality is None else _NUMBER_OF[bucket.quality],
    ]


def figures_of_node(node: decided.NodeFigures) -> NodeFigures:
    """The same of a node after one decision, its load the highest."""
    return [
        node.measured_w,
        node.limit_w,
        node.allocated_w,
        node.background_w,
        node.reserved_w,
        node.measured_w,
        _NUMBER_OF[node.quality],
    ]


def figures_of_connector(setpoint: decided.Setpoint, known_w: int | None) -> NodeFigures:
    """The same of a connector that is known to draw so much. Its limit is what it was sent."""
    quality = Quality.MISSING if known_w is None else Quality.OK
    return [
        known_w,
        setpoint.limit_w,
        setpoint.target_w,
        0,
        setpoint.reserved_w,
        known_w,
        _NUMBER_OF[quality],
    ]


def later(before: NodeFigures | None, now: NodeFigures) -> NodeFigures:
    """A bucket with one more cycle: that stands for it, but for the highest load and the lowest limit."""
    if before is None:
        return now
    former_w, former_limit_w, *_ = before
    former_max_w = before[5] if len(before) > 5 else None  # an earlier release did not store it
    most_w = former_w if former_max_w is None else former_max_w
    measured_w, limit_w, *rest, max_w, quality = now
    return [measured_w, _known(min, former_limit_w, limit_w), *rest, _known(max, most_w, max_w), quality]


def one_more(before: HistoryRow | None, now: HistoryRow) -> HistoryRow:
    """A bucket of a microgrid with one more cycle."""
    if before is None:
        return now
    nodes = {node_id: later(before.nodes.get(node_id), figures) for node_id, figures in now.nodes.items()}
    return HistoryRow(now.microgrid_id, now.at, nodes)


def together(buckets: Sequence[NodeBucket], length: timedelta) -> list[NodeBucket]:
    """Longer buckets of shorter ones, in the same order."""
    return [_one(at, list(each)) for at, each in groupby(buckets, lambda bucket: begins(bucket.at, length))]


def _one(at: datetime, buckets: Sequence[NodeBucket]) -> NodeBucket:
    """The mean of what is known, the highest load, the lowest limit, the worst quality."""
    qualities = [each.quality for each in buckets if each.quality is not None]
    return NodeBucket(
        at=at,
        measured_w=_mean(each.measured_w for each in buckets),
        measured_max_w=max((each.measured_max_w for each in buckets if each.measured_max_w is not None), default=None),
        limit_w=min((each.limit_w for each in buckets if each.limit_w is not None), default=None),
        allocated_w=_mean(each.allocated_w for each in buckets),
        background_w=_mean(each.background_w for each in buckets),
        reserved_w=_mean(each.reserved_w for each in buckets),
        quality=min(qualities, key=_WORST_FIRST.index, default=None),
    )


def _mean(figures: Iterable[int | None]) -> int | None:
    known = [each for each in figures if each is not None]
    return (2 * sum(known) + len(known)) // (2 * len(known)) if known else None


def _known(choose: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else choose(one, other)
