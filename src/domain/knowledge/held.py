"""What is taken at a node, and what a meter there may see of it."""

from dataclasses import replace
from datetime import datetime

from domain.knowledge.memory import Shown
from domain.knowledge.readings import MeterReading
from domain.site.power import Watts
from domain.values import value


@value
class Held:
    """What connectors take at and below a node, under the clamps and shared fallbacks of charge points.

    `reserved_w`: by those that take no part in the sharing. `exposed_w`: by all, the exposures. `least_drawn_w`,
    `most_drawn_w`: between what a meter may see of them, by readings of those that are seen as old as `oldest_at`.
    `heard_most_w`: the most of those that are not reserved; `unseen_w`: what is held for those that are.
    """

    reserved_w: Watts
    exposed_w: Watts
    least_drawn_w: Watts
    most_drawn_w: Watts
    oldest_at: datetime
    heard_most_w: Watts
    unseen_w: Watts

    def with_below(self, below: "Held") -> "Held":
        return Held(
            self.reserved_w + below.reserved_w,
            self.exposed_w + below.exposed_w,
            self.least_drawn_w + below.least_drawn_w,
            self.most_drawn_w + below.most_drawn_w,
            oldest_at=self.oldest_at if self.oldest_at < below.oldest_at else below.oldest_at,
            heard_most_w=self.heard_most_w + below.heard_most_w,
            unseen_w=self.unseen_w + below.unseen_w,
        )

    def with_departed(self, held_w: Watts) -> "Held":
        """What a departed connector holds is held once at every node that it left."""
        return replace(
            self,
            reserved_w=self.reserved_w + held_w,
            exposed_w=self.exposed_w + held_w,
            unseen_w=self.unseen_w + held_w,
        )

    def shown_by(self, meter: MeterReading, at: datetime) -> Shown:
        """What a meter's reading leaves for the background."""
        return Shown(
            least_w=max(0, meter.power_w - self.most_drawn_w),
            most_w=max(0, meter.power_w - self.least_drawn_w),
            until=at,
            beside_w=max(0, meter.power_w - self.heard_most_w),
        )
