"""What a worker owns: its partitions, each under an epoch, and the microgrids that lie in them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from application.figures import Figures
from application.mailbox import Mailbox
from application.parking import NOT_OF_ONE_MICROGRID, Parked
from application.ports.bus import Partition, Position
from application.ports.clock import Clock
from application.ports.observing import Counters, Stage
from application.ports.ownership import Epoch, Fenced, Ownership
from application.ports.persistence import StorageUnavailable, Transactions
from application.relay import Relay

AT_ONCE = 100
"""Microgrids of one transaction: the first are decided while the others are read."""


class OwnedPartitions:
    """The Assignment of a worker: claims what it is assigned, and reads every microgrid there into the mailbox.

    `partition_of` is how the bus spreads keys; None for a microgrid that is nobody's here.
    """

    def __init__(
        self,
        ownership: Ownership,
        transactions: Transactions,
        mailbox: Mailbox,
        relay: Relay,
        partition_of: Callable[[str], int | None],
        clock: Clock,
        counters: Counters,
    ) -> None:
        self._ownership = ownership
        self._transactions = transactions
        self._mailbox = mailbox
        self._relay = relay
        self._partition_of = partition_of
        self._clock = clock
        self._counters = counters
        self._epochs: dict[int, Epoch] = {}
        self._unread: dict[str, Parked] = {}
        self.handed_over = 0
        """How often partitions were given up. What was not acknowledged before comes again, here or elsewhere."""

    def epoch_of(self, microgrid_id: str) -> Epoch:
        """The epoch under which this microgrid is decided. Raises Fenced where its partition is not owned."""
        partition = self._partition_of(microgrid_id)
        if partition is None or partition not in self._epochs:
            raise Fenced(f"partition {partition} of {microgrid_id} is not owned")
        return self._epochs[partition]

    def lies_elsewhere(self, microgrid_id: str, position: Position) -> bool:
        """Whether a microgrid's messages belong into another partition than where this one lay."""
        return self._partition_of(microgrid_id) not in (None, position.partition)

    def is_unread(self, microgrid_id: str) -> bool:
        """Whether it is stored, and cannot be read."""
        return microgrid_id in self._unread

    def figures(self) -> Figures:
        """How what is owned is now; what cannot be read is not decided either. May be asked from another thread."""
        kept = self._mailbox.figures()
        unread = len(self._unread)
        return replace(kept, microgrids=kept.microgrids + unread, undecided=kept.undecided + unread)

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        """Claim them; then no former owner's decision comes in between, and what is stored can be gone on from."""
        claimed = await self._ownership.claim({partition.number for partition in partitions})
        if not claimed:
            return
        # All of them are claimed: nobody else adds to what lies there.
        async with self._transactions.begin(claimed[0]) as transaction:
            newest = await transaction.microgrids.newest_events()
        by_partition: dict[int | None, dict[str, int]] = {}
        for microgrid_id, event_seq in newest.items():
            by_partition.setdefault(self._partition_of(microgrid_id), {})[microgrid_id] = event_seq
        for epoch in claimed:
            await self._take_over(epoch, by_partition.get(epoch.partition, {}))

    async def read(self, microgrid_ids: Collection[str]) -> None:
        """Keep these as they are stored now; one that cannot be read is parked, one that is not stored left out."""
        await self._read([*microgrid_ids])

    async def read_again(self) -> Sequence[str]:
        """Read, where it is time to, what could not be read; returns what could."""
        steady = self._clock.steady()
        tried = [each for each, parked in self._unread.items() if parked.is_over(steady)]
        await self._read(tried)
        return [each for each in tried if each not in self._unread]

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        """Forget them and their microgrids."""
        self.handed_over += 1
        # Else the next owner publishes again what is published. A database that is away now is no reason to stay.
        with suppress(StorageUnavailable):
            await self._relay.mark()
        for number in {partition.number for partition in partitions}:
            self._epochs.pop(number, None)
        self._relay.forget(self._is_lost)
        for microgrid_id in filter(self._is_lost, [*self._mailbox.ids, *self._unread]):
            self._unread.pop(microgrid_id, None)
            self._mailbox.close(microgrid_id)

    def _is_lost(self, microgrid_id: str) -> bool:
        return self._partition_of(microgrid_id) not in self._epochs

    async def _take_over(self, epoch: Epoch, newest: Mapping[str, int]) -> None:
        self._epochs[epoch.partition] = epoch
        self._relay.resume(newest)
        await self._read(sorted(newest))

    async def _read(self, microgrid_ids: Sequence[str]) -> None:
        """So many at once; where that fails one after the other, to find out whose fault it is."""
        for start in range(0, len(microgrid_ids), AT_ONCE):
            some = microgrid_ids[start : start + AT_ONCE]
            try:
                await self._open(some)
            except NOT_OF_ONE_MICROGRID:
                raise
            except Exception as error:
                if len(some) == 1:
                    self._park(some[0], error)
                    continue
                for microgrid_id in some:
                    await self._read([microgrid_id])

    async def _open(self, microgrid_ids: Sequence[str]) -> None:
        async with self._transactions.begin(self.epoch_of(microgrid_ids[0])) as transaction:
            microgrids = await transaction.microgrids.get_all(microgrid_ids)
        for microgrid in microgrids:
            self._mailbox.open(microgrid)
        for microgrid_id in microgrid_ids:
            self._unread.pop(microgrid_id, None)

    def _park(self, microgrid_id: str, error: Exception) -> None:
        self._unread[microgrid_id] = parked = Parked.after(self._unread.get(microgrid_id), self._clock.steady())
        self._counters.parked(Stage.TAKE_OVER, microgrid_id, error, parked.times)
