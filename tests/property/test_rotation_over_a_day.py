"""Minimums that fit only a few of twenty connectors: through the aggregate all are served alike, without flapping."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest

from domain.sharing import rotation
from domain.sharing.strategy import Ranking
from domain.site.configuration import Settings, SiteConfiguration
from tests.property.obedient_depot import ObedientDepot
from tests.unit.domain.depot import charger, grid

CONNECTORS = 20
RATING_W = 150_000
MINIMUM_W = 30_000
ROUND_S = 30
QUANTUM_S = Settings().rotation_quantum_s
HOURS = float(os.environ.get("BUSBAR_HOURS", "24"))

ROOM_FOR_SIX = {0.0: 200_000}
ROOM_CHANGES = {0.0: 200_000, 3.1: 130_000, 5.0: 200_000, 11.2: 280_000, 13.0: 95_000, 14.7: 200_000}
"""From which hour which capacity holds: 6, 4, 6, 9, 3 and 6 connectors fit."""


@dataclass(frozen=True)
class Day:
    """What every connector was served, how often one was switched on or off, and how often that was forced."""

    served_wh: list[int]
    switches: int
    forced: float

    @property
    def is_fair(self) -> bool:
        """Whether what was served lies within 5 % of each other."""
        return (max(self.served_wh) - min(self.served_wh)) * 100 <= max(self.served_wh) * 5

    @property
    def is_calm(self) -> bool:
        """Whether there were at most 10 % more switches than forced."""
        return self.switches * 100 <= self.forced * 110

    def __str__(self) -> str:
        return (
            f"served {min(self.served_wh)} to {max(self.served_wh)} Wh "
            f"({100 * (1 - min(self.served_wh) / max(self.served_wh)):.1f} % apart), "
            f"{self.switches} switches, {self.forced:.0f} forced ({100 * self.switches / self.forced:.0f} %)"
        )


def a_day(capacities_w: Mapping[float, int], hours: float) -> Day:
    """20 connectors that want all they can get, below a connection whose capacity configurations change."""
    chargers = [charger(f"cp-{number}", "gc-1", RATING_W, minimum_w=MINIMUM_W) for number in range(1, CONNECTORS + 1)]
    depot = ObedientDepot(
        SiteConfiguration("depot", "Depot", 1, circuits=(grid("gc-1", 200_000),), charge_points=tuple(chargers)),
        wants_w=lambda _: RATING_W,
    )
    served_ws = dict.fromkeys((each.node_id for each in depot.site.tree.connectors), 0)
    on: set[str] = set()
    switches = 0
    pending = sorted(capacities_w.items())
    for second in range(0, int(hours * 3600), ROUND_S):
        while pending and pending[0][0] * 3600 <= second:
            depot.limited_to("gc-1", pending.pop(0)[1])
        depot.round(ROUND_S)
        now_on = {node_id for node_id, limit_w in depot.told_w.items() if limit_w}
        switches += len(now_on ^ on)
        on = now_on
        for node_id, power_w in depot.drawn_w.items():
            served_ws[node_id] += power_w * ROUND_S
    return Day([each // 3600 for each in served_ws.values()], switches, forced_switches(capacities_w, hours))


def forced_switches(capacities_w: Mapping[float, int], hours: float) -> float:
    """What is forced: at first and at every change of the capacity as many go on or off as then fit more or less; and
    whoever is on makes way for another once in a rotation quantum, which is one off and one on.
    """
    fitting = [(hour, capacity_w // MINIMUM_W) for hour, capacity_w in sorted(capacities_w.items()) if hour < hours]
    by_capacity = fitting[0][1] + sum(abs(after - before) for (_, before), (_, after) in pairwise(fitting))
    quanta = sum(
        fit * (until - since) * 3600 / QUANTUM_S for (since, fit), (until, _) in pairwise([*fitting, (hours, 0)])
    )
    return by_capacity + 2 * quanta


@pytest.mark.parametrize("capacities_w", [ROOM_FOR_SIX, ROOM_CHANGES], ids=["room for six", "room changes"])
def test_all_are_served_alike_with_no_more_switching_than_that_takes(capacities_w: Mapping[float, int]) -> None:
    day = a_day(capacities_w, HOURS)
    assert day.is_fair, day
    assert day.is_calm, day


def nobody_is_inside_its_quantum(ranking: Ranking, lines: Any, records: Any, inside_since: Any) -> Ranking:
    off = {name: replace(record, on_since=None) for name, record in records.items()}
    return TRUE_BY_SERVICE(ranking, lines, off, inside_since)


def nobody_makes_way(ranking: Ranking, *_: Any) -> Ranking:
    return ranking


TRUE_BY_SERVICE = rotation.by_service


def test_without_the_quantum_there_is_more_switching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "by_service", nobody_is_inside_its_quantum)
    assert not a_day(ROOM_FOR_SIX, 3).is_calm


def test_without_rotation_some_are_never_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "by_service", nobody_makes_way)
    assert not a_day(ROOM_FOR_SIX, 3).is_fair
