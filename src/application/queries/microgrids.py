"""Which microgrids are there, and how is each of them?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.ports.read_side import ReadModel
from application.queries.rows import StatusRow
from application.queries.status import AsOf, as_of
from domain.sharing.plan import Outcome, Totals


@dataclass(frozen=True, slots=True)
class MicrogridLine:
    """A microgrid in a line. What its latest cycle came to is null before the first."""

    microgrid_id: str
    name: str
    outcome: Outcome | None
    degraded: bool | None
    totals: Totals | None
    open_breaches: int
    as_of: AsOf


async def microgrids(
    read_model: ReadModel, now: datetime, sees: Callable[[StatusRow], bool] = lambda row: True
) -> Sequence[MicrogridLine]:
    """Every microgrid that the caller sees, in natural id order."""
    rows = [row for row in await read_model.statuses() if sees(row)]
    open_breaches = await read_model.open_breaches()
    return [_line(row, open_breaches.get(row.microgrid_id, 0), now) for row in rows]


def _line(row: StatusRow, open_breaches: int, now: datetime) -> MicrogridLine:
    cycle = row.latest_cycle
    return MicrogridLine(
        microgrid_id=row.microgrid_id,
        name=row.name,
        outcome=None if cycle is None else cycle.outcome,
        degraded=None if cycle is None else cycle.degraded,
        totals=None if cycle is None else cycle.totals,
        open_breaches=open_breaches,
        as_of=as_of(row, now),
    )
