"""What a fill is asked and what it answers: the types that the allocator and its certificate share."""

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import TypeAlias

from domain.site.power import Watts
from domain.values import value

NOTHING = -1
"""The binding of a leaf that is at its maximum."""

ITSELF = -2
"""The binding of a leaf whose maximum is below its own minimum."""


@value
class Claims:
    """The leaves of one fill as flat lists, an entry a leaf, in natural id order.

    `nodes` are the indices of the nodes the leaves hang on. A leaf gets `held_w` (it is inside the capacities
    already) or a value in [`minimums_w`, `maximums_w`]. `order` lists the leaves by (tier, rank).
    """

    nodes: list[int]
    minimums_w: list[Watts]
    maximums_w: list[Watts]
    held_w: list[Watts]
    weights: list[int]
    tiers: list[int]
    order: Sequence[int]


@value
class Fill:
    """Whole watts a leaf, and the node that binds each (an index, NOTHING or ITSELF).

    `exact` has the shares (numerator, denominator) that were floored: of leaves whose share is no whole number.
    """

    allocated_w: list[Watts]
    bindings: list[int]
    admitted: list[bool]
    exact: dict[int, tuple[int, int]] = field(default_factory=dict)


Filler: TypeAlias = Callable[[Sequence[int], Sequence[Watts], Claims], Fill]
"""An allocator: the parents of nodes, their net capacities and the claims in, a fill out."""
