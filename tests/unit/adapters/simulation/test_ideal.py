"""What would have been possible (CLI-10)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.simulation.ideal import ALLOCATED_ANEW_EVERY, IdealDepot, Want
from adapters.simulation.layout import Configuration, ConnectorKey, Outlet
from tests.unit.adapters.simulation.controller import START
from tests.unit.adapters.simulation.test_vehicle import VISIT

OUTLET = Outlet(("cp-1", 1), 120_000, 10_000)


class Allocation:
    """Gives everybody the same, and remembers what it was asked."""

    def __init__(self, share_w: int) -> None:
        self.asked: list[list[Want]] = []
        self.told: list[tuple[Configuration, Mapping[str, int]]] = []
        self._share_w = share_w

    def __call__(
        self, configuration: Configuration, background_w: Mapping[str, int], wants: Sequence[Want], now: datetime
    ) -> Mapping[ConnectorKey, int]:
        self.asked.append(list(wants))
        self.told.append((configuration, background_w))
        return {(want.charge_point_id, want.connector_id): self._share_w for want in wants}


def energy_after(ideal: IdealDepot, seconds: int) -> int:
    for second in range(1, seconds + 1):
        ideal.tick(START + timedelta(seconds=second), second, {"version": 1}, {"gc-1": second})
    return ideal.energy_ws


def test_the_twin_draws_what_it_is_given_without_any_lag() -> None:
    ideal = IdealDepot(Allocation(60_000))
    ideal.plug_in(OUTLET, replace(VISIT, arrives_at=START - timedelta(hours=1)))
    assert energy_after(ideal, 30) == 30 * 60_000


def test_the_twin_needs_the_same_time_to_plug_in() -> None:
    ideal = IdealDepot(Allocation(60_000))
    ideal.plug_in(OUTLET, VISIT)
    assert energy_after(ideal, 30) == 21 * 60_000


@pytest.mark.parametrize(("share_w", "drawn_w"), [(500_000, 120_000), (10_000, 10_000), (9_999, 0), (0, 0)])
def test_the_twin_keeps_to_ratings_and_minimums(share_w: int, drawn_w: int) -> None:
    ideal = IdealDepot(Allocation(share_w))
    ideal.plug_in(OUTLET, replace(VISIT, arrives_at=START - timedelta(hours=1)))
    assert energy_after(ideal, 1) == drawn_w


def test_the_allocator_is_asked_when_somebody_comes_or_goes_and_every_few_seconds() -> None:
    allocation = Allocation(60_000)
    ideal = IdealDepot(allocation)
    ideal.plug_in(OUTLET, replace(VISIT, arrives_at=START - timedelta(hours=1)))
    energy_after(ideal, 2 * ALLOCATED_ANEW_EVERY + 1)
    assert [len(wants) for wants in allocation.asked] == [1, 1, 1]
    ideal.unplug(OUTLET)
    before = ideal.energy_ws
    assert energy_after(ideal, 1) == before
    assert allocation.asked[-1] == []


def test_the_allocator_learns_all_that_an_order_may_go_by() -> None:
    allocation = Allocation(60_000)
    ideal = IdealDepot(allocation)
    visit = replace(VISIT, arrives_at=START - timedelta(hours=1))
    ideal.plug_in(OUTLET, visit)
    energy_after(ideal, 1)
    assert allocation.asked == [
        [Want("cp-1", 1, 120_000, "s-1", visit.arrives_at, visit.departs_at, visit.needed_wh, visit.priority)]
    ]


def test_the_allocator_learns_the_true_background_and_is_asked_when_the_configuration_changes() -> None:
    allocation = Allocation(60_000)
    ideal = IdealDepot(allocation)
    ideal.tick(START + timedelta(seconds=1), 1, {"version": 1}, {"gc-1": 7})
    ideal.tick(START + timedelta(seconds=2), 2, {"version": 1}, {"gc-1": 8})
    ideal.tick(START + timedelta(seconds=3), 3, {"version": 2}, {"gc-1": 9})
    assert allocation.told == [({"version": 1}, {"gc-1": 7}), ({"version": 2}, {"gc-1": 9})]
