"""Which breaches of a microgrid are asked for, in SQL."""

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from adapters.database.tables import breaches
from application.queries.rows import BreachState


@cache
def selected(state: BreachState, *, paged: bool) -> Select[*tuple[Any, ...]]:
    """Of `microgrid_id` the `most` that opened last; where it is `paged` those that opened before the event `before`.

    Made once of each kind, as whoever asks first after an event runs some of them.
    """
    row = breaches.c
    statement = select(breaches).where(row.microgrid_id == bindparam("microgrid_id"))
    match state:
        case BreachState.OPEN:
            statement = statement.where(row.cleared_at.is_(None))
        case BreachState.CLOSED:
            statement = statement.where(row.cleared_at.is_not(None))
    if paged:
        statement = statement.where(row.opened_seq < bindparam("before"))
    return statement.order_by(row.opened_seq.desc()).limit(bindparam("most"))
