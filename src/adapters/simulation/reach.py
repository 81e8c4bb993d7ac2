"""What counts of charge points that nothing reaches: nobody could have lowered them."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.simulation.delivery import Delivery
from adapters.simulation.layout import ConnectorKey


@dataclass(slots=True)
class _Outage:
    """A link that died, and perhaps came back, with what was told in vain meanwhile and what was permitted since."""

    died_at: datetime
    back_at: datetime | None = None
    in_vain_w: dict[ConnectorKey, int] = field(default_factory=dict)
    least_w: int | None = None


class Reach:
    """Which charge points are `unreachable` now, and which were within the last `reaction`."""

    def __init__(self, reaction: timedelta) -> None:
        self.unreachable: Set[str] = frozenset()
        self._reaction = reaction
        self._outages: dict[str, _Outage] = {}

    def tick(self, now: datetime, unreachable: Set[str]) -> None:
        """Take in which links are dead in the second that ends now."""
        self.unreachable = unreachable
        for charge_point_id in unreachable:
            outage = self._outages.get(charge_point_id)
            if outage is None or outage.back_at is not None:
                self._outages[charge_point_id] = _Outage(now)
        for charge_point_id, outage in [*self._outages.items()]:
            if charge_point_id in unreachable:
                continue
            outage.back_at = outage.back_at or now
            if now >= outage.back_at + self._reaction:
                del self._outages[charge_point_id]

    def told_in_vain(self, delivery: Delivery) -> None:
        """Note what was sent to a charge point that nothing reaches."""
        outage = self._outages.get(delivery.charge_point_id)
        if outage is not None:
            outage.in_vain_w |= {
                (delivery.charge_point_id, each["connector_id"]): each["limit_w"]
                for each in delivery.setpoints
                if each["limit_w"] is not None
            }

    def in_vain_w(self, charge_point_id: str, in_force_w: Mapping[ConnectorKey, int], now: datetime) -> int:
        """By how much less the limits in force count in the first `reaction` after a link died.

        What was told in vain counts where that is lower. A fallback counts in full: nobody was told otherwise.
        """
        outage = self._outages.get(charge_point_id)
        if outage is None or outage.back_at is not None or now >= outage.died_at + self._reaction:
            return 0
        return sum(limit_w - min(limit_w, outage.in_vain_w.get(key, limit_w)) for key, limit_w in in_force_w.items())

    def unstoppable_w(self, charge_point_id: str, permitted_w: int, counted_w: int, now: datetime) -> int:
        """What nobody could have lowered: all that counts while nothing arrives, then the least permitted since."""
        outage = self._outages.get(charge_point_id)
        if outage is None:
            return 0
        if outage.back_at is None:
            return counted_w
        outage.least_w = permitted_w if outage.least_w is None else min(outage.least_w, permitted_w)
        return outage.least_w
