"""Column types that mean the same on SQLite and PostgreSQL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
from pydantic import TypeAdapter
from sqlalchemy import JSON, ColumnElement, DateTime, Dialect, Text, cast, type_coerce
from sqlalchemy.types import TypeDecorator

Json = JSON(none_as_null=True)
"""Text as it was written. Not JSONB: that sorts keys, and what the read model serves keeps the events' order."""


@dataclass(frozen=True, slots=True)
class Written:
    """JSON text to be stored in such a column as it is."""

    text: str


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: stored in UTC, read zone-aware. SQLite keeps no zone, so a naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Raises ValueError (inside SQLAlchemy's StatementError) for a datetime without a zone."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Typed(TypeDecorator[Any]):
    """A value of a type that pydantic knows, as JSON. What it does not know any more is passed over.

    `remembered`: how many values are given again, each to whoever reads the same text: where it seldom changes.
    """

    impl = Json
    cache_ok = True

    def __init__(self, kind: Any, remembered: int = 0) -> None:
        super().__init__(none_as_null=True)
        self.kind, self.remembered = kind, remembered
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
        self._read = lru_cache(remembered)(self._value) if remembered else self._value

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Selected as text: the driver of PostgreSQL would make dictionaries of JSON, which takes longer."""
        return type_coerce(cast(column, Text), self)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """What it gives raises pydantic's ValidationError where something else is stored."""
        read = self._read
        return lambda text: None if text is None else read(text)

    def _value(self, text: str) -> Any:
        """What the one decoder, which takes less than half the time, refuses is left to the other."""
        try:
            return self._decoder.decode(text)
        except msgspec.MsgspecError:
            return self._adapter.validate_json(text)
