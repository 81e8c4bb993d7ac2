"""A condition on many values that costs the same however many there are."""

from collections.abc import Collection
from typing import TypeVar

from sqlalchemy import ColumnElement, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")


def among(
    database: AsyncEngine | AsyncConnection, column: ColumnElement[T], values: Collection[T]
) -> ColumnElement[bool]:
    """Whether the column has one of these values: on PostgreSQL one parameter, and one prepared statement for all."""
    match database.dialect.name:
        case "postgresql":
            return column == any_(literal(list(values), ARRAY(column.type)))
        case _:
            return column.in_(values)
