"""A site configuration as rows of the site tables, and back."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.among import among
from adapters.database.tables import charge_points, circuits, connectors, grid_connections, microgrids
from adapters.database.upsert import insert
from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, SiteConfiguration, Strategy

_SETTINGS = TypeAdapter(Settings)


async def write(connection: AsyncConnection, configurations: Collection[SiteConfiguration]) -> None:
    """Replace all rows of these microgrids' sites: a few statements a table, however many there are."""
    if not configurations:
        return
    statement = insert(connection, microgrids).values([_microgrid(each) for each in configurations])
    changed = {name: column for name, column in statement.excluded.items() if name != "microgrid_id"}
    await connection.execute(statement.on_conflict_do_update(index_elements=["microgrid_id"], set_=changed))

    ids = [configuration.microgrid_id for configuration in configurations]
    below: dict[Table, list[dict[str, Any]]] = {grid_connections: [], circuits: [], charge_points: [], connectors: []}
    for configuration in configurations:
        for table, rows in _rows_below(configuration).items():
            below[table] += [{"microgrid_id": configuration.microgrid_id, **row} for row in rows]
    for table in reversed(below):
        await connection.execute(table.delete().where(among(connection, table.c.microgrid_id, ids)))
    for table, rows in below.items():
        if rows:
            await connection.execute(table.insert(), rows)


def _microgrid(configuration: SiteConfiguration) -> dict[str, Any]:
    return {
        "microgrid_id": configuration.microgrid_id,
        "workspace_id": configuration.workspace_id,
        "name": configuration.name,
        "version": configuration.version,
        "max_import_w": configuration.max_import_w,
        "strategy_unit": configuration.strategy.unit,
        "strategy_order": configuration.strategy.order,
        "settings": asdict(configuration.settings),
        "time_zone": configuration.time_zone,
    }


def _rows_below(configuration: SiteConfiguration) -> dict[Table, list[dict[str, Any]]]:
    """Rows by table, tables that others refer to first."""
    below: dict[Table, list[dict[str, Any]]] = {grid_connections: [], circuits: [], charge_points: [], connectors: []}
    for position, circuit in enumerate(configuration.circuits):
        row = {"position": position, **asdict(circuit)}
        if circuit.parent_id is None:
            del row["parent_id"]
            below[grid_connections].append(row)
        else:
            below[circuits].append(row)
    for position, charge_point in enumerate(configuration.charge_points):
        row = {"position": position, **asdict(charge_point)}
        below[connectors] += [
            {"position": place, "charge_point_id": charge_point.charge_point_id, **connector}
            for place, connector in enumerate(row.pop("connectors"))
        ]
        below[charge_points].append(row)
    return below


async def read_all(connection: AsyncConnection, microgrid_ids: Collection[str]) -> Sequence[SiteConfiguration]:
    """The configurations these microgrids' rows were written from, in no order; a query a table for all of them."""
    if not microgrid_ids:
        return []
    statement = select(microgrids).where(among(connection, microgrids.c.microgrid_id, microgrid_ids))
    found = (await connection.execute(statement)).mappings().all()
    placed: dict[str, dict[int, Circuit]] = defaultdict(dict)
    for table in (grid_connections, circuits):
        for row in await _rows(connection, table, microgrid_ids):
            placed[row["microgrid_id"]][row["position"]] = Circuit(**{"parent_id": None, **_fields(row)})
    connectors_of: dict[tuple[str, str], list[Connector]] = defaultdict(list)
    for row in await _rows(connection, connectors, microgrid_ids):
        fields = _fields(row)
        connectors_of[row["microgrid_id"], fields.pop("charge_point_id")].append(Connector(**fields))
    charge_points_of: dict[str, list[ChargePoint]] = defaultdict(list)
    for row in await _rows(connection, charge_points, microgrid_ids):
        own = connectors_of[row["microgrid_id"], row["charge_point_id"]]
        charge_points_of[row["microgrid_id"]].append(ChargePoint(**_fields(row), connectors=tuple(own)))
    return [
        SiteConfiguration(
            row["microgrid_id"],
            row["name"],
            row["version"],
            row["workspace_id"],
            row["max_import_w"],
            Strategy(row["strategy_unit"], row["strategy_order"]),
            _SETTINGS.validate_python(row["settings"]),
            tuple(circuit for _, circuit in sorted(placed[row["microgrid_id"]].items())),
            tuple(charge_points_of[row["microgrid_id"]]),
            row["time_zone"],
        )
        for row in found
    ]


async def _rows(connection: AsyncConnection, table: Table, microgrid_ids: Collection[str]) -> Sequence[RowMapping]:
    column = table.c.microgrid_id
    statement = select(table).where(among(connection, column, microgrid_ids)).order_by(column, table.c.position)
    return (await connection.execute(statement)).mappings().all()


def _fields(row: RowMapping) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("microgrid_id", "position")}
