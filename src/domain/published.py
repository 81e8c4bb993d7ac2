"""What the newest published cycle said, and whether the next one says anything new (EVT-18)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self

from domain.breaches.over_limit import OverLimit
from domain.knowledge.limits import Mode
from domain.knowledge.situation import Situation
from domain.sharing.plan import Outcome, Plan, Reason
from domain.values import value


@value
class PublishedCycle:
    """What the newest published cycle said, to know whether the next one says anything new."""

    decided_at: datetime
    configuration_version: int
    outcome: Outcome
    safe: tuple[str, ...]
    reserved: tuple[str, ...]
    over_limit: tuple[str, ...]

    @classmethod
    def of(cls, situation: Situation, plan: Plan, over: Sequence[OverLimit]) -> Self:
        """What a cycle says if it is published."""
        return cls(
            decided_at=situation.at,
            configuration_version=situation.site.configuration.version,
            outcome=plan.outcome,
            safe=tuple([node.node_id for node in plan.nodes if node.mode is Mode.SAFE]),
            reserved=tuple(
                [
                    line.connector.node_id
                    for line, setpoint in zip(situation.lines, plan.setpoints, strict=True)
                    if setpoint.reason is Reason.RESERVED
                ]
            ),
            over_limit=tuple([each.node_id for each in over]),
        )

    def is_news(self, plan: Plan, last: Self | None, refresh_interval: timedelta) -> bool:
        """Whether it differs from the last published one, or it is time to renew what was sent."""
        if last is None or self.decided_at - last.decided_at >= refresh_interval:
            return True
        if replace(self, decided_at=last.decided_at) != last:
            return True
        return any(
            setpoint.limit_w is not None and setpoint.limit_w != setpoint.previous_limit_w
            for setpoint in plan.setpoints
        )
