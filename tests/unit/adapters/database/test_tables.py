"""House rules of the tables, looked up in the metadata."""

import pytest
from sqlalchemy import BigInteger, Column, DateTime, Enum
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from adapters.database.column_types import UtcDateTime
from adapters.database.tables import metadata, outbox

COLUMNS = [column for table in metadata.tables.values() for column in table.columns]


def columns_named(suffix: str) -> list[Column[object]]:
    found = [column for column in COLUMNS if column.name.endswith(suffix)]
    assert found
    return found


def dialect_named(name: str) -> Dialect:
    return make_url(f"{name}://").get_dialect()()


def test_power_and_sequences_do_not_overflow() -> None:
    for suffix in ("_w", "_seq", "version"):
        assert all(isinstance(column.type, BigInteger) for column in columns_named(suffix))


def test_instants_are_in_utc() -> None:
    assert all(isinstance(column.type, UtcDateTime) for column in columns_named("_at"))
    assert not [column for column in COLUMNS if isinstance(column.type, DateTime)]


def test_there_are_no_enum_types() -> None:
    assert not [column for column in COLUMNS if isinstance(column.type, Enum)]


def test_every_constraint_and_index_has_a_name() -> None:
    for table in metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints)
        assert all(index.name for index in table.indexes)


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_the_index_of_unpublished_events_holds_nothing_else(name: str) -> None:
    (index,) = (each for each in outbox.indexes if each.name == "ix_outbox_unpublished")
    assert str(CreateIndex(index).compile(dialect=dialect_named(name))).endswith(
        "ON outbox (microgrid_id, event_seq) WHERE published_at IS NULL"
    )


def test_postgresql_stores_json_as_it_was_written_and_instants_with_a_zone() -> None:
    created = str(CreateTable(outbox).compile(dialect=dialect_named("postgresql")))
    assert "headers JSON NOT NULL" in created
    assert "published_at TIMESTAMP WITH TIME ZONE" in created
