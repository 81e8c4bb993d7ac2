"""What each process does with the tables, and whether its role in PostgreSQL lets it."""

from collections.abc import Collection, Mapping
from typing import Final, TypeAlias

from sqlalchemy import Connection, Text, column, func, select, values

from adapters.database import schema, tables
from adapters.database.engine import UnusableDatabase

Rights: TypeAlias = Mapping[str, Collection[str]]
"""Privileges by table."""

_READ: Final = ("SELECT",)
_KEEP: Final = ("SELECT", "INSERT", "UPDATE")
_ALL: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")

_SCHEMA: Final[Rights] = dict.fromkeys([schema.PREPARED.name, schema.FINISHED.name], _READ)
_SITE: Final = (
    tables.microgrids,
    tables.grid_connections,
    tables.circuits,
    tables.charge_points,
    tables.connectors,
)
_READ_MODEL: Final = (
    tables.projection_positions,
    tables.microgrid_status,
    tables.cycles,
    tables.breaches,
    tables.node_history,
    tables.node_hours,
    tables.log,
)

WORKER: Final[Rights] = {
    **_SCHEMA,
    **dict.fromkeys([each.name for each in _SITE], _ALL),
    tables.partition_epochs.name: _KEEP,
    tables.streams.name: _READ,
    tables.microgrid_state.name: _KEEP,
    tables.outbox.name: _ALL,
}
PROJECTOR: Final[Rights] = {
    **_SCHEMA,
    tables.streams.name: _READ,
    **dict.fromkeys([each.name for each in (*_READ_MODEL, tables.notices)], _ALL),
}
API: Final[Rights] = {
    **_SCHEMA,
    tables.outbox.name: _READ,
    **dict.fromkeys([each.name for each in _READ_MODEL], _READ),
}


async def require(url: str, rights: Rights) -> None:
    """Raises UnusableDatabase where the role has not all of these rights. An SQLite file knows no roles."""
    denied = await schema.run(url, lambda connection: _denied(connection, rights))
    if denied:
        raise UnusableDatabase(f"its role may not {', '.join(denied)}")


def _denied(connection: Connection, rights: Rights) -> list[str]:
    if connection.dialect.name != "postgresql":
        return []
    pairs = [(table, privilege) for table, privileges in rights.items() for privilege in privileges]
    wanted = values(column("relation", Text), column("privilege", Text), name="wanted").data(pairs)
    allowed = func.has_table_privilege(wanted.c.relation, wanted.c.privilege)
    return [f"{row.privilege} {row.relation}" for row in connection.execute(select(wanted).where(~allowed))]
