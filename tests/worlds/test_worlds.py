"""What has to hold in any depot: fixed seeds of what `python -m tests.worlds` plays by the thousand."""

from typing import Any

import pytest

from domain.sharing import settling
from tests.property.planting import Fault, answered_given
from tests.worlds import liveness, mixes, sums, swing
from tests.worlds.depot import Gauge
from tests.worlds.random_depots import random_depot

SENT_AT_ONCE = Fault(
    settling, "settle", "every change is sent at once", answered_given(lambda _, given: list(given.limits_w))
)
"""R43: a small change may wait."""

MEMORABLE_S = 60
"""For so long a building that no meter shows any more is remembered."""


def seeds(few: int, many: int, *found: int) -> list[Any]:
    """The first few, and those in which something was found; the rest up to `many` is left to `make slow`."""
    return [*range(few), *found, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(few, many))]


@pytest.mark.parametrize(
    "seed", seeds(20, 100, 10048, 10075, 10105, 10124, 30431, 30545, 30774, 40106, 51638, 55565, 57294)
)
def test_what_is_permitted_below_a_node_is_never_above_what_it_bears(seed: int) -> None:
    assert sums.fault_of_seed(seed) is None


@pytest.mark.parametrize("seed", seeds(10, 40, 2061))
def test_nor_under_several_faults_at_once(seed: int) -> None:
    assert mixes.fault_of_seed(seed) is None


@pytest.mark.parametrize("seed", seeds(10, 40))
def test_two_minutes_after_the_last_fault_nobody_is_stuck(seed: int) -> None:
    assert liveness.fault_of_seed(seed) is None


@pytest.mark.parametrize("seed", seeds(10, 40, 199, 326, 489))
def test_steady_chargers_of_any_factor_are_told_the_same_again_and_again(seed: int) -> None:
    assert swing.fault_of_seed(seed) is None


@pytest.mark.parametrize("seed", seeds(5, 20))
def test_no_limit_depends_on_small_changes_that_wait(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    SENT_AT_ONCE.plant(monkeypatch)
    assert sums.fault_of_seed(seed) is None


def test_no_meter_deceives_for_long_that_may_be_alone_in_seeing_a_building() -> None:
    for depot in map(random_depot, range(300)):
        parents = {each.circuit_id: each.parent_id for _, site in depot.configurations for each in site.circuits}
        for building in depot.buildings:
            circuit_id: str | None = building
            while circuit_id is not None:
                gauge = depot.gauges.get(circuit_id, Gauge())
                deceits = (*gauge.divided, *gauge.frozen)
                assert all(each.end - each.start <= MEMORABLE_S for each in deceits), (depot.seed, circuit_id)
                circuit_id = parents[circuit_id]


def test_every_habit_and_fault_is_looked_at_often() -> None:
    seeds = range(300)
    rare = {name for name, depots in sums.occurrences(seeds).items() if 100 * depots < sums.RARE_PERCENT * len(seeds)}
    assert not rare
