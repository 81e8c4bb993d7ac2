"""What is to be seen of all that a worker owns: kept up to date with every cycle, never found by a walk over all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from domain.breaches.over_limit import Severity
from domain.microgrid import Microgrid


@dataclass(frozen=True, slots=True)
class Standing:
    """What one microgrid adds. `degraded`: by its newest published cycle; `silent_chargers`: by its newest cycle here;
    `breaches`: of what severity those are that are open.
    """

    degraded: bool = False
    silent_chargers: int = 0
    breaches: tuple[Severity, ...] = ()

    @classmethod
    def of(cls, microgrid: Microgrid, *, degraded: bool) -> Self:
        return cls(degraded, microgrid.silent_chargers, tuple([each.severity for each in microgrid.open_breaches]))


NO_STANDING: Final = Standing()


class Sums:
    """What the microgrids of a worker add up to."""

    def __init__(self) -> None:
        self.degraded = 0
        self.silent_chargers = 0
        self.open_breaches = dict.fromkeys(Severity, 0)

    def replace(self, before: Standing, after: Standing) -> None:
        """One microgrid adds something else than before."""
        if before == after:
            return
        self.degraded += after.degraded - before.degraded
        self.silent_chargers += after.silent_chargers - before.silent_chargers
        for severity in after.breaches:
            self.open_breaches[severity] += 1
        for severity in before.breaches:
            self.open_breaches[severity] -= 1


@dataclass(frozen=True, slots=True)
class Figures:
    """A worker as it is now. A microgrid is *undecided* where its newest cycle is older than twice its
    `refresh_interval_s`.

    `microgrids`: how many are decided, `retired`: how many lie here for which there are no cycles any more.
    `overdue`: how many of the `undecided` were not tried in vain: nothing but the worker is the reason.
    `newest_cycle_age`: of the newest cycle of all, None where no microgrid is kept. `oldest_due_age`: for how long a
    cycle has been due that is not decided, 0 where none is. `still_for`: for how long no cycle was decided and no
    microgrid taken over.
    """

    microgrids: int
    retired: int
    undecided: int
    overdue: int
    newest_cycle_age: timedelta | None
    oldest_due_age: timedelta
    still_for: timedelta
    degraded: int
    silent_chargers: int
    open_breaches: Mapping[Severity, int]
