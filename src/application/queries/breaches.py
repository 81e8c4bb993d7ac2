"""Which loads are or were over their limits?"""

from collections.abc import Sequence
from typing import Any

from application.ports.read_side import ReadModel
from application.queries.rows import BreachRow, BreachState


async def breaches(
    read_model: ReadModel, microgrid_id: str, state: BreachState, before: int | None, limit: int
) -> Sequence[dict[str, Any]]:
    """The latest event data of each breach, with `opened_at` and `cleared_at`; the last that opened first.

    `before`: only those that opened with an earlier event than this `event_seq`.
    """
    return [shown(row) for row in await read_model.breaches(microgrid_id, state, before, limit)]


def shown(row: BreachRow) -> dict[str, Any]:
    """A breach as it is listed."""
    return {**row.data, "opened_at": row.opened_at, "cleared_at": row.cleared_at}
