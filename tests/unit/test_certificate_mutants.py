"""What the certificate must see that bad plans alone do not show: found by mutating it (docs/mutation.md)."""

from domain.allocation import NOTHING, Claims, Fill
from domain.certificate import check_fill

ROOT = 0
PARENTS = (-1,)


def test_what_a_leaf_holds_already_takes_no_room_from_those_after_it() -> None:
    claims = _claims(minimums_w=[6, 8], maximums_w=[6, 9], held_w=[4, 0])
    fill = Fill([6, 0], [NOTHING, ROOT], [True, False])
    assert check_fill(PARENTS, (10,), claims, fill) == "A: leaf 1 is held off at node 0, where its minimum fits."


def test_what_a_leaf_holds_already_does_not_fill_its_node() -> None:
    claims = _claims(minimums_w=[4], maximums_w=[20], held_w=[4])
    fill = Fill([10], [ROOT], [True])
    assert check_fill(PARENTS, (10,), claims, fill) == "M: leaf 0 is bound by node 0, which has room."


def _claims(minimums_w: list[int], maximums_w: list[int], held_w: list[int]) -> Claims:
    count = len(minimums_w)
    return Claims([ROOT] * count, minimums_w, maximums_w, held_w, [1] * count, [0] * count, range(count))
