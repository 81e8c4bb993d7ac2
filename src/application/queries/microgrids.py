"""Which microgrids are there, and how is each of them?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.ports.read_side import ReadModel
from application.queries.rows import StatusRow
from application.queries.status import AsOf, as_of


@dataclass(frozen=True, slots=True)
class MicrogridLine:
    """A microgrid in a line. What its latest cycle came to is null before the first."""

    microgrid_id: str
    name: str
    outcome: str | None
    degraded: bool | None
    totals: dict[str, Any] | None
    open_breaches: int
    as_of: AsOf


async def microgrids(
    read_model: ReadModel, now: datetime, sees: Callable[[StatusRow], bool] = lambda row: True
) -> Sequence[MicrogridLine]:
    """Every microgrid that whoever asks sees, in natural id order."""
    rows = [row for row in await read_model.statuses() if sees(row)]
    open_breaches = await read_model.open_breaches()
    lines = []
    for row in rows:
        cycle = row.latest_cycle or {"outcome": None, "degraded": None, "totals": None}
        lines.append(
            MicrogridLine(
                row.microgrid_id,
                row.name,
                cycle["outcome"],
                cycle["degraded"],
                cycle["totals"],
                open_breaches.get(row.microgrid_id, 0),
                as_of(row, now),
            )
        )
    return lines
