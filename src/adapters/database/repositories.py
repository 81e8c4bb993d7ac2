"""Microgrids in SQL: one state row each, and site rows that are read and written on configuration only."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database import site_rows, state_json
from adapters.database.among import among
from adapters.database.tables import microgrid_state, microgrids
from adapters.database.upsert import insert
from application.ports import ConcurrentChange, Epoch
from domain.microgrid import Microgrid
from domain.site.configuration import SiteConfiguration
from domain.site.site import Site

AT_ONCE = 100
"""Microgrids of one query: what is made of their rows keeps neither the transaction nor the event loop for long."""

_STORED = select(microgrid_state, microgrids.c.version.label("configuration_version")).outerjoin(
    microgrids, microgrids.c.microgrid_id == microgrid_state.c.microgrid_id
)

# Made once, as every cycle runs them: putting a statement together costs more than sending it.
_STORED_ONE = _STORED.where(microgrid_state.c.microgrid_id == bindparam("of_microgrid"))
_CHANGED = microgrid_state.update().where(
    microgrid_state.c.microgrid_id == bindparam("of_microgrid"),
    microgrid_state.c.version == bindparam("of_version"),
)


@dataclass(frozen=True, slots=True)
class SiteCache:
    """The sites read last, by microgrid: a configuration version is read and its tree derived once."""

    size: int = 1000
    _sites: OrderedDict[str, Site] = field(default_factory=OrderedDict)

    def find(self, microgrid_id: str, version: int) -> Site | None:
        """The site in this configuration version, if it is kept."""
        site = self._sites.get(microgrid_id)
        if site is None or site.configuration.version != version:
            return None
        self._sites.move_to_end(microgrid_id)
        return site

    def keep(self, site: Site) -> None:
        """Only what is committed: a version that is rolled back may come again with other content."""
        self._sites[site.configuration.microgrid_id] = site
        self._sites.move_to_end(site.configuration.microgrid_id)
        if len(self._sites) > self.size:
            self._sites.popitem(last=False)


class SqlMicrogridRepository:
    """The microgrids as one transaction sees them."""

    def __init__(self, connection: AsyncConnection, epoch: Epoch, sites: SiteCache) -> None:
        self._connection = connection
        self._epoch = epoch
        self._sites = sites
        self._configured: set[str] = set()

    async def ids(self) -> Sequence[str]:
        """Every microgrid that is stored."""
        return (await self._connection.execute(select(microgrid_state.c.microgrid_id))).scalars().all()

    async def get(self, microgrid_id: str) -> Microgrid | None:
        row = (await self._connection.execute(_STORED_ONE, {"of_microgrid": microgrid_id})).one_or_none()
        return None if row is None else _microgrid(row, await self._site(microgrid_id, row.configuration_version))

    async def get_all(self, microgrid_ids: Collection[str]) -> Sequence[Microgrid]:
        ids = sorted(microgrid_ids)
        found: list[Microgrid] = []
        for start in range(0, len(ids), AT_ONCE):
            found += await self._get_some(ids[start : start + AT_ONCE])
        return found

    async def _get_some(self, microgrid_ids: Sequence[str]) -> Sequence[Microgrid]:
        column = microgrid_state.c.microgrid_id
        # Locked, as in `_site`, and in one order for all: the sites are read next.
        statement = _STORED.where(among(self._connection, column, microgrid_ids)).order_by(column)
        rows = (await self._connection.execute(statement.with_for_update(of=microgrid_state))).all()
        sites = {
            row.microgrid_id: self._sites.find(row.microgrid_id, row.configuration_version)
            for row in rows
            if row.configuration_version is not None
        }
        unknown = [microgrid_id for microgrid_id, site in sites.items() if site is None]
        for configuration in await site_rows.read_all(self._connection, unknown):
            sites[configuration.microgrid_id] = self._kept(Site.of(configuration))
        return [_microgrid(row, sites.get(row.microgrid_id)) for row in rows]

    async def unprovisioned(self) -> int:
        statement = select(func.count()).select_from(_STORED.where(microgrids.c.microgrid_id.is_(None)).subquery())
        return (await self._connection.execute(statement)).scalar_one()

    async def save(self, microgrid: Microgrid) -> None:
        """Raises ConcurrentChange where the stored version is not the one that was read."""
        await self._save_state(microgrid)
        if microgrid.site is not None:
            await self._save_site(microgrid.site.configuration)

    async def _site(self, microgrid_id: str, version: int | None) -> Site | None:
        if version is None:
            return None
        if site := self._sites.find(microgrid_id, version):
            return site
        # Whoever writes site rows holds the state row: locking it, all rows below are of one version.
        locked = select(microgrid_state.c.version).where(microgrid_state.c.microgrid_id == microgrid_id)
        await self._connection.execute(locked.with_for_update())
        (configuration,) = await site_rows.read_all(self._connection, [microgrid_id])
        return self._kept(Site.of(configuration))

    def _kept(self, site: Site) -> Site:
        if site.configuration.microgrid_id not in self._configured:
            self._sites.keep(site)
        return site

    async def _save_site(self, configuration: SiteConfiguration) -> None:
        if self._sites.find(configuration.microgrid_id, configuration.version) is None:
            await site_rows.write(self._connection, configuration)
            self._configured.add(configuration.microgrid_id)

    async def _save_state(self, microgrid: Microgrid) -> None:
        values = {
            "version": microgrid.version + 1,
            "epoch": self._epoch.number,
            "cycle_seq": microgrid.state.cycle_seq,
            "event_seq": microgrid.state.event_seq,
            "schema_number": state_json.SCHEMA_NUMBER,
            "data": state_json.dump(microgrid.state),
        }
        if microgrid.version == 0:
            new = insert(self._connection, microgrid_state).values(microgrid_id=microgrid.microgrid_id, **values)
            result = await self._connection.execute(new.on_conflict_do_nothing())
        else:
            read = {"of_microgrid": microgrid.microgrid_id, "of_version": microgrid.version}
            result = await self._connection.execute(_CHANGED, {**read, **values})
        if result.rowcount != 1:
            raise ConcurrentChange(microgrid.microgrid_id)


def _microgrid(row: Row[Any], site: Site | None) -> Microgrid:
    state = state_json.load(
        row.schema_number,
        row.data,
        event_seq=row.event_seq,
        cycle_seq=row.cycle_seq,
        settings=state_json.DEFAULTS if site is None else site.configuration.settings,
    )
    return Microgrid(row.microgrid_id, site, state, row.version)
