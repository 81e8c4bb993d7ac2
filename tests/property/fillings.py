"""Random fills: trees, capacities and claims as the allocation takes them, small enough for ties to be common."""

from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from domain.sharing.allocation import fill
from domain.sharing.claims import Claims, Fill
from domain.site.power import NO_LIMIT
from tests.oracle.fill import Leaf
from tests.oracle.fill import admit as oracle_admit
from tests.oracle.fill import fill as oracle_fill


@dataclass(frozen=True)
class Filling:
    """What one fill is asked: a tree of net capacities, and the claims below it."""

    parents: tuple[int, ...]
    capacities_w: tuple[int, ...]
    claims: Claims

    def filled(self) -> Fill:
        """What the allocation makes of it."""
        return fill(self.parents, self.capacities_w, self.claims)

    def path(self, node: int) -> tuple[int, ...]:
        """From the root down to a node."""
        return () if node < 0 else (*self.path(self.parents[node]), node)

    def leaves_below(self, node: int) -> list[int]:
        return [leaf for leaf, above in enumerate(self.claims.nodes) if node in self.path(above)]

    def changed(self, **claims: list[int]) -> "Filling":
        """The same with other claims, by their field of `Claims`."""
        return replace(self, claims=replace(self.claims, **claims))

    def with_capacity(self, node: int, watts: int) -> "Filling":
        return replace(
            self, capacities_w=tuple(watts if each == node else own for each, own in enumerate(self.capacities_w))
        )

    def times(self, factor: int) -> "Filling":
        """The same question in a smaller unit of power."""
        larger = [own if own == NO_LIMIT else own * factor for own in self.capacities_w]
        return replace(self, capacities_w=tuple(larger)).changed(
            minimums_w=[each * factor for each in self.claims.minimums_w],
            maximums_w=[each * factor for each in self.claims.maximums_w],
            held_w=[each * factor for each in self.claims.held_w],
        )


def exact(filled: Fill) -> list[Fraction]:
    """The shares before they were floored."""
    return [Fraction(*filled.exact.get(leaf, (watts, 1))) for leaf, watts in enumerate(filled.allocated_w)]


def by_oracle(filling: Filling) -> tuple[list[Fraction], list[int | None]]:
    """The exact shares and the binding nodes as the oracle's fill has them."""
    claims = filling.claims
    leaves = [
        Leaf(
            str(leaf),
            tuple(map(str, filling.path(claims.nodes[leaf]))),
            claims.minimums_w[leaf],
            claims.maximums_w[leaf],
            claims.weights[leaf],
            (claims.tiers[leaf],),
            (rank,),
            claims.held_w[leaf],
        )
        for rank, leaf in enumerate(claims.order)
    ]
    room = {str(node): own for node, own in enumerate(filling.capacities_w) if own != NO_LIMIT}
    admitted, held_off = oracle_admit(leaves, room)
    shares = oracle_fill(admitted, room)
    amounts = [
        shares[str(leaf)].amount if str(leaf) in shares else Fraction(claims.held_w[leaf])
        for leaf in range(len(leaves))
    ]
    stops = [shares[key].binding if (key := str(leaf)) in shares else held_off[key] for leaf in range(len(leaves))]
    return amounts, [None if stop is None else int(stop) for stop in stops]


def random_filling(rng: Random, *, most_w: int = 30, tiers: int = 3, fits: bool = False, held: bool = False) -> Filling:
    """A question with minimums not above maximums. `fits`: all minimums fit, so that everybody is admitted.

    `held`: leaves hold something already, as in the fill of what may be sent.
    """
    parents = _random_tree(rng)
    count = rng.randint(1, 9)
    nodes = [rng.randrange(len(parents)) for _ in range(count)]
    maximums = [rng.randint(0, most_w) for _ in range(count)]
    minimums = [rng.choice((0, 0, rng.randint(0, each), each)) for each in maximums]
    if held:
        holds = [rng.choice((0, rng.randint(0, each))) for each in maximums]
        minimums = [max(pair) for pair in zip(minimums, holds, strict=True)]
    else:
        holds = [0] * count
    leaf_tiers = [rng.randrange(tiers) for _ in range(count)]
    claims = Claims(
        nodes=nodes,
        minimums_w=minimums,
        maximums_w=maximums,
        held_w=holds,
        weights=rng.choice(([1] * count, [rng.randint(1, 6) for _ in range(count)], [max(1, w) for w in maximums])),
        tiers=leaf_tiers,
        order=sorted(range(count), key=lambda leaf: (leaf_tiers[leaf], leaf)),
    )
    unlimited = Filling(parents, (NO_LIMIT,) * len(parents), claims)
    capacities = []
    for node in range(len(parents)):
        below = unlimited.leaves_below(node)
        least = sum(minimums[leaf] - holds[leaf] for leaf in below) if fits else 0
        most = max(least, sum(maximums[leaf] - holds[leaf] for leaf in below))
        capacities.append(NO_LIMIT if rng.random() < 0.2 else rng.randint(least, most + 1))
    return Filling(parents, tuple(capacities), claims)


def close_levels() -> Filling:
    """Three leaves, of which two reach their maximums at levels that are one float and differ by one in 10²⁴.

    The second reaches it first, though it is the larger one, and the node saturates between the two.
    """
    weight = 10**12 - 10
    maximums_w = [weight + 1, weight + 2, 10**12]
    claims = Claims([0] * 3, [0] * 3, maximums_w, [0] * 3, [weight, weight + 1, weight + 1], [0] * 3, [0, 1, 2])
    return Filling((-1,), (3 * weight + 5,), claims)


def _random_tree(rng: Random) -> tuple[int, ...]:
    """Parents of nodes in preorder, now and then a forest."""
    parents = [-1]
    while rng.random() < 0.8 and len(parents) < 8:
        lineage = [len(parents) - 1]
        while lineage[-1] >= 0:
            lineage.append(parents[lineage[-1]])
        parents.append(rng.choice(lineage if rng.random() < 0.1 else lineage[:-1]))
    return tuple(parents)
