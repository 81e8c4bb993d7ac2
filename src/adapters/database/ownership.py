"""Epochs of ownership in SQL: issued to whoever claims a partition, checked in every unit of work."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.database.tables import partition_epochs
from adapters.database.upsert import insert
from application.ports import Epoch, Fenced


class SqlOwnership:
    """Issues epochs. On PostgreSQL a claim waits for the units of work that hold the epoch before."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def claim(self, partitions: Collection[int]) -> Sequence[Epoch]:
        if not partitions:
            return []
        # Ascending, for all claims alike: two of them that overlap wait for each other in one direction only.
        first = [{"partition": partition, "epoch": 1} for partition in sorted(partitions)]
        async with self._engine.begin() as connection:
            claimed = insert(connection, partition_epochs).values(first)
            rows = await connection.execute(
                claimed.on_conflict_do_update(
                    index_elements=["partition"], set_={"epoch": partition_epochs.c.epoch + 1}
                ).returning(partition_epochs)
            )
            return sorted((Epoch(row.partition, row.epoch) for row in rows), key=lambda epoch: epoch.partition)


async def hold(connection: AsyncConnection, epoch: Epoch) -> None:
    """Keep this epoch from ending before the transaction does. Raises Fenced where it has ended.

    The shared lock is what makes the check good until the commit; on SQLite a writer is alone anyway.
    """
    current = select(partition_epochs.c.epoch).where(
        partition_epochs.c.partition == epoch.partition, partition_epochs.c.epoch == epoch.number
    )
    if (await connection.execute(current.with_for_update(read=True))).one_or_none() is None:
        raise Fenced(f"epoch {epoch.number} of partition {epoch.partition} has ended")
