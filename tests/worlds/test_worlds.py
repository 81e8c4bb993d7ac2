"""What has to hold in any depot: fixed seeds of what `python -m tests.worlds` plays by the thousand."""

import pytest

from domain.sharing import settling
from tests.property.planting import Fault, answered_given
from tests.worlds import liveness, mixes, sums, swing

SENT_AT_ONCE = Fault(
    settling, "settle", "every change is sent at once", answered_given(lambda _, given: list(given.limits_w))
)
"""R43: a small change may wait."""


@pytest.mark.parametrize("seed", [*range(100), 10048, 10075, 10105, 10124, 30431, 30774])
def test_what_is_permitted_below_a_node_is_never_above_what_it_bears(seed: int) -> None:
    assert sums.fault_of_seed(seed) is None


@pytest.mark.parametrize("seed", [*range(40), 2061])
def test_nor_under_several_faults_at_once(seed: int) -> None:
    assert mixes.fault_of_seed(seed) is None


@pytest.mark.parametrize("seed", range(40))
def test_two_minutes_after_the_last_fault_nobody_is_stuck(seed: int) -> None:
    assert liveness.fault_of_seed(seed) is None


@pytest.mark.parametrize("seed", [*range(40), 199, 326, 489])
def test_steady_chargers_of_any_factor_are_told_the_same_again_and_again(seed: int) -> None:
    assert swing.fault_of_seed(seed) is None


@pytest.mark.parametrize("seed", range(20))
def test_no_limit_depends_on_small_changes_that_wait(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    SENT_AT_ONCE.plant(monkeypatch)
    assert sums.fault_of_seed(seed) is None


def test_every_habit_and_fault_is_looked_at_often() -> None:
    seeds = range(300)
    rare = {name for name, depots in sums.occurrences(seeds).items() if 100 * depots < sums.RARE_PERCENT * len(seeds)}
    assert not rare
