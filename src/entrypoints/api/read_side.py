"""What the API is given: everything it reads from."""

from collections.abc import Callable
from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.persistence import StorageUnavailable
from application.ports.read_side import ReadModel, StoredEvents


@dataclass(frozen=True, slots=True)
class ReadSide:
    """The read models, the events behind them, the time by which they are fresh or stale, the text of the metrics.

    `is_started`: whether the database was found at the newest schema.
    """

    read_model: ReadModel
    stored_events: StoredEvents
    clock: Clock
    metrics: Callable[[], bytes]
    is_started: Callable[[], bool]

    async def is_ready(self) -> bool:
        """Whether questions are answered now."""
        if not self.is_started():
            return False
        try:
            await self.read_model.open_breaches()
        except StorageUnavailable:
            return False
        return True
