"""Epochs of ownership in SQL: issued to whoever claims a partition, checked in every unit of work."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.database.among import among
from adapters.database.engine import answering
from adapters.database.schema import FINISHED
from adapters.database.streams import CURRENT
from adapters.database.tables import partition_epochs
from adapters.database.upsert import insert
from application.ports.ownership import Epoch, Fenced

_STREAM = CURRENT.scalar_subquery().label("stream_id")
_FINISHED = select(FINISHED.c.version_num).scalar_subquery().label("finished")


@dataclass(frozen=True, slots=True)
class Held:
    """What holds for a transaction: the stream of its events, and the revision that every release knows here."""

    stream: str
    finished: str


class SqlOwnership:
    """Issues epochs. On PostgreSQL a claim waits for the units of work that hold the epoch before."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def claim(self, partitions: Collection[int]) -> Sequence[Epoch]:
        if not partitions:
            return []
        # Ascending, for all claims alike: two of them that overlap wait for each other in one direction only.
        first = [{"partition": partition, "epoch": 1} for partition in sorted(partitions)]
        with answering():
            return await self._claim(first)

    async def _claim(self, first: Sequence[Mapping[str, int]]) -> Sequence[Epoch]:
        async with self._engine.begin() as connection:
            claimed = insert(connection, partition_epochs).values([*first])
            rows = await connection.execute(
                claimed.on_conflict_do_update(
                    index_elements=["partition"], set_={"epoch": partition_epochs.c.epoch + 1}
                ).returning(partition_epochs)
            )
            return sorted((Epoch(row.partition, row.epoch) for row in rows), key=lambda epoch: epoch.partition)


async def hold(connection: AsyncConnection, epochs: Collection[Epoch]) -> Held:
    """Keep these epochs from ending before the transaction does. Raises Fenced where one has ended.

    The shared locks are what makes the check good until the commit; on SQLite a writer is alone anyway.
    """
    partition = partition_epochs.c.partition
    # Ascending, as claims are: who waits for each other waits in one direction only.
    held = select(partition_epochs, _STREAM, _FINISHED).where(
        among(connection, partition, {epoch.partition for epoch in epochs})
    )
    locked = held.order_by(partition).with_for_update(read=True, of=partition_epochs)
    rows = (await connection.execute(locked)).all()
    current = {Epoch(row.partition, row.epoch) for row in rows}
    for epoch in epochs:
        if epoch not in current:
            raise Fenced(f"epoch {epoch.number} of partition {epoch.partition} has ended")
    return Held(rows[0].stream_id, rows[0].finished)
