"""How much the history by the minute takes, and which pause forgetting the oldest of it makes for those beside it.

`make bench-history`, or `python -m benchmarks.history [--depots N] [--days N] [--database NAME] [--save]`.
"""

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

from sqlalchemy import Column, Integer, MetaData, Table, Text, func, insert, select, true
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database import migrations
from adapters.database.column_types import UtcDateTime
from adapters.database.engine import create_engine
from adapters.database.packing import Packed
from adapters.database.past import hour_columns
from adapters.database.read_model import SqlReadModel, SqlReadModelTransactions
from adapters.database.tables import node_hours
from application.projections.gathered import forget
from application.projections.keeping import Keeping
from application.queries.rows import HistoryRow, HourRow, NodeBucket
from benchmarks.machine import machine
from domain.sharing.plan import Quality
from tests.services import postgresql

RESULTS: Final = Path(__file__).parent / "results"
NODES: Final = 12
"""Of a depot, its connectors among them."""
KINDS: Final = 200
"""So many different hours are made up; every row has one of them."""
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
FORGOTTEN_H: Final = 48
"""So many hours are forgotten, half an hour at a time, as a projector does where time goes on."""
FORGETS_EVERY_S: Final = 0.25
"""A projector of 100 depots does so every few seconds."""
BESIDE_EVERY_S: Final = 0.02
"""How often something is written and read meanwhile."""

Databases: TypeAlias = Mapping[str, Callable[[], AbstractContextManager[str]]]


_PARTS: Final = MetaData()
_KINDS: Final = Table("kinds", _PARTS, Column("number", Integer, primary_key=True), Column("minutes", Packed))
_HOURS: Final = Table("hours", _PARTS, Column("number", Integer, primary_key=True), Column("hour", UtcDateTime))
_PLACES: Final = Table(
    "places",
    _PARTS,
    Column("number", Integer, primary_key=True),
    Column("microgrid_id", Text),
    Column("node_id", Text),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depots", type=int, default=100)
    parser.add_argument("--days", type=int, default=90, help="how much is kept")
    parser.add_argument("--database", choices=DATABASES, help="this one alone")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/history.json and .txt")
    arguments = parser.parse_args()
    measured = {}
    for name in [arguments.database] if arguments.database else DATABASES:
        with DATABASES[name]() as url:
            measured[name] = asyncio.run(_measured(url, arguments.depots, arguments.days))
    results = {
        "machine": machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "depots": arguments.depots,
        "nodes_a_depot": NODES,
        "days": arguments.days,
        "databases": measured,
    }
    text = "\n".join(_text(results))
    print(text)
    if arguments.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "history.txt").write_text(text + "\n")
        (RESULTS / "history.json").write_text(json.dumps(results, indent=1) + "\n")


@contextmanager
def _sqlite() -> Iterator[str]:
    with TemporaryDirectory(prefix="busbar-") as folder:
        yield f"sqlite+aiosqlite:///{folder}/history.sqlite3"


@contextmanager
def _postgresql() -> Iterator[str]:
    """As it comes: what is committed is on its disk."""
    with postgresql.a_process() as server:
        yield server.url.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


DATABASES: Final[Databases] = {"sqlite": _sqlite, "postgresql": _postgresql}


async def _measured(url: str, depots: int, days: int) -> dict[str, Any]:
    await migrations.upgrade(url)
    engine = create_engine(url)
    empty = await _size(engine)
    hours = 24 * days
    await _fill(engine, depots, hours)
    rows = depots * NODES * hours
    in_all = await _size(engine) - empty
    alone = Beside(engine, depots)
    async with alone.going_on():
        await asyncio.sleep(2 * FORGOTTEN_H * FORGETS_EVERY_S)
    beside, pauses = Beside(engine, depots), list[float]()
    async with beside.going_on():
        for half in range(1, 2 * FORGOTTEN_H + 1):
            pauses.append(await _forget(engine, BEGIN + timedelta(days=days, minutes=30 * half), days))
            await asyncio.sleep(FORGETS_EVERY_S)
    forgotten = rows - await _rows(engine)
    await engine.dispose()
    return {
        "rows": rows,
        "bytes": in_all,
        "bytes_a_node_and_minute": round(in_all / rows / 60, 1),
        "gb_a_depot_and_year": round(in_all / rows * NODES * 24 * 365 / 1e9, 3),
        "forgotten_rows": forgotten,
        "forgetting_ms": _spread(pauses),
        "writing_ms": {"alone": _spread(alone.writing_s), "beside": _spread(beside.writing_s)},
        "reading_ms": {"alone": _spread(alone.reading_s), "beside": _spread(beside.reading_s)},
    }


class Beside:
    """What others do meanwhile: a projector writes a bucket of one depot, a reader asks for a day of one node."""

    def __init__(self, engine: AsyncEngine, depots: int) -> None:
        self._changes = SqlReadModelTransactions(engine)
        self._read_model = SqlReadModel(engine)
        self._depots = depots
        self.writing_s: list[float] = []
        self.reading_s: list[float] = []

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """As long as inside."""
        both = [
            asyncio.create_task(self._again(self._write, self.writing_s)),
            asyncio.create_task(self._again(self._read, self.reading_s)),
        ]
        try:
            yield
        finally:
            for each in both:
                each.cancel()
            for ended in await asyncio.gather(*both, return_exceptions=True):
                if isinstance(ended, Exception):
                    raise ended

    async def _again(self, act: Callable[[int], Awaitable[None]], taken_s: list[float]) -> None:
        for number in count():
            begun = time.perf_counter()
            await act(number)
            taken_s.append(time.perf_counter() - begun)
            await asyncio.sleep(BESIDE_EVERY_S)

    async def _write(self, number: int) -> None:
        nodes: dict[str, list[int | None]] = {f"n-{node}": [number, number, 9, 9, 0, 0, 0] for node in range(NODES)}
        row = HistoryRow(f"depot-{number % self._depots}", BEGIN + timedelta(days=3650, seconds=10 * number), nodes)
        async with self._changes.begin() as changes:
            await changes.past.put_history([row])
            await changes.commit()

    async def _read(self, number: int) -> None:
        await self._read_model.node_hours(f"depot-{number % self._depots}", "n-1", BEGIN + timedelta(days=60), 24)


async def _size(engine: AsyncEngine) -> int:
    """Bytes of a database with all that lies beside it."""
    if engine.dialect.name == "sqlite":
        file = Path(engine.url.database or "")
        return sum(each.stat().st_size for each in file.parent.iterdir())
    async with engine.connect() as connection:
        found: int = (await connection.execute(select(func.pg_database_size(func.current_database())))).scalar_one()
        return found


async def _rows(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        found: int = (await connection.execute(select(func.count()).select_from(node_hours))).scalar_one()
        return found


async def _fill(engine: AsyncEngine, depots: int, hours: int) -> None:
    """Rows as a projector writes them, put together by the database: one row at a time takes an hour."""
    kinds = [{"number": kind, "minutes": _an_hour(Random(kind))} for kind in range(KINDS)]
    places = [
        {"number": NODES * depot + node, "microgrid_id": f"depot-{depot}", "node_id": f"n-{node}"}
        for depot in range(depots)
        for node in range(NODES)
    ]
    every = [{"number": hour, "hour": BEGIN + timedelta(hours=hour)} for hour in range(hours)]
    kind = (7 * _HOURS.c.number + 13 * _PLACES.c.number) % KINDS
    rows = select(_PLACES.c.microgrid_id, _PLACES.c.node_id, _HOURS.c.hour, _KINDS.c.minutes)
    rows = rows.select_from(_HOURS).join(_PLACES, true()).join(_KINDS, _KINDS.c.number == kind)
    async with engine.begin() as connection:
        await connection.run_sync(_PARTS.create_all)
        for table, parts in ((_KINDS, kinds), (_PLACES, places), (_HOURS, every)):
            await connection.execute(insert(table), parts)
    for day in range(0, hours, 24):
        some = rows.where(_HOURS.c.number >= day, _HOURS.c.number < day + 24).order_by(_HOURS.c.number)
        async with engine.begin() as connection:
            await connection.execute(insert(node_hours).from_select(list(node_hours.c.keys()), some))


async def _forget(engine: AsyncEngine, at: datetime, days: int) -> float:
    """Forget what a projector forgets at once at this instant; returns how long its transaction took, in seconds."""
    begun = time.perf_counter()
    async with SqlReadModelTransactions(engine).begin() as changes:
        await forget(changes, at, Keeping(history=timedelta(days=days)))
        await changes.commit()
    return time.perf_counter() - begun


def _an_hour(draw: Random) -> bytes:
    """Of a node that charges: every figure is another every minute."""
    limit_w, load_w = draw.randrange(50_000, 500_000), draw.randrange(20_000, 50_000)
    minutes = []
    for minute in range(60):
        load_w = max(0, min(limit_w, load_w + draw.randrange(-3_000, 3_000)))
        most = min(limit_w, load_w + draw.randrange(4_000))
        at = BEGIN + timedelta(minutes=minute)
        minutes.append(NodeBucket(at, load_w, most, limit_w, min(limit_w, load_w + 2_000), 0, 0, Quality.OK))
    return hour_columns(HourRow("", "", BEGIN, tuple(minutes)))


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50": _ms(ordered[len(ordered) // 2]),
        "p99": _ms(ordered[int(0.99 * len(ordered))]),
        "max": _ms(ordered[-1]),
        "times": len(ordered),
    }


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


def _text(results: dict[str, Any]) -> Iterator[str]:
    where = results["machine"]
    yield f"{where['processor']}, {where['cores']} cores, {where['python']}, {where['system']}"
    yield results["measured_at"]
    yield f"{results['depots']} depots of {NODES} nodes, {results['days']} days by the minute"
    for name, each in results["databases"].items():
        yield ""
        yield f"{name}: {each['rows']:,} rows, {each['bytes'] / 1e9:.2f} GB in all"
        size = f"{each['bytes_a_node_and_minute']} bytes a node and minute"
        yield f"{size}, {each['gb_a_depot_and_year']} GB a depot and year"
        yield f"{each['forgotten_rows']:,} rows forgotten, ms:"
        yield f"{'':42}{'p50':>8}{'p99':>8}{'max':>8}{'times':>8}"
        lines = {
            "a transaction that forgets": each["forgetting_ms"],
            "a projector's writing, nothing forgotten": each["writing_ms"]["alone"],
            "a projector's writing meanwhile": each["writing_ms"]["beside"],
            "a read of a day, nothing forgotten": each["reading_ms"]["alone"],
            "a read of a day meanwhile": each["reading_ms"]["beside"],
        }
        for what, taken in lines.items():
            yield f"{what:42}{taken['p50']:8}{taken['p99']:8}{taken['max']:8}{taken['times']:8}"


if __name__ == "__main__":
    main()
