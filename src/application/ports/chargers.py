"""What a gateway found its chargers to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Finding:
    """Of one charge point. `why`: the code of what makes it not controlled, null where it is controlled.

    `unit`: W or A, in which it takes its limits; `reads_back`: it tells the limit that holds; `lapses`: a limit ends by
    itself. Null: not known so far.
    """

    charge_point_id: str
    why: str | None
    sentence: str
    unit: str | None
    reads_back: bool | None
    lapses: bool | None


class Findings(Protocol):
    """Of the chargers of one microgrid."""

    def findings(self) -> Sequence[Finding]:
        """One a charge point, in the order of the configuration."""
        ...
