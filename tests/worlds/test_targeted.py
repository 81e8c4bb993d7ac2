"""What has to hold in depots made for one rule, and in those in which a rule was found missing."""

import pytest

from tests.worlds import liveness
from tests.worlds.targeted import (
    SCENES,
    fault_of_scene,
    leaves_out_of_reach,
    never_knows_its_power,
    never_knows_its_power_and_is_back_late,
    refuses_all_it_is_told_at_first,
)


@pytest.mark.parametrize("name", SCENES)
def test_nothing_is_over(name: str) -> None:
    assert fault_of_scene(name) is None


def test_R17_who_refused_all_it_was_ever_told_is_told_again_when_it_is_willing() -> None:
    assert liveness.fault_of(refuses_all_it_is_told_at_first()) is None


def test_R16_who_shows_nothing_at_all_does_not_stay_reserved_for_ever() -> None:
    assert liveness.fault_of(never_knows_its_power()) is None


def test_R13_nor_for_longer_than_others_when_it_is_back() -> None:
    assert liveness.fault_of(never_knows_its_power_and_is_back_late()) is None


def test_what_a_charger_could_not_say_it_says_when_it_is_back() -> None:
    assert liveness.fault_of(leaves_out_of_reach()) is None
