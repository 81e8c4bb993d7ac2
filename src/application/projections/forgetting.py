"""What is old is forgotten by the clock too: where every microgrid is retired no cycle tells that time goes on."""

from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.read_side import ReadModelTransactions
from application.projections.gathered import forget
from application.projections.keeping import AS_A_RULE, Keeping

EVERY: Final = timedelta(hours=1)


class Forgetting:
    """Forgets what is too old, once an hour."""

    def __init__(self, transactions: ReadModelTransactions, clock: Clock, keeping: Keeping = AS_A_RULE) -> None:
        self._transactions = transactions
        self._clock = clock
        self._keeping = keeping
        self._forgot_at: timedelta | None = None

    async def turn(self) -> None:
        """Do so where it is time to. Raises StorageUnavailable."""
        steady = self._clock.steady()
        if self._forgot_at is not None and steady - self._forgot_at < EVERY:
            return
        async with self._transactions.begin() as changes:
            await forget(changes, self._clock.now(), self._keeping)
            await changes.commit()
        self._forgot_at = steady
