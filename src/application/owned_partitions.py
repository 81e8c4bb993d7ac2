"""What a worker owns: its partitions, each under an epoch, and the microgrids that lie in them."""

from collections.abc import Callable, Collection

from application.mailbox import Mailbox
from application.parking import NOT_OF_ONE_MICROGRID, Parked
from application.ports import Clock, Counters, Epoch, Fenced, Ownership, Partition, Position, Stage, Transactions


class OwnedPartitions:
    """The Assignment of a worker: claims what it is assigned, and takes mail for every microgrid there.

    `partition_of` is how the bus spreads keys; None for a microgrid that is nobody's here.
    """

    def __init__(
        self,
        ownership: Ownership,
        transactions: Transactions,
        mailbox: Mailbox,
        partition_of: Callable[[str], int | None],
        clock: Clock,
        counters: Counters,
    ) -> None:
        self._ownership = ownership
        self._transactions = transactions
        self._mailbox = mailbox
        self._partition_of = partition_of
        self._clock = clock
        self._counters = counters
        self._epochs: dict[int, Epoch] = {}
        self._microgrids: set[str] = set()
        self._unread: dict[str, Parked] = {}

    @property
    def microgrids(self) -> Collection[str]:
        """The ids of all that lie in the partitions owned now, also those that have no configuration yet."""
        return self._microgrids

    def epoch_of(self, microgrid_id: str) -> Epoch:
        """The epoch under which this microgrid is decided. Raises Fenced where its partition is not owned."""
        partition = self._partition_of(microgrid_id)
        if partition is None or partition not in self._epochs:
            raise Fenced(f"partition {partition} of {microgrid_id} is not owned")
        return self._epochs[partition]

    def lies_elsewhere(self, microgrid_id: str, position: Position) -> bool:
        """Whether a microgrid's messages belong into another partition than where this one lay."""
        return self._partition_of(microgrid_id) not in (None, position.partition)

    def add(self, microgrid_id: str) -> None:
        """A microgrid that was heard of for the first time."""
        self._microgrids.add(microgrid_id)

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        """Claim them; then no former owner's decision comes in between, and what is stored can be gone on from."""
        claimed = await self._ownership.claim({partition.number for partition in partitions})
        if not claimed:
            return
        # All of them are claimed: nobody else adds to what lies there.
        async with self._transactions.begin(claimed[0]) as transaction:
            stored = await transaction.microgrids.ids()
        for epoch in claimed:
            await self._take_over(epoch, [each for each in stored if self._partition_of(each) == epoch.partition])
            self._epochs[epoch.partition] = epoch

    async def take_over_again(self) -> None:
        """Read, where it is time to, what could not be read when it was taken over."""
        now = self._clock.now()
        for microgrid_id in [each for each, parked in self._unread.items() if parked.is_over(now)]:
            await self._take_over(self.epoch_of(microgrid_id), [microgrid_id])

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        """Forget them and their microgrids."""
        for number in {partition.number for partition in partitions}:
            self._epochs.pop(number, None)
        for microgrid_id in [each for each in self._microgrids if self._partition_of(each) not in self._epochs]:
            self._microgrids.remove(microgrid_id)
            self._unread.pop(microgrid_id, None)
            self._mailbox.close(microgrid_id)

    async def _take_over(self, epoch: Epoch, microgrid_ids: Collection[str]) -> None:
        """All at once; where that fails one after the other, to find out whose fault it is."""
        if not microgrid_ids:
            return
        try:
            await self._open(epoch, microgrid_ids)
        except NOT_OF_ONE_MICROGRID:
            raise
        except Exception as error:
            if len(microgrid_ids) > 1:
                for microgrid_id in microgrid_ids:
                    await self._take_over(epoch, [microgrid_id])
                return
            (microgrid_id,) = microgrid_ids
            self._microgrids.add(microgrid_id)
            self._unread[microgrid_id] = parked = Parked.after(self._unread.get(microgrid_id), self._clock.now())
            self._counters.parked(Stage.TAKE_OVER, microgrid_id, error, parked.times)

    async def _open(self, epoch: Epoch, microgrid_ids: Collection[str]) -> None:
        async with self._transactions.begin(epoch) as transaction:
            microgrids = await transaction.microgrids.get_all(microgrid_ids)
        for microgrid in microgrids:
            self._mailbox.open(microgrid, self._clock.now())
            self._microgrids.add(microgrid.microgrid_id)
            self._unread.pop(microgrid.microgrid_id, None)
