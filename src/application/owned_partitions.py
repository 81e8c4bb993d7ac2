"""What a worker owns: its partitions, each under an epoch, and the microgrids that lie in them."""

from collections.abc import Callable, Collection

from application.mailbox import Mailbox
from application.ports import Clock, Epoch, Fenced, Ownership, Partition, Transactions


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
    ) -> None:
        self._ownership = ownership
        self._transactions = transactions
        self._mailbox = mailbox
        self._partition_of = partition_of
        self._clock = clock
        self._epochs: dict[int, Epoch] = {}
        self._microgrids: set[str] = set()

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

    def add(self, microgrid_id: str) -> None:
        """A microgrid that was heard of for the first time."""
        self._microgrids.add(microgrid_id)

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        """Claim them; then no former owner's decision comes in between, and what is stored can be gone on from."""
        for epoch in await self._ownership.claim({partition.number for partition in partitions}):
            async with self._transactions.begin(epoch) as transaction:
                for microgrid_id in await transaction.microgrids.ids():
                    if self._partition_of(microgrid_id) == epoch.partition:
                        microgrid = await transaction.microgrids.get(microgrid_id)
                        assert microgrid is not None
                        self._mailbox.open(microgrid, self._clock.now())
                        self.add(microgrid_id)
            self._epochs[epoch.partition] = epoch

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        """Forget them and their microgrids."""
        for number in {partition.number for partition in partitions}:
            self._epochs.pop(number, None)
        for microgrid_id in [each for each in self._microgrids if self._partition_of(each) not in self._epochs]:
            self._microgrids.remove(microgrid_id)
            self._mailbox.close(microgrid_id)
