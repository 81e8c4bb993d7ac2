"""Limits that came down: what is over one has to be given the time to follow (BREACH-4)."""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta

from domain.breaches import observation
from domain.knowledge.limits import Mode
from domain.knowledge.situation import Situation
from domain.site.power import NO_LIMIT, Watts
from domain.values import value


@value
class Fall:
    """A limit came down. What is over it is no breach before it is seen to be over it at `until`.

    `lowered_at`: when a configuration did it; `former_w`: the limit before that, NO_LIMIT where there was none.
    """

    at: datetime
    until: datetime
    lowered_at: datetime | None = None
    former_w: Watts = 0


@value
class LimitMemory:
    """The limits in force in the last cycle, the nodes in safe mode, and the falls that still matter, by node id."""

    configuration_version: int | None = None
    limits_w: Mapping[str, Watts] = field(default_factory=dict)
    safe: tuple[str, ...] = ()
    falls: Mapping[str, Fall] = field(default_factory=dict)

    def former_w(self, node_id: str, observed_at: datetime, grace: timedelta) -> Watts:
        """What a configuration lowered this limit from at most `grace` before the observation; 0 where none did."""
        fall = self.falls.get(node_id)
        if fall is None or fall.lowered_at is None or observed_at > fall.lowered_at + grace:
            return 0
        return fall.former_w


NO_LIMITS = LimitMemory()


def follow(situation: Situation, memory: LimitMemory) -> LimitMemory:
    """The memory after this cycle. A first cycle knows no limits before it, so nothing falls in it."""
    windows, version = situation.windows, situation.site.configuration.version
    circuits = [situation.nodes[index] for index in situation.tree.branches]
    safe = tuple([view.node.node_id for view in circuits if view.limit.mode is Mode.SAFE])
    # Readings lag behind decisions by no more than this while they are fresh.
    lag = max(windows.meter_stale_after, windows.connector_stale_after)
    falls = {node_id: fall for node_id, fall in memory.falls.items() if situation.at <= fall.until + lag}
    if (version, safe) == (memory.configuration_version, memory.safe):
        return memory if len(falls) == len(memory.falls) else replace(memory, falls=falls)

    limits_w = _in_force(situation)
    if memory.configuration_version is None:
        return LimitMemory(version, limits_w, safe)
    for node_id, limit_w in limits_w.items():
        before_w = memory.limits_w.get(node_id, NO_LIMIT)
        became_safe = node_id in safe and node_id not in memory.safe
        if limit_w < before_w or became_safe:
            configured = version != memory.configuration_version and not became_safe
            falls[node_id] = _fall(situation, node_id, falls.get(node_id), before_w if configured else None)
        elif limit_w > before_w:
            falls.pop(node_id, None)
    return LimitMemory(version, limits_w, safe, falls)


def _in_force(situation: Situation) -> dict[str, Watts]:
    """Every limit there is, by the id of its node or connector."""
    limits_w = {view.node.node_id: view.limit.limit_w for view in situation.nodes if view.limit.limit_w is not None}
    return limits_w | {connector.node_id: connector.max_power_w for connector in situation.tree.connectors}


def _fall(situation: Situation, node_id: str, earlier: Fall | None, lowered_from_w: Watts | None) -> Fall:
    """A fall now; `lowered_from_w` where a configuration did it. One shortly before is not forgotten."""
    windows, at = situation.windows, situation.at
    place = observation.find(situation.tree, node_id)
    assert place is not None, "A limit in force is that of a node or connector of the tree."
    seen = observation.taken(situation, place)
    until = seen.newest_at + windows.grace + windows.breach_hold + (at - seen.oldest_at)
    fall = Fall(at, until) if earlier is None else replace(earlier, at=at, until=max(until, earlier.until))
    if lowered_from_w is None:
        return fall
    return replace(fall, lowered_at=at, former_w=max(lowered_from_w, fall.former_w))
