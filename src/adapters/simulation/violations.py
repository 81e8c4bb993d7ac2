"""The independent measurement: was more permitted somewhere, or drawn, than the hardware there bears?

It knows the layout, the messages that were delivered and the true loads, and imports nothing but the simulation.
"""

from collections import deque
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from math import inf

from adapters.simulation.delivery import Delivery
from adapters.simulation.exceedances import Exceedances
from adapters.simulation.layout import ConnectorKey, Layout, Outlet, Station, connector_id
from adapters.simulation.reach import Reach


@dataclass(frozen=True, slots=True)
class _Told:
    """A limit some connector was told, until it lapses."""

    limit_w: int
    lapses_at: datetime


@dataclass(frozen=True, slots=True)
class _Conditions:
    """Capacity and true background (cumulative) of every node, and the rating of every connector, since an instant."""

    since: datetime
    capacities_w: list[float]
    background_w: list[int]
    ratings_w: Mapping[ConnectorKey, float]


class ViolationCounter:
    """Counts ticks of one second in which some node was exceeded (CLI-8).

    `violations`: permitted power below + lowest background > highest capacity, both of the last `reaction_s`, as far as
    anybody could have lowered what is permitted. `overloads`: drawn power below + background > capacity, all of this
    tick. Of violations on end the first `borne_s` do not count.

    A connector is permitted the limit it was told last, from the lag of its charge point (`lags_s`) after the
    delivery until it lapses, whether it obeys or not. Those of one charge point that have none in force are permitted
    its fallback together, as far as its rating leaves room beside what the others were told: the charge point's own
    hardware holds that, and nothing else is assumed of it. `Reach` says what counts of charge points that nothing
    reaches.
    """

    def __init__(self, layout: Layout, lags_s: Mapping[str, int], reaction_s: int, borne_s: int = 0) -> None:
        self.violations = Exceedances(borne_s)
        self.overloads = Exceedances()
        self.permitted_w = [0] * len(layout.nodes)
        self._layout = layout
        self._outlets = layout.outlets
        self._lags = {charge_point_id: timedelta(seconds=lag_s) for charge_point_id, lag_s in lags_s.items()}
        self._reaction = timedelta(seconds=reaction_s)
        self._on_their_way: list[tuple[datetime, int, dict[ConnectorKey, _Told]]] = []
        self._arrivals = count()
        self._told: dict[ConnectorKey, _Told] = {}
        self._newest_cycle: dict[str, int] = {}
        self._counting = layout.fallbacks_fit()
        self._conditions: deque[_Conditions] = deque()
        self._ratings: tuple[Mapping[str, int | None], Mapping[ConnectorKey, float]] | None = None
        self._reach = Reach(self._reaction)

    @property
    def limit_violations(self) -> int:
        """Ticks in which more was permitted somewhere than fits."""
        return self.violations.ticks

    @property
    def true_overload_ticks(self) -> int:
        """Ticks in which more was drawn somewhere than fits."""
        return self.overloads.ticks

    def delivered(self, delivery: Delivery, now: datetime) -> None:
        """Note what a charge point was told. It passes over a cycle that is not newer than its last."""
        charge_point_id = delivery.charge_point_id
        if charge_point_id not in self._lags or delivery.cycle_seq <= self._newest_cycle.get(charge_point_id, 0):
            return
        self._newest_cycle[charge_point_id] = delivery.cycle_seq
        told = {
            (charge_point_id, each["connector_id"]): _Told(
                each["limit_w"], delivery.decided_at + timedelta(seconds=each["valid_for_s"])
            )
            for each in delivery.setpoints
            if each["limit_w"] is not None
        }
        heappush(self._on_their_way, (now + self._lags[charge_point_id], next(self._arrivals), told))

    def told_in_vain(self, delivery: Delivery) -> None:
        """Note what was sent to a charge point that nothing reaches."""
        self._reach.told_in_vain(delivery)

    def tick(
        self,
        now: datetime,
        drawn_w: Mapping[ConnectorKey, int],
        background_w: Mapping[str, int] | None = None,
        capacities_w: Mapping[str, int | None] | None = None,
        unreachable: Set[str] = frozenset(),
    ) -> None:
        """Judge the second that ends now.

        `drawn_w` is what every connector truly draws, `background_w` the load at a node that no connector below
        causes, `capacities_w` what replaces the capacities and ratings of the configuration, by node id (None: no
        limit), `unreachable` are the charge points at which nothing arrives that is sent to them.
        """
        while self._on_their_way and self._on_their_way[0][0] <= now:
            self._told.update(heappop(self._on_their_way)[2])
        self._note_conditions(now, background_w or {}, capacities_w or {})
        self._reach.tick(now, unreachable)
        self._counting = self._counting or all(outlet.key in self._told for outlet in self._outlets)
        self._judge_permitted(now)
        self._judge_drawn(now, drawn_w)

    def _note_conditions(
        self, now: datetime, background_w: Mapping[str, int], capacities_w: Mapping[str, int | None]
    ) -> None:
        """Append what changed, forget what ended `reaction_s` ago or earlier."""
        background = [background_w.get(node.node_id, 0) for node in self._layout.nodes]
        self._layout.roll_up(background)
        stated = [capacities_w.get(node.node_id, node.capacity_w) for node in self._layout.nodes]
        capacities = [inf if each is None else each for each in stated]
        conditions = _Conditions(now, capacities, background, self._ratings_w(capacities_w))
        if not self._conditions or replace(conditions, since=self._conditions[-1].since) != self._conditions[-1]:
            self._conditions.append(conditions)
        while len(self._conditions) > 1 and self._conditions[1].since <= now - self._reaction:
            self._conditions.popleft()

    def _ratings_w(self, capacities_w: Mapping[str, int | None]) -> Mapping[ConnectorKey, float]:
        if self._ratings is None or self._ratings[0] != capacities_w:
            self._ratings = (capacities_w, {outlet.key: _rating_w(outlet, capacities_w) for outlet in self._outlets})
        return self._ratings[1]

    def _judge_permitted(self, now: datetime) -> None:
        capacities_w = [*map(max, zip(*(each.capacities_w for each in self._conditions), strict=True))]
        lowest_w = [*map(min, zip(*(each.background_w for each in self._conditions), strict=True))]
        nodes = self._layout.nodes
        counted_w, unstoppable_w = [0] * len(nodes), [0] * len(nodes)
        excesses_w: dict[str, int] = {}
        for station in self._layout.stations:
            in_force_w = self._in_force_w(station, now)
            permitted_w = _permitted_w(station, in_force_w, capacities_w[station.node])
            counted_w[station.node] = permitted_w - self._reach.in_vain_w(station.charge_point_id, in_force_w, now)
            unstoppable_w[station.node] = self._reach.unstoppable_w(
                station.charge_point_id, permitted_w, counted_w[station.node], now
            )
            if station.charge_point_id not in self._reach.unreachable:
                excesses_w |= self._over_their_ratings_w(in_force_w)
        self._layout.roll_up(counted_w)
        self._layout.roll_up(unstoppable_w)
        self.permitted_w = counted_w
        if not self._counting:
            return
        for index, node in enumerate(nodes):
            over_w = counted_w[index] + lowest_w[index] - capacities_w[index]
            if over_w > 0:
                excesses_w[node.node_id] = min(int(over_w), counted_w[index] - unstoppable_w[index])
        self.violations.note(now, excesses_w)

    def _in_force_w(self, station: Station, now: datetime) -> dict[ConnectorKey, int]:
        """The limits that the connectors of a charge point were told and that have not lapsed."""
        told = ((outlet.key, self._told.get(outlet.key)) for outlet in station.outlets)
        return {key: each.limit_w for key, each in told if each is not None and now < each.lapses_at}

    def _over_their_ratings_w(self, in_force_w: Mapping[ConnectorKey, int]) -> dict[str, int]:
        now_w = self._conditions[-1].ratings_w
        return {
            connector_id(key): int(limit_w - max(each.ratings_w[key] for each in self._conditions))
            for key, limit_w in in_force_w.items()
            if limit_w > now_w[key]
        }

    def _judge_drawn(self, now: datetime, drawn_w: Mapping[ConnectorKey, int]) -> None:
        current = self._conditions[-1]
        drawn = [0] * len(self._layout.nodes)
        for station in self._layout.stations:
            drawn[station.node] = sum(drawn_w[outlet.key] for outlet in station.outlets)
        self._layout.roll_up(drawn)
        excesses_w = {
            connector_id(outlet.key): int(drawn_w[outlet.key] - current.ratings_w[outlet.key])
            for outlet in self._outlets
            if drawn_w[outlet.key] > current.ratings_w[outlet.key]
        }
        for node, load_w, background_w, capacity_w in zip(
            self._layout.nodes, drawn, current.background_w, current.capacities_w, strict=True
        ):
            if load_w + background_w > capacity_w:
                excesses_w[node.node_id] = int(load_w + background_w - capacity_w)
        self.overloads.note(now, excesses_w)


def _rating_w(outlet: Outlet, capacities_w: Mapping[str, int | None]) -> float:
    rating_w = capacities_w.get(connector_id(outlet.key), outlet.max_power_w)
    return inf if rating_w is None else rating_w


def _permitted_w(station: Station, in_force_w: Mapping[ConnectorKey, int], rating_w: float) -> int:
    """What a charge point is permitted, rated at most so high of late.

    Its connectors without a limit may draw its fallback together, at most what it bears beside the others.
    """
    told_w = sum(in_force_w.values())
    untold_w = sum(outlet.max_power_w for outlet in station.outlets if outlet.key not in in_force_w)
    return told_w + int(min(station.fallback_w, rating_w, untold_w, max(station.max_power_w - told_w, 0)))
