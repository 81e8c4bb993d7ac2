"""A load seen over a limit, from cycle to cycle: how far, for how long, how much energy (BREACH-7)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self

from domain.breaches.constraint import ConstraintBreached
from domain.breaches.over_limit import OverLimit
from domain.site.power import Watts
from domain.values import value


@value
class Exceedance:
    """A load seen over a limit: a candidate until it is announced, from then on a breach.

    `observed_at`: when it was measured last, or decided on where nothing of it is fresh. `former_w`: what a
    configuration had just lowered the limit from, 0 where none had. `within_since`: since when the load of a breach is
    seen to be no more than may flow. `announced`: what was published last.
    """

    first_observed_at: datetime
    observed_at: datetime
    observed_w: Watts
    limit_w: Watts
    peak_excess_w: Watts
    former_w: Watts = 0
    energy_over_limit_ws: int = 0
    within_since: datetime | None = None
    announced: ConstraintBreached | None = None

    @property
    def excess_w(self) -> Watts:
        return self.observed_w - self.limit_w

    @property
    def within_for(self) -> timedelta:
        """For how long the load has been seen to be no more than may flow; negative while it is not."""
        return timedelta(-1) if self.within_since is None else self.observed_at - self.within_since

    @property
    def duration_s(self) -> int:
        """From the first to the last observation."""
        return (self.observed_at - self.first_observed_at) // timedelta(seconds=1)

    def prolonged(self, load: OverLimit, observed_at: datetime, *, within: bool) -> Self:
        """The same a cycle later. Every excess counts until the next observation.

        `within`: it is seen to be no more than may flow; what is not fresh or not known may be more (R23).
        """
        # The oldest reading of a sum may drop out of it, but time does not run backwards.
        observed_at = max(observed_at, self.observed_at)
        passed_us = (observed_at - self.observed_at) // timedelta(microseconds=1)
        return replace(
            self,
            observed_at=observed_at,
            observed_w=load.observed_w,
            limit_w=load.limit_w,
            peak_excess_w=max(self.peak_excess_w, load.excess_w),
            energy_over_limit_ws=self.energy_over_limit_ws + max(0, self.excess_w) * passed_us // 1_000_000,
            within_since=self.within_since or observed_at if within else None,
        )
