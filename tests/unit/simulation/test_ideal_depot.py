"""What would have been possible."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.simulation.ideal import ALLOCATED_ANEW_EVERY, IdealDepot, Want
from adapters.simulation.layout import ConnectorKey, Outlet
from tests.unit.simulation.controller import START
from tests.unit.simulation.test_simulated_vehicle import VISIT

OUTLET = Outlet(("cp-1", 1), 120_000, 10_000)


class Allocation:
    """Gives everybody the same, and remembers what it was asked."""

    def __init__(self, share_w: int) -> None:
        self.asked: list[list[Want]] = []
        self._share_w = share_w

    def __call__(self, wants: Sequence[Want]) -> Mapping[ConnectorKey, int]:
        self.asked.append(list(wants))
        return {(want.charge_point_id, want.connector_id): self._share_w for want in wants}


def energy_after(ideal: IdealDepot, seconds: int) -> int:
    for second in range(1, seconds + 1):
        ideal.tick(START + timedelta(seconds=second), second)
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
    assert allocation.asked[0] == [Want("cp-1", 1, 120_000)]
    ideal.unplug(OUTLET)
    before = ideal.energy_ws
    assert energy_after(ideal, 1) == before
    assert allocation.asked[-1] == []
