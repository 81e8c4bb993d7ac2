"""The independent measurement: was more permitted somewhere, or drawn, than the hardware there bears?

It knows the layout, the messages that were delivered and the true loads, and imports nothing but the simulation.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from math import inf

from adapters.simulation.delivery import Delivery
from adapters.simulation.layout import ConnectorKey, Layout, Station


@dataclass(frozen=True, slots=True)
class _Told:
    """A limit some connector was told, until it lapses."""

    limit_w: int
    lapses_at: datetime


@dataclass(frozen=True, slots=True)
class _Conditions:
    """Capacity and true background (cumulative) of every node since an instant."""

    since: datetime
    capacities_w: list[float]
    background_w: list[int]


class ViolationCounter:
    """Counts ticks of one second in which some node was exceeded (contract section 9).

    `limit_violations`: permitted power below + lowest background > highest capacity, both of the last `reaction_s`.
    `true_overload_ticks`: drawn power below + background > capacity, all of this tick.

    A connector is permitted the limit it was told last, from the lag of its charge point (`lags_s`) after the
    delivery until it lapses, whether it obeys or not. Those of one charge point that have none in force are permitted
    its fallback together, as far as its rating leaves room beside what the others were told: the charge point's own
    hardware holds that, and nothing else is assumed of it.
    """

    def __init__(self, layout: Layout, lags_s: Mapping[str, int], reaction_s: int) -> None:
        self.limit_violations = 0
        self.true_overload_ticks = 0
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

    def tick(
        self,
        now: datetime,
        drawn_w: Mapping[ConnectorKey, int],
        background_w: Mapping[str, int] | None = None,
        capacities_w: Mapping[str, int | None] | None = None,
    ) -> None:
        """Judge the second that ends now.

        `drawn_w` is what every connector truly draws, `background_w` the load at a node that no connector below
        causes, `capacities_w` what replaces the capacity of the configuration (None: no limit).
        """
        while self._on_their_way and self._on_their_way[0][0] <= now:
            self._told.update(heappop(self._on_their_way)[2])
        self._note_conditions(now, background_w or {}, capacities_w or {})
        self._counting = self._counting or all(outlet.key in self._told for outlet in self._outlets)
        if self._counting and self._too_much_permitted(now):
            self.limit_violations += 1
        if self._too_much_drawn(drawn_w):
            self.true_overload_ticks += 1

    def _note_conditions(
        self, now: datetime, background_w: Mapping[str, int], capacities_w: Mapping[str, int | None]
    ) -> None:
        """Append what changed, forget what ended `reaction_s` ago or earlier."""
        background = [background_w.get(node.node_id, 0) for node in self._layout.nodes]
        self._layout.roll_up(background)
        stated = [capacities_w.get(node.node_id, node.capacity_w) for node in self._layout.nodes]
        capacities = [inf if each is None else each for each in stated]
        last = self._conditions[-1] if self._conditions else None
        if last is None or last.background_w != background or last.capacities_w != capacities:
            self._conditions.append(_Conditions(now, capacities, background))
        while len(self._conditions) > 1 and self._conditions[1].since <= now - self._reaction:
            self._conditions.popleft()

    def _too_much_permitted(self, now: datetime) -> bool:
        permitted = [0] * len(self._layout.nodes)
        for station in self._layout.stations:
            told_w = 0
            untold_w = 0
            for outlet in station.outlets:
                told = self._told.get(outlet.key)
                if told is None or now >= told.lapses_at:
                    untold_w += outlet.max_power_w
                elif told.limit_w > outlet.max_power_w:
                    return True
                else:
                    told_w += told.limit_w
            permitted[station.node] = told_w + _fallen_back_w(station, told_w, untold_w)
        self._layout.roll_up(permitted)
        return any(
            load_w + background_w > capacity_w
            for load_w, background_w, capacity_w in zip(
                permitted,
                map(min, zip(*(each.background_w for each in self._conditions), strict=True)),
                map(max, zip(*(each.capacities_w for each in self._conditions), strict=True)),
                strict=True,
            )
        )

    def _too_much_drawn(self, drawn_w: Mapping[ConnectorKey, int]) -> bool:
        drawn = [0] * len(self._layout.nodes)
        for station in self._layout.stations:
            for outlet in station.outlets:
                power_w = drawn_w[outlet.key]
                if power_w > outlet.max_power_w:
                    return True
                drawn[station.node] += power_w
        self._layout.roll_up(drawn)
        current = self._conditions[-1]
        return any(
            load_w + background_w > capacity_w
            for load_w, background_w, capacity_w in zip(drawn, current.background_w, current.capacities_w, strict=True)
        )


def _fallen_back_w(station: Station, told_w: int, untold_w: int) -> int:
    """What connectors without a limit may draw together: at most what their charge point bears beside the others."""
    return min(station.fallback_w, untold_w, max(station.max_power_w - told_w, 0))
