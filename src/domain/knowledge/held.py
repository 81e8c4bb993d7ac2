"""What is taken at a node, and what a meter there may see of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from domain.knowledge.ledger import LONG_AGO
from domain.knowledge.memory import Shown
from domain.knowledge.readings import MeterReading
from domain.site.power import Watts

NEVER = datetime.max.replace(tzinfo=UTC)
"""Later than any reading."""


@dataclass(slots=True)
class Held:
    """What connectors take at and below a node, under the clamps and shared fallbacks of charge points.

    `reserved_w`: by those that take no part in the sharing. `exposed_w`: by all, the exposures. `least_drawn_w`,
    `most_drawn_w`: between what a meter may see of them, by readings of those that are seen as old as `oldest_at`.
    `unproven_w`: what those may draw on top of that whose reading cannot be. `raised_at`: when the last raise was sent.

    A cycle sums it up; afterwards nothing changes it.
    """

    reserved_w: Watts = 0
    exposed_w: Watts = 0
    least_drawn_w: Watts = 0
    most_drawn_w: Watts = 0
    oldest_at: datetime = NEVER
    unproven_w: Watts = 0
    raised_at: datetime = LONG_AGO

    def add(self, below: Self) -> None:
        self.reserved_w += below.reserved_w
        self.exposed_w += below.exposed_w
        self.least_drawn_w += below.least_drawn_w
        self.most_drawn_w += below.most_drawn_w
        if below.oldest_at < self.oldest_at:
            self.oldest_at = below.oldest_at
        self.unproven_w += below.unproven_w
        if below.raised_at > self.raised_at:
            self.raised_at = below.raised_at

    def add_departed(self, held_w: Watts) -> None:
        """What a departed connector holds is held once at every node that it left."""
        self.reserved_w += held_w
        self.exposed_w += held_w

    def shown_by(self, meter: MeterReading, at: datetime) -> Shown:
        """What a meter's reading leaves for the background."""
        return Shown(
            least_w=max(0, meter.power_w - self.most_drawn_w),
            most_w=max(0, meter.power_w - self.least_drawn_w),
            until=at,
        )
