"""What the certificate accepts is the right fill, give or take a watt a leaf, whatever was changed in it."""

from dataclasses import replace
from random import Random

from domain.sharing.certificate import check_fill
from domain.sharing.claims import Fill
from tests.property.fillings import random_filling

SEEDS = 3000


def test_a_corrupted_fill_is_refused_unless_it_is_about_rounding() -> None:
    refused = 0
    for seed in range(SEEDS):
        rng = Random(seed)
        filling = random_filling(rng)
        right = filling.filled()
        corrupted = right
        for _ in range(rng.randint(1, 3)):
            corrupted = _corrupted(rng, corrupted, len(filling.parents))
        if check_fill(filling.parents, filling.capacities_w, filling.claims, corrupted) is not None:
            refused += 1
            continue
        assert corrupted.admitted == right.admitted, seed
        amiss = zip(corrupted.allocated_w, right.allocated_w, strict=True)
        assert all(abs(got - due) <= len(right.admitted) for got, due in amiss), seed
    assert SEEDS / 2 < refused < SEEDS


def _corrupted(rng: Random, fill: Fill, nodes: int) -> Fill:
    """The same with one entry changed, or some watts moved from one leaf to another."""
    watts, bindings, admitted = list(fill.allocated_w), list(fill.bindings), list(fill.admitted)
    leaf, other = rng.randrange(len(watts)), rng.randrange(len(watts))
    match rng.choice(("more or less", "moved", "bound otherwise", "admitted or not")):
        case "more or less":
            watts[leaf] = max(0, watts[leaf] + rng.randint(-3, 3))
        case "moved":
            moved = rng.randint(0, watts[leaf])
            watts[leaf] -= moved
            watts[other] += moved
        case "bound otherwise":
            bindings[leaf] = rng.randrange(-2, nodes)
        case _:
            admitted[leaf] = not admitted[leaf]
            watts[leaf] = 0
    return replace(fill, allocated_w=watts, bindings=bindings, admitted=admitted, exact={})
