"""Which loads are or were over their limits?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from application.ports.read_side import ReadModel
from application.queries.rows import BreachRow, BreachState
from domain.breaches.constraint import Constraint
from domain.values import value


@value
class Breach(Constraint):
    """What was announced of a breach last, when it opened, and when it cleared."""

    opened_at: datetime
    cleared_at: datetime | None

    @classmethod
    def of(cls, row: BreachRow) -> Self:
        latest = {name: getattr(row.latest, name) for name in Constraint.__dataclass_fields__}
        return cls(**latest, opened_at=row.opened_at, cleared_at=row.cleared_at)


async def breaches(
    read_model: ReadModel, microgrid_id: str, state: BreachState, before: int | None, limit: int
) -> Sequence[Breach]:
    """The breaches of a microgrid, the last that opened first.

    `before`: only those that opened with an earlier event than this `event_seq`.
    """
    return [Breach.of(row) for row in await read_model.breaches(microgrid_id, state, before, limit)]
