"""Epochs of ownership in SQL: issued to whoever claims a partition, checked in every unit of work."""

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.database.streams import CURRENT
from adapters.database.tables import partition_epochs
from adapters.database.upsert import insert
from application.ports import Epoch, Fenced

# Made once, as every cycle asks: putting a statement together costs more than sending it.
_HELD = (
    select(CURRENT.scalar_subquery())
    .select_from(partition_epochs)
    .where(
        partition_epochs.c.partition == bindparam("partition"),
        partition_epochs.c.epoch == bindparam("number"),
    )
    .with_for_update(read=True, of=partition_epochs)
)


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


async def hold(connection: AsyncConnection, epoch: Epoch) -> str:
    """Keep this epoch from ending before the transaction does. Raises Fenced where it has ended.

    Returns the stream that the transaction's events belong to. The shared lock is what makes the check good until the
    commit; on SQLite a writer is alone anyway.
    """
    held = await connection.execute(_HELD, {"partition": epoch.partition, "number": epoch.number})
    stream: str | None = held.scalar_one_or_none()
    if stream is None:
        raise Fenced(f"epoch {epoch.number} of partition {epoch.partition} has ended")
    return stream
