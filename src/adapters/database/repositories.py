"""Microgrids in SQL: one state row each, and site rows that are read and written on configuration only."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import site_rows, stored_state
from adapters.database.among import among
from adapters.database.many import arrays, rows_of
from adapters.database.tables import microgrid_state, microgrids
from adapters.database.upsert import insert
from application.ports.ownership import Epoch
from application.ports.persistence import ConcurrentChange
from domain.microgrid import Microgrid
from domain.site.site import Site

AT_ONCE = 100
"""Microgrids of one query: what is made of their rows keeps neither the transaction nor the event loop for long."""

_STORED = select(microgrid_state, microgrids.c.version.label("configuration_version")).outerjoin(
    microgrids, microgrids.c.microgrid_id == microgrid_state.c.microgrid_id
)

# Made once, as every turn runs them: putting a statement together costs more than sending it.
_GIVEN = rows_of(*microgrid_state.c)
_CHANGED_TOGETHER = (
    microgrid_state.update()
    .where(
        microgrid_state.c.microgrid_id == _GIVEN.c.microgrid_id,
        microgrid_state.c.version == _GIVEN.c.version - 1,
    )
    .values({name: _GIVEN.c[name] for name in _GIVEN.c.keys() if name != "microgrid_id"})  # noqa: SIM118
)
_CHANGED = microgrid_state.update().where(
    microgrid_state.c.microgrid_id == bindparam("of_microgrid"),
    microgrid_state.c.version == bindparam("of_version"),
)


class SqlMicrogridRepository:
    """The microgrids as one transaction sees them. `epochs`: under which they are saved, all or each.

    Those saved `for_the_former` release are such that it reads them too.
    """

    def __init__(
        self, connection: AsyncConnection, epochs: Epoch | Mapping[str, Epoch], *, for_the_former: bool = False
    ) -> None:
        self._connection = connection
        self._epochs = epochs
        self._for_the_former = for_the_former

    async def newest_events(self) -> Mapping[str, int]:
        """Every microgrid that is stored, with the `event_seq` it has come to."""
        rows = await self._connection.execute(select(microgrid_state.c.microgrid_id, microgrid_state.c.event_seq))
        return {row.microgrid_id: row.event_seq for row in rows}

    async def get(self, microgrid_id: str) -> Microgrid | None:
        return next(iter(await self.get_all([microgrid_id])), None)

    async def get_all(self, microgrid_ids: Collection[str]) -> Sequence[Microgrid]:
        ids = sorted(microgrid_ids)
        found: list[Microgrid] = []
        for start in range(0, len(ids), AT_ONCE):
            found += await self._get_some(ids[start : start + AT_ONCE])
        return found

    async def _get_some(self, microgrid_ids: Sequence[str]) -> Sequence[Microgrid]:
        column = microgrid_state.c.microgrid_id
        # Who writes site rows holds the state row: locked, and in one order for all, what is read is of one version.
        statement = _STORED.where(among(self._connection, column, microgrid_ids)).order_by(column)
        rows = (await self._connection.execute(statement.with_for_update(of=microgrid_state))).all()
        configured = [row.microgrid_id for row in rows if row.configuration_version is not None]
        sites = {
            configuration.microgrid_id: Site.of(configuration)
            for configuration in await site_rows.read_all(self._connection, configured)
        }
        return [_microgrid(row, sites.get(row.microgrid_id)) for row in rows]

    async def save(self, *microgrids: Microgrid) -> None:
        """Raises ConcurrentChange where a stored version is not the one that was read."""
        await self.save_states(*microgrids)
        sites = [microgrid.site for microgrid in microgrids if microgrid.site is not None]
        await site_rows.write(self._connection, [site.configuration for site in sites])

    async def save_states(self, *microgrids: Microgrid) -> None:
        """The same without the sites, by two statements however many there are."""
        new = [self._row(microgrid) for microgrid in microgrids if microgrid.version == 0]
        changed = [self._row(microgrid) for microgrid in microgrids if microgrid.version > 0]
        saved = 0
        if new:
            inserted = insert(self._connection, microgrid_state).values(new).on_conflict_do_nothing()
            saved += (await self._connection.execute(inserted)).rowcount
        if changed:
            saved += await self._change(changed)
        if saved != len(microgrids):
            raise ConcurrentChange(", ".join(microgrid.microgrid_id for microgrid in microgrids))

    async def _change(self, rows: Sequence[dict[str, Any]]) -> int:
        if self._connection.dialect.name == "postgresql":
            return (await self._connection.execute(_CHANGED_TOGETHER, arrays(rows))).rowcount
        each = [{"of_microgrid": row["microgrid_id"], "of_version": row["version"] - 1, **row} for row in rows]
        return (await self._connection.execute(_CHANGED, each)).rowcount

    def _row(self, microgrid: Microgrid) -> dict[str, Any]:
        epoch = self._epochs if isinstance(self._epochs, Epoch) else self._epochs[microgrid.microgrid_id]
        schema_number, data = stored_state.written(microgrid.state, for_the_former=self._for_the_former)
        return {
            "microgrid_id": microgrid.microgrid_id,
            "version": microgrid.version + 1,
            "epoch": epoch.number,
            "cycle_seq": microgrid.state.cycle_seq,
            "event_seq": microgrid.state.event_seq,
            "schema_number": schema_number,
            "data": data,
        }


def _microgrid(row: Row[Any], site: Site | None) -> Microgrid:
    state = stored_state.load(
        row.schema_number,
        row.data,
        event_seq=row.event_seq,
        cycle_seq=row.cycle_seq,
        settings=stored_state.DEFAULTS if site is None else site.configuration.settings,
    )
    return Microgrid(row.microgrid_id, site, state, row.version)
