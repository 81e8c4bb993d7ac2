"""How much the history by the minute takes, and how long forgetting the oldest of it takes, beside what is kept.

`make bench-history`, or `python -m benchmarks.history [--depots N] [--days N] [--save]`.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select, true
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database import migrations
from adapters.database.column_types import UtcDateTime
from adapters.database.engine import create_engine
from adapters.database.packing import Packed
from adapters.database.past import SqlPastChanges, hour_columns
from adapters.database.tables import node_hours
from application.queries.rows import HourRow, NodeBucket
from benchmarks.machine import machine
from domain.sharing.plan import Quality

RESULTS: Final = Path(__file__).parent / "results"
NODES: Final = 12
"""Of a depot, its connectors among them."""
KINDS: Final = 200
"""So many different hours are made up; every row has one of them."""
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
FORGOTTEN_H: Final = 48
"""So many hours are forgotten, hour by hour, as a projector does where time goes on."""


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
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/history.json and .txt")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="busbar-") as folder:
        results = asyncio.run(_measured(Path(folder) / "history.sqlite3", arguments.depots, arguments.days))
    results |= {"machine": machine(), "measured_at": datetime.now(UTC).isoformat(timespec="seconds")}
    text = "\n".join(_text(results))
    print(text)
    if arguments.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "history.txt").write_text(text + "\n")
        (RESULTS / "history.json").write_text(json.dumps(results, indent=1) + "\n")


async def _measured(file: Path, depots: int, days: int) -> dict[str, Any]:
    url = f"sqlite+aiosqlite:///{file}"
    await migrations.upgrade(url)
    engine = create_engine(url)
    empty = _size(file)
    hours = 24 * days
    await _fill(engine, depots, hours)
    pauses: list[float] = []
    computed_s = time.process_time()
    for hour in range(1, FORGOTTEN_H + 1):
        pauses += await _forget(engine, BEGIN + timedelta(hours=hour))
    computed_s = time.process_time() - computed_s
    await engine.dispose()
    rows = depots * NODES * hours
    in_all = _size(file) - empty
    return {
        "depots": depots,
        "nodes_a_depot": NODES,
        "days": days,
        "rows": rows,
        "bytes": in_all,
        "bytes_a_node_and_minute": round(in_all / rows / 60, 1),
        "gb_a_depot_and_year": round(in_all / rows * NODES * 24 * 365 / 1e9, 3),
        "forgotten_rows": depots * NODES * FORGOTTEN_H,
        "pause_ms": {
            "p50": _ms(statistics.median(pauses)),
            "max": _ms(max(pauses)),
            "cpu": _ms(computed_s / len(pauses)),
        },
    }


def _size(file: Path) -> int:
    """Bytes of a database with all that lies beside it."""
    return sum(each.stat().st_size for each in file.parent.iterdir())


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


async def _forget(engine: AsyncEngine, before: datetime) -> Sequence[float]:
    """How long each transaction took until nothing is left that is older, in seconds."""
    pauses: list[float] = []
    while True:
        begun = time.perf_counter()
        async with engine.begin() as connection:
            pruned = await SqlPastChanges(connection).prune_hours(before)
        pauses.append(time.perf_counter() - begun)
        if not pruned:
            return pauses[:-1]


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


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


def _text(results: dict[str, Any]) -> Iterator[str]:
    pause = results["pause_ms"]
    where = results["machine"]
    yield f"{where['processor']}, {where['cores']} cores, {where['python']}, {where['system']}"
    yield results["measured_at"]
    yield f"{results['depots']} depots of {NODES} nodes, {results['days']} days by the minute, SQLite"
    yield f"{results['rows']:,} rows, {results['bytes'] / 1e9:.2f} GB in all"
    each = results["bytes_a_node_and_minute"]
    yield f"{each} bytes a node and minute, {results['gb_a_depot_and_year']} GB a depot and year"
    yield f"{results['forgotten_rows']:,} rows forgotten hour by hour, a transaction"
    yield f"{pause['p50']} ms (p50), {pause['max']} ms at most, {pause['cpu']} ms of a processor"


if __name__ == "__main__":
    main()
