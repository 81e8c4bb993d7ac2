"""What fails for one microgrid is left alone for a while, and tried again; all the others go on."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from application.ports.ownership import Fenced
from application.ports.persistence import ConcurrentChange, StorageUnavailable

FIRST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(minutes=1)

NOT_OF_ONE_MICROGRID: Final = (Fenced, ConcurrentChange, StorageUnavailable)
"""What concerns the whole process, whichever microgrid it was met with: it has to join its group anew."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A microgrid's stay: how many times it failed in a row, and when by the steady clock it is tried again."""

    times: int
    until: timedelta

    @classmethod
    def after(cls, earlier: Self | None, now: timedelta) -> Self:
        """Parked for a second, after an `earlier` stay for twice as long as then, for a minute at most."""
        times = 1 if earlier is None else earlier.times + 1
        # The exponent is bounded too: who fails for a month must not leave the range of a duration.
        return cls(times, now + min(FIRST * 2 ** min(times - 1, 10), LONGEST))

    def is_over(self, now: timedelta) -> bool:
        return now >= self.until
