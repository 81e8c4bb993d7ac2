"""Which breaches of a microgrid are asked for, in SQL. Made once, as whoever asks first after an event runs them."""

from functools import cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, select, union

from adapters.database.tables import breaches
from application.queries.rows import BreachState

_ITS: Final = breaches.c.microgrid_id == bindparam("microgrid_id")
_OPEN_OR_LAST: Final = union(
    select(breaches.c.opened_seq).where(_ITS, breaches.c.cleared_at.is_(None)),
    select(func.max(breaches.c.opened_seq)).where(_ITS),
)
LATEST: Final = (
    select(breaches)
    .where(_ITS, breaches.c.opened_seq.in_(_OPEN_OR_LAST))
    .order_by(breaches.c.opened_seq.desc())
    .limit(bindparam("most"))
)
"""Of `microgrid_id` those that are open, and the last that opened. Each is found by an index, however many are over."""


@cache
def selected(state: BreachState, *, paged: bool) -> Select[*tuple[Any, ...]]:
    """Of `microgrid_id` the `most` that opened last; where it is `paged`, of those before the event `before`."""
    row = breaches.c
    statement = select(breaches).where(_ITS)
    match state:
        case BreachState.OPEN:
            statement = statement.where(row.cleared_at.is_(None))
        case BreachState.CLOSED:
            statement = statement.where(row.cleared_at.is_not(None))
    if paged:
        statement = statement.where(row.opened_seq < bindparam("before"))
    return statement.order_by(row.opened_seq.desc()).limit(bindparam("most"))
