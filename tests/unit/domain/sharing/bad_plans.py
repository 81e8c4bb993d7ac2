"""Fills and setpoints with one thing wrong, beside good ones that come close; the certificate has to know which."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.sharing.claims import ITSELF, NOTHING, Claims, Fill
from domain.site.power import NO_LIMIT

ROOT, FEEDER, OPEN = 0, 1, 2
PARENTS = (-1, ROOT, ROOT)
"""A root of 100 W over a feeder of 50 W and one without a limit."""

CAPACITIES_W = (100, 50, NO_LIMIT)

CLAIMS = Claims(
    nodes=[FEEDER, FEEDER, OPEN, OPEN, OPEN, FEEDER],
    minimums_w=[10, 0, 20, 0, 80, 8],
    maximums_w=[40, 40, 30, 50, 90, 5],
    held_w=[0] * 6,
    weights=[1] * 6,
    tiers=[0, 0, 0, 1, 0, 0],
    order=[0, 1, 2, 4, 5, 3],
)
"""Leaves 0 and 1 share the feeder, 2 gets all it wants, 3 of the next tier the rest, 4 and 5 are held off."""

GOOD = Fill(
    allocated_w=[25, 25, 30, 20, 0, 0],
    bindings=[FEEDER, FEEDER, NOTHING, ROOT, ROOT, ITSELF],
    admitted=[True, True, True, True, False, False],
)


@dataclass(frozen=True)
class JudgedFill:
    """A fill and the letter of the certificate (FILL-15) that it breaks; None for a good one."""

    what: str
    letter: str | None
    fill: Fill
    claims: Claims = CLAIMS
    capacities_w: tuple[int, ...] = CAPACITIES_W


@dataclass(frozen=True)
class JudgedSetpoints:
    """Setpoints of three connectors: two below a feeder with 50 W free, one below a feeder that holds 20 W too much."""

    what: str
    letter: str | None
    limits_w: Sequence[int]
    exposures_w: Sequence[int] = (30, 10, 50)
    targets_w: Sequence[int] = (80, 60, 50)
    minimums_w: Sequence[int] = (0, 0, 0)
    ratings_w: Sequence[int] = (100, 100, 100)
    room_w: Sequence[int] = (100, 50, -20)
    capacities_w: Sequence[int] = (190, 90, 30)

    @property
    def question(self) -> dict[str, Sequence[int]]:
        """The arguments of `check_sent`."""
        return {
            "parents": PARENTS,
            "room_w": self.room_w,
            "capacities_w": self.capacities_w,
            "nodes": (1, 1, 2),
            "exposures_w": self.exposures_w,
            "minimums_w": self.minimums_w,
            "ratings_w": self.ratings_w,
            "targets_w": self.targets_w,
            "limits_w": self.limits_w,
        }


def _fill(what: str, letter: str | None, changes: dict[str, dict[int, Any]], **others: Any) -> JudgedFill:
    """The good fill with some entries of its lists replaced."""
    lists: dict[str, Any] = {
        name: [entries.get(leaf, own) for leaf, own in enumerate(getattr(GOOD, name))]
        for name, entries in changes.items()
    }
    return JudgedFill(what, letter, replace(GOOD, **lists), **others)


def _claims(**changes: dict[int, int]) -> Claims:
    return replace(
        CLAIMS,
        **{
            name: [entries.get(leaf, own) for leaf, own in enumerate(getattr(CLAIMS, name))]
            for name, entries in changes.items()
        },
    )


FILLS = (
    _fill("the fill itself", None, {}),
    _fill("a watt over the root", "F", {"allocated_w": {3: 21}}),
    _fill("a watt over the feeder", "F", {"allocated_w": {0: 26, 3: 19}}),
    _fill(
        "a watt over a feeder below an unlimited root", "F", {"allocated_w": {0: 26}}, capacities_w=(NO_LIMIT, 50, 50)
    ),
    _fill("a watt below the minimum", "B", {"allocated_w": {0: 9}}),
    _fill(
        "a watt below the minimum, and nothing else",
        "B",
        {"allocated_w": {0: 9, 1: 40}},
        claims=_claims(weights={1: 7}),
    ),
    _fill(
        "a watt above the maximum, and nothing else",
        "B",
        {"allocated_w": {0: 9, 1: 41}},
        claims=_claims(minimums_w={0: 0, 4: 90}, weights={1: 7}),
    ),
    _fill("admitted, but off below the minimum", "B", {"allocated_w": {0: 0}}),
    _fill("a watt above the maximum", "B", {"allocated_w": {2: 31, 3: 19}}),
    _fill("held off, but not off", "B", {"allocated_w": {4: 1, 3: 19}}),
    _fill("held off by itself, but not off", "B", {"allocated_w": {5: 5, 0: 23, 1: 22}}),
    _fill("below the maximum and bound by nothing", "E", {"allocated_w": {2: 29}}),
    _fill("held off by nothing", "E", {"bindings": {4: NOTHING}}),
    _fill(
        "at the maximum of nothing, held off by nothing",
        "E",
        {"bindings": {5: NOTHING}},
        claims=_claims(maximums_w={5: 0}),
    ),
    _fill("held off where its minimum fits exactly", "A", {}, claims=_claims(minimums_w={4: 70})),
    _fill("held off where its minimum fails by a watt", None, {}, claims=_claims(minimums_w={4: 71})),
    _fill("held off by what comes after it", "A", {}, claims=replace(CLAIMS, order=[4, 0, 1, 2, 5, 3])),
    _fill("held off by a node that is not above it", "A", {"bindings": {4: FEEDER}}),
    _fill("held off by itself, but its minimum is not above its maximum", "A", {"bindings": {4: ITSELF}}),
    _fill("held off by itself, its minimum equals its maximum", "A", {}, claims=_claims(maximums_w={5: 8})),
    _fill("held off by the feeder, where what it asks fits", "A", {"bindings": {5: FEEDER}}),
    _fill("bound by the feeder, which has a watt a leaf to spare", None, {}, capacities_w=(100, 53, NO_LIMIT)),
    _fill(
        "bound by the feeder, which has room for a watt a leaf and one more", "M", {}, capacities_w=(100, 54, NO_LIMIT)
    ),
    _fill("bound by a node that is not above it", "M", {"bindings": {3: FEEDER}}),
    _fill("bound by itself", "M", {"bindings": {0: ITSELF}}),
    _fill("bound by a node without a limit", "M", {"bindings": {3: OPEN}}),
    _fill("a peer has more than a floored watt more", "M", {"allocated_w": {0: 26, 1: 24}}),
    _fill("a peer has a floored watt more", None, {"allocated_w": {0: 26}}, capacities_w=(101, 51, NO_LIMIT)),
    _fill(
        "a peer has more only because of its minimum",
        None,
        {"allocated_w": {0: 30, 1: 20}},
        claims=_claims(minimums_w={0: 30}),
    ),
    _fill(
        "a peer has more because it weighs more",
        None,
        {"allocated_w": {0: 35, 1: 15}},
        claims=_claims(weights={0: 7, 1: 3}),
    ),
    _fill("a peer has as much, but weighs less", "M", {}, claims=_claims(weights={0: 7, 1: 3})),
    _fill(
        "the slower of the heavier and the lighter peer is not the fastest",
        "M",
        {"allocated_w": {0: 30, 1: 20}},
        claims=_claims(weights={0: 3, 1: 1}),
    ),
    _fill(
        "the lighter of two peers is the fastest",
        "M",
        {"allocated_w": {0: 20, 1: 30}},
        claims=_claims(weights={1: 3}),
    ),
    _fill("the next tier is served first", "M", {"allocated_w": {2: 20, 3: 30}, "bindings": {2: ROOT}}),
    _fill(
        "minimums of the next tier leave no more",
        None,
        {"allocated_w": {2: 25, 3: 25}, "bindings": {2: ROOT}},
        claims=_claims(minimums_w={3: 25}),
    ),
)

GROUPED_CLAIMS = Claims(
    nodes=[FEEDER, FEEDER, OPEN, OPEN, OPEN],
    minimums_w=[5, 0, 0, 10, 86],
    maximums_w=[40, 40, 20, 30, 90],
    held_w=[0] * 5,
    weights=[1] * 5,
    tiers=[0, 1, 0, 0, 1],
    order=[0, 2, 3, 1, 4],
)
"""Leaves 0 and 1 share what the feeder gets, 0 first; 2 and 3 what the other gets; 4 is held off."""

GROUPED = Fill([40, 10, 20, 30, 0], [NOTHING, FEEDER, NOTHING, NOTHING, ROOT], [True, True, True, True, False])

GROUPS = Claims([FEEDER, OPEN], [5, 10], [80, 50], [0, 0], [1, 1], [0, 0], [0, 1])

SHARES = Fill([50, 50], [FEEDER, NOTHING], [True, True])


@dataclass(frozen=True)
class JudgedShares:
    """A fill whose nodes share first, and the letter that it breaks; None for a good one."""

    what: str
    letter: str | None
    fill: Fill = GROUPED
    groups: Claims = GROUPS
    shares: Fill = SHARES
    claims: Claims = GROUPED_CLAIMS

    @property
    def question(self) -> dict[str, Any]:
        """The arguments of `check_shared_fill`."""
        return {
            "parents": PARENTS,
            "capacities_w": CAPACITIES_W,
            "claims": self.claims,
            "fill": self.fill,
            "groups": self.groups,
            "shares": self.shares,
        }


SHARED_FILLS = (
    JudgedShares("the shares themselves", None),
    JudgedShares("a watt over the feeder", "F", replace(GROUPED, allocated_w=[40, 11, 20, 29, 0])),
    JudgedShares(
        "a watt over its share, where the node has room", "F", shares=Fill([50, 49], [FEEDER, ROOT], [True, True])
    ),
    JudgedShares("a watt below the minimum", "B", replace(GROUPED, allocated_w=[4, 40, 20, 30, 0])),
    JudgedShares(
        "a watt above the maximum of the second",
        "B",
        replace(GROUPED, allocated_w=[9, 41, 20, 30, 0], bindings=[FEEDER, FEEDER, NOTHING, NOTHING, ROOT]),
    ),
    JudgedShares("below the maximum and bound by nothing", "E", replace(GROUPED, bindings=[NOTHING] * 4 + [ROOT])),
    JudgedShares("held off where its minimum fits", "A", claims=replace(GROUPED_CLAIMS, minimums_w=[5, 0, 0, 10, 85])),
    JudgedShares("a watt a leaf lost to flooring", None, replace(GROUPED, allocated_w=[40, 8, 20, 30, 0])),
    JudgedShares("more lost than to flooring", "M", replace(GROUPED, allocated_w=[40, 7, 20, 30, 0])),
    JudgedShares(
        "the later tier is served first",
        "M",
        replace(GROUPED, allocated_w=[20, 30, 20, 30, 0], bindings=[FEEDER, FEEDER, NOTHING, NOTHING, ROOT]),
    ),
    JudgedShares(
        "bound by another node than its share", "M", replace(GROUPED, bindings=[NOTHING, ROOT, NOTHING, NOTHING, ROOT])
    ),
    JudgedShares(
        "a share that is not full",
        "M",
        replace(GROUPED, allocated_w=[40, 5, 20, 30, 0]),
        shares=replace(SHARES, allocated_w=[45, 50]),
    ),
    JudgedShares("claims less than its leaves", "C", groups=replace(GROUPS, maximums_w=[79, 50])),
    JudgedShares("claims no minimum", "C", groups=replace(GROUPS, minimums_w=[0, 10])),
    JudgedShares("claims in the tier of its last leaf", "C", groups=replace(GROUPS, tiers=[1, 0], order=[1, 0])),
    JudgedShares(
        "claims for a leaf that is held off",
        "C",
        groups=replace(GROUPS, minimums_w=[5, 96], maximums_w=[80, 140]),
    ),
)


SPARE = Fill([15, 15], [FEEDER, FEEDER], [True, True])


@dataclass(frozen=True)
class JudgedSpare:
    """What four connectors get of what their targets leave, and the letter that it breaks; None where it is right.

    The first two hang on the feeder of 50 W. The first has its target and may have more, the second stands by and has
    a minimum, the third has all it may have, the fourth was held off.
    """

    what: str
    letter: str | None
    fill: Fill = SPARE
    leaves: Sequence[int] = (0, 1)
    minimums_w: Sequence[int] = (0, 10)
    maximums_w: Sequence[int] = (20, 30)
    targets_w: Sequence[int] = (20, 0, 40, 0)
    fulls_w: Sequence[int] = (40, 30, 40, 90)
    capacities_w: Sequence[int] = CAPACITIES_W

    @property
    def question(self) -> dict[str, Any]:
        """The arguments of `check_spare`."""
        nodes, count = [FEEDER, FEEDER, OPEN, OPEN], len(self.leaves)
        return {
            "parents": PARENTS,
            "capacities_w": self.capacities_w,
            "nodes": nodes,
            "targets_w": self.targets_w,
            "admitted": [True, True, True, False],
            "minimums_w": [20, 10, 10, 80],
            "fulls_w": self.fulls_w,
            "leaves": self.leaves,
            "claims": Claims(
                nodes=[nodes[leaf] for leaf in self.leaves],
                minimums_w=list(self.minimums_w),
                maximums_w=list(self.maximums_w),
                held_w=[0] * count,
                weights=[1] * count,
                tiers=[0] * count,
                order=range(count),
            ),
            "fill": self.fill,
        }


SPARES = (
    JudgedSpare("what is left of the feeder", None),
    JudgedSpare("a watt more than is left of the feeder", "F", Fill([15, 16], [FEEDER, FEEDER], [True, True])),
    JudgedSpare("a watt more than is left of the root", "F", capacities_w=(89, 50, NO_LIMIT)),
    JudgedSpare("more for one than for the other", "M", Fill([20, 10], [NOTHING, FEEDER], [True, True])),
    JudgedSpare("less than is left", "M", Fill([13, 13], [FEEDER, FEEDER], [True, True])),
    JudgedSpare("below the minimum of one that stands by", "B", Fill([20, 9], [NOTHING, FEEDER], [True, True])),
    JudgedSpare("who stands by claims no minimum", "R", minimums_w=(0, 0)),
    JudgedSpare("who is on claims its minimum again", "R", minimums_w=(20, 10)),
    JudgedSpare("one claims a watt more than it may have", "R", maximums_w=(21, 30)),
    JudgedSpare("one claims a watt less than it may have", "R", maximums_w=(20, 29)),
    JudgedSpare(
        "who stands by is left out", "R", Fill([20], [NOTHING], [True]), (0,), minimums_w=(0,), maximums_w=(20,)
    ),
    JudgedSpare(
        "who has all it may have takes part",
        "R",
        Fill([15, 15, 0], [FEEDER, FEEDER, NOTHING], [True, True, True]),
        (0, 1, 2),
        minimums_w=(0, 10, 0),
        maximums_w=(20, 30, 0),
    ),
    JudgedSpare(
        "who was held off takes part",
        "R",
        Fill([15, 15, 0], [FEEDER, FEEDER, ROOT], [True, True, False]),
        (0, 1, 3),
        minimums_w=(0, 10, 80),
        maximums_w=(20, 30, 90),
    ),
)

SETPOINTS = (
    JudgedSetpoints("raises that fill the room exactly", None, (60, 30, 50)),
    JudgedSetpoints("raises of a watt more than the feeder has", "S", (60, 31, 50)),
    JudgedSetpoints("raises of a watt more than the root has", "S", (60, 30, 50), room_w=(49, 50, -20)),
    JudgedSetpoints("a decrease that has not happened pays for a raise", "S", (81, 0, 50), targets_w=(81, 60, 50)),
    JudgedSetpoints("a decrease below a node without room", None, (30, 10, 40)),
    JudgedSetpoints("a raise below a node without room", "S", (30, 10, 51), targets_w=(80, 60, 60)),
    JudgedSetpoints("a raise to a watt above the target", "S", (61, 10, 50), targets_w=(60, 60, 50)),
    JudgedSetpoints("a decrease that waits", None, (30, 10, 50), targets_w=(25, 60, 50)),
    JudgedSetpoints(
        "a decrease that waits where all room is taken",
        None,
        (30, 10, 50),
        targets_w=(25, 60, 50),
        room_w=(100, 0, -20),
        capacities_w=(190, 40, 30),
    ),
    JudgedSetpoints(
        "a decrease that waits where room is missing until another has happened",
        None,
        (30, 0, 50),
        targets_w=(25, 0, 50),
        room_w=(100, -5, -20),
        capacities_w=(190, 35, 30),
    ),
    JudgedSetpoints(
        "a decrease that waits for a raise that needs its room",
        "S",
        (30, 60, 50),
        targets_w=(25, 60, 50),
        capacities_w=(190, 89, 30),
    ),
    JudgedSetpoints("exactly the minimum", None, (30, 10, 50), minimums_w=(30, 0, 0)),
    JudgedSetpoints("a watt below the minimum", "S", (29, 10, 50), minimums_w=(30, 0, 0)),
    JudgedSetpoints("a single watt below a minimum of two", "S", (1, 10, 50), minimums_w=(2, 0, 0)),
    JudgedSetpoints("off below the minimum", None, (0, 10, 50), minimums_w=(30, 0, 0)),
    JudgedSetpoints("exactly the rating", None, (30, 10, 50), ratings_w=(30, 100, 100)),
    JudgedSetpoints("a watt above the rating", "S", (30, 10, 50), ratings_w=(29, 100, 100)),
)
