"""A site configuration as rows of the site tables, and back."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.tables import charge_points, circuits, connectors, grid_connections, microgrids
from adapters.database.upsert import insert
from domain.site import ChargePoint, Circuit, Connector, Settings, SiteConfiguration, Strategy

_SETTINGS = TypeAdapter(Settings)


async def write(connection: AsyncConnection, configuration: SiteConfiguration) -> None:
    """Replace all rows of this microgrid's site."""
    microgrid_id = configuration.microgrid_id
    microgrid = {
        "workspace_id": configuration.workspace_id,
        "name": configuration.name,
        "version": configuration.version,
        "max_import_w": configuration.max_import_w,
        "strategy_unit": configuration.strategy.unit,
        "strategy_order": configuration.strategy.order,
        "settings": asdict(configuration.settings),
    }
    statement = insert(connection, microgrids).values(microgrid_id=microgrid_id, **microgrid)
    await connection.execute(statement.on_conflict_do_update(index_elements=["microgrid_id"], set_=microgrid))

    below = _rows_below(configuration)
    for table in reversed(below):
        await connection.execute(table.delete().where(table.c.microgrid_id == microgrid_id))
    for table, rows in below.items():
        if rows:
            await connection.execute(table.insert(), [{"microgrid_id": microgrid_id, **row} for row in rows])


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


async def read(connection: AsyncConnection, microgrid_id: str) -> SiteConfiguration:
    """The configuration these rows were written from."""
    statement = select(microgrids).where(microgrids.c.microgrid_id == microgrid_id)
    microgrid = (await connection.execute(statement)).mappings().one()
    placed = {
        row["position"]: Circuit(**{"parent_id": None, **_fields(row)})
        for table in (grid_connections, circuits)
        for row in await _rows(connection, table, microgrid_id)
    }
    connectors_of: dict[str, list[Connector]] = defaultdict(list)
    for row in await _rows(connection, connectors, microgrid_id):
        fields = _fields(row)
        connectors_of[fields.pop("charge_point_id")].append(Connector(**fields))
    return SiteConfiguration(
        microgrid_id,
        microgrid["name"],
        microgrid["version"],
        microgrid["workspace_id"],
        microgrid["max_import_w"],
        Strategy(microgrid["strategy_unit"], microgrid["strategy_order"]),
        _SETTINGS.validate_python(microgrid["settings"]),
        tuple(placed[position] for position in sorted(placed)),
        tuple(
            ChargePoint(**_fields(row), connectors=tuple(connectors_of[row["charge_point_id"]]))
            for row in await _rows(connection, charge_points, microgrid_id)
        ),
    )


async def _rows(connection: AsyncConnection, table: Table, microgrid_id: str) -> Sequence[RowMapping]:
    statement = select(table).where(table.c.microgrid_id == microgrid_id).order_by(table.c.position)
    return (await connection.execute(statement)).mappings().all()


def _fields(row: RowMapping) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("microgrid_id", "position")}
