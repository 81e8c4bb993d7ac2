"""The certificate accepts good plans and stops bad ones, whatever made them (FILL-15)."""

import pytest

from domain.sharing.certificate import check_fill, check_sent, check_shared_fill, check_spare
from domain.sharing.claims import NOTHING, Claims, Fill
from domain.site.power import NO_LIMIT
from tests.unit.domain.sharing.bad_plans import (
    FILLS,
    PARENTS,
    ROOT,
    SETPOINTS,
    SHARED_FILLS,
    SPARES,
    JudgedFill,
    JudgedSetpoints,
    JudgedShares,
    JudgedSpare,
)


@pytest.mark.parametrize("judged", FILLS, ids=lambda each: f"{each.letter}: {each.what}")
def test_a_fill_is_judged_by_the_letter_it_breaks(judged: JudgedFill) -> None:
    assert _letter(check_fill(PARENTS, judged.capacities_w, judged.claims, judged.fill)) == judged.letter


@pytest.mark.parametrize("judged", SHARED_FILLS, ids=lambda each: f"{each.letter}: {each.what}")
def test_a_fill_whose_nodes_share_first_is_judged_by_the_letter_it_breaks(judged: JudgedShares) -> None:
    assert _letter(check_shared_fill(**judged.question)) == judged.letter


@pytest.mark.parametrize("judged", SPARES, ids=lambda each: f"{each.letter}: {each.what}")
def test_spare_room_is_judged_by_the_letter_it_breaks(judged: JudgedSpare) -> None:
    """R33a."""
    assert _letter(check_spare(**judged.question)) == judged.letter


@pytest.mark.parametrize("judged", SETPOINTS, ids=lambda each: f"{each.letter}: {each.what}")
def test_setpoints_are_judged_by_what_may_be_sent(judged: JudgedSetpoints) -> None:
    assert _letter(check_sent(**judged.question)) == judged.letter


def test_a_fill_in_fractions_of_a_watt_is_judged_like_any_other() -> None:
    """Inside a charge point everything is multiplied by the denominator of its share."""
    claims = Claims([0, 0], [0, 0], [NO_LIMIT, NO_LIMIT], [0, 0], [1, 1], [0, 0], [0, 1])
    fill = Fill([NO_LIMIT // 2 + 1] * 2, [0, 0], [True, True])
    assert check_fill((-1,), (NO_LIMIT + 2,), claims, fill) is None


def test_what_a_leaf_holds_already_takes_no_room_from_those_after_it() -> None:
    claims = Claims([ROOT] * 2, [6, 8], [6, 9], [4, 0], [1] * 2, [0] * 2, range(2))
    fill = Fill([6, 0], [NOTHING, ROOT], [True, False])
    assert check_fill((-1,), (10,), claims, fill) == "A: leaf 1 is held off at node 0, where its minimum fits."


def test_what_a_leaf_holds_already_does_not_fill_its_node() -> None:
    claims = Claims([ROOT], [4], [20], [4], [1], [0], range(1))
    fill = Fill([10], [ROOT], [True])
    assert check_fill((-1,), (10,), claims, fill) == "M: leaf 0 is bound by node 0, which has room."


def test_every_letter_is_stopped() -> None:
    assert {each.letter for each in (*FILLS, *SHARED_FILLS, *SPARES, *SETPOINTS)} == {None, *"FBMAECRS"}


def _letter(verdict: str | None) -> str | None:
    return None if verdict is None else verdict.partition(":")[0]
