"""Weighted max-min shares by a sequence of linear programs, solved by HiGHS: a second oracle, in floats.

Maximise the common rate; where it cannot be raised for a leaf, which a positive dual proves, fix that leaf; repeat.
"""

from collections.abc import Sequence
from itertools import groupby
from math import inf

from highspy import Highs, HighsModelStatus, ObjSense

from domain.sharing.claims import Claims
from domain.site.power import NO_LIMIT

POSITIVE = 1e-9
"""A dual above this is no rounding error."""


class LexicographicProgram:
    """The program of one filling for a fixed set of admitted leaves: a column a leaf and one for the common rate.

    A row a node keeps its leaves within its capacity; a row a leaf keeps its rate at the common one or above, while
    its tier is filled and it is not fixed yet. Each program starts from the solution before it, or `from_scratch`.
    """

    def __init__(
        self,
        parents: Sequence[int],
        capacities_w: Sequence[int],
        claims: Claims,
        admitted: Sequence[bool],
        *,
        from_scratch: bool = False,
    ) -> None:
        self._claims = claims
        self._from_scratch = from_scratch
        self._on = [leaf for leaf in claims.order if admitted[leaf]]
        self._shares = [float(each) for each in claims.held_w]
        self._column = {leaf: column for column, leaf in enumerate(self._on)}
        self._rate = len(self._on)
        self._highs = Highs()  # type: ignore[no-untyped-call]
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", 1)
        for leaf in self._on:
            self._highs.addVar(claims.minimums_w[leaf], claims.minimums_w[leaf])
        self._highs.addVar(0, inf)
        self._highs.changeColCost(self._rate, 1)
        self._highs.changeObjectiveSense(ObjSense.kMaximize)
        for leaf in self._on:
            self._highs.addRow(-inf, inf, 2, [self._column[leaf], self._rate], [1, -claims.weights[leaf]])
        self._add_capacities(parents, capacities_w)

    def _add_capacities(self, parents: Sequence[int], capacities_w: Sequence[int]) -> None:
        below: list[list[int]] = [[] for _ in parents]
        for leaf in self._on:
            node = self._claims.nodes[leaf]
            while node >= 0:
                below[node].append(leaf)
                node = parents[node]
        for capacity, leaves in zip(capacities_w, below, strict=True):
            if leaves and capacity < NO_LIMIT:
                held = sum(self._claims.held_w[leaf] for leaf in leaves)
                columns = [self._column[leaf] for leaf in leaves]
                self._highs.addRow(-inf, capacity + held, len(leaves), columns, [1] * len(leaves))

    def shares(self) -> list[float]:
        """What every leaf gets, in watts; what it holds where it is not admitted."""
        for _, tier in groupby(self._on, key=self._claims.tiers.__getitem__):
            self._fill(list(tier))
        return self._shares

    def _fill(self, tier: list[int]) -> None:
        rising = set(tier)
        for leaf in tier:
            self._highs.changeColBounds(
                self._column[leaf], self._claims.minimums_w[leaf], self._claims.maximums_w[leaf]
            )
            self._highs.changeRowBounds(self._column[leaf], 0, inf)
        while rising:
            rate, duals = self._raise()
            stopped = {leaf for leaf in rising if self._is_stopped(leaf, rate, duals)}
            if not stopped:
                raise ArithmeticError("no leaf stops the common rate")
            for leaf in stopped:
                self._fix(leaf, min(rate * self._claims.weights[leaf], self._claims.maximums_w[leaf]))
            rising -= stopped

    def _raise(self) -> tuple[float, Sequence[float]]:
        """The highest common rate of those that rise, and the duals of the rows."""
        if self._from_scratch:
            self._highs.clearSolver()
        self._highs.run()
        if self._highs.getModelStatus() != HighsModelStatus.kOptimal:
            raise ArithmeticError(self._highs.modelStatusToString(self._highs.getModelStatus()))
        solution = self._highs.getSolution()
        return solution.col_value[self._rate], solution.row_dual

    def _is_stopped(self, leaf: int, rate: float, duals: Sequence[float]) -> bool:
        is_at_its_maximum = self._claims.maximums_w[leaf] <= rate * self._claims.weights[leaf] + 1e-7
        return is_at_its_maximum or abs(duals[self._column[leaf]]) * self._claims.weights[leaf] > POSITIVE

    def _fix(self, leaf: int, watts: float) -> None:
        self._shares[leaf] = watts
        self._highs.changeColBounds(self._column[leaf], watts, watts)
        self._highs.changeRowBounds(self._column[leaf], -inf, inf)
