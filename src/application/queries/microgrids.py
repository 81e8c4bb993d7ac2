"""Which microgrids are there, and how is each of them?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.ports.read_side import ReadModel
from application.queries.rows import GlanceRow
from application.queries.state import State
from application.queries.status import AsOf, as_of_cycle, state_of
from domain.sharing.plan import Outcome, Totals


@dataclass(frozen=True, slots=True)
class MicrogridLine:
    """A microgrid in a line. What its latest cycle came to is null before the first."""

    microgrid_id: str
    name: str
    state: State
    outcome: Outcome | None
    degraded: bool | None
    totals: Totals | None
    open_breaches: int
    as_of: AsOf


async def microgrids(
    read_model: ReadModel, now: datetime, sees: Callable[[GlanceRow], bool] = lambda row: True
) -> Sequence[MicrogridLine]:
    """Every microgrid that the caller sees, in natural id order."""
    return [_line(row, now) for row in await read_model.glances() if sees(row)]


def _line(row: GlanceRow, now: datetime) -> MicrogridLine:
    glance = row.glance
    cycle = None if glance is None else glance.head
    return MicrogridLine(
        microgrid_id=row.microgrid_id,
        name=row.name,
        state=state_of(glance, now),
        outcome=None if cycle is None else cycle.outcome,
        degraded=None if cycle is None else cycle.degraded,
        totals=None if cycle is None else cycle.totals,
        open_breaches=0 if glance is None else glance.open_breaches,
        as_of=AsOf(None, None, None, "stale")
        if glance is None
        else as_of_cycle(cycle, glance.event_seq, glance.stale_after_s, now),
    )
