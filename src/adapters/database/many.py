"""Many rows as the parameters of one statement: on PostgreSQL an array a column, however many rows there are."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, TableValuedAlias, bindparam, column, func
from sqlalchemy.dialects.postgresql import ARRAY


def rows_of(*columns: Column[Any]) -> TableValuedAlias:
    """A relation of what is given for these columns (`arrays`), for a statement on PostgreSQL."""
    arrays = [bindparam(_parameter(each.name), type_=ARRAY(each.type, dimensions=1)) for each in columns]
    named = [column(each.name, each.type) for each in columns]
    return func.unnest(*arrays).table_valued(*named, name="given").render_derived()


def arrays(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """These rows, one at least and all of the same keys, as the parameters of such a statement."""
    return {_parameter(name): [row[name] for row in rows] for name in rows[0]}


def _parameter(name: str) -> str:
    """Of another name than the column: SQLAlchemy keeps that for itself."""
    return f"all_{name}"
