"""For how long read models keep what is past."""

from dataclasses import dataclass
from datetime import timedelta

PRUNED_EVERY = 60
"""What is old is forgotten with every 60th cycle of a microgrid: often enough for a bound, and it costs nothing."""

LEAST_FINE = timedelta(hours=3)
"""What is kept in buckets of ten seconds at least: minutes are made of them, of whole hours, now and then."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Cycles, and buckets of ten seconds with them; history by the minute; the log."""

    cycles: timedelta = timedelta(hours=24)
    history: timedelta = timedelta(days=90)
    log: timedelta = timedelta(days=90)

    @property
    def fine_history(self) -> timedelta:
        return max(self.cycles, LEAST_FINE)


AS_A_RULE = Keeping()
"""Where nothing else is set."""
