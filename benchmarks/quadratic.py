"""The rival: least weighted squares on the tree by solvers of quadratic programs, from matrices built beforehand.

A variable a leaf, a row a node that limits: minimise the sum of w/2 · (R − x/w)² with R above every level. Its optimum
is the weighted max-min share (FILL-7). Each solver runs single-threaded at the loosest of its tolerances that
brings every leaf within ACCURACY_W of the exact share. Also tried, and slower throughout where it got as close: HiGHS,
ProxQP, SCS, and DAQP, which is dense.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import clarabel  # type: ignore[import-untyped]
import numpy as np
import osqp  # type: ignore[import-untyped]
import piqp  # type: ignore[import-untyped]
import qpalm
from scipy import sparse  # type: ignore[import-untyped]

from benchmarks.cases import Filling
from domain.site.power import NO_LIMIT

ACCURACY_W = 10
"""How far from the exact share a leaf may be: a fiftieth of the tolerance a charger is given to apply a setpoint."""

UNIT_W = 10_000
"""Power inside the matrices, so that figures are near 1."""

Vector: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Program:
    """Minimise x'Px/2 + q'x subject to Ax <= upper and low <= x <= high; the exact answer beside it."""

    hessian: Any
    linear: Vector
    rows: Any
    upper: Vector
    low: Vector
    high: Vector
    exact: Vector

    @classmethod
    def of(cls, filling: Filling) -> "Program":
        """The program of a filling with a single tier, for the leaves that it admitted."""
        claims, filled, parents = filling.claims, filling.fill, filling.parents
        leaves = [leaf for leaf, admitted in enumerate(filled.admitted) if admitted]
        limiting = [node for node, capacity in enumerate(filling.capacities_w) if capacity < NO_LIMIT]
        row_of = {node: row for row, node in enumerate(limiting)}
        entries: list[tuple[int, int]] = []
        for column, leaf in enumerate(leaves):
            node = claims.nodes[leaf]
            while node >= 0:
                if node in row_of:
                    entries.append((row_of[node], column))
                node = parents[node]
        weights = np.array([claims.weights[leaf] for leaf in leaves], float)
        high = np.array([claims.maximums_w[leaf] for leaf in leaves]) / UNIT_W
        shares = [Fraction(*filled.exact.get(leaf, (filled.allocated_w[leaf], 1))) for leaf in leaves]
        return cls(
            sparse.diags(1 / weights).tocsc(),
            np.full(len(leaves), -(high / weights).max()),
            sparse.csc_matrix((np.ones(len(entries)), tuple(zip(*entries, strict=True))), (len(limiting), len(leaves))),
            np.array([filling.capacities_w[node] for node in limiting]) / UNIT_W,
            np.array([claims.minimums_w[leaf] for leaf in leaves]) / UNIT_W,
            high,
            np.array([float(share) for share in shares]) / UNIT_W,
        )

    def error_w(self, answer: Vector) -> float:
        """How far the leaf that is furthest off is from its exact share, in watts."""
        return float(np.abs(np.asarray(answer) - self.exact).max()) * UNIT_W


Solver: TypeAlias = Callable[[Program, float], Callable[[], Vector]]
"""Prepares a program for a tolerance; what it returns sets the solver up and solves, to be timed."""


def _by_piqp(program: Program, tolerance: float) -> Callable[[], Vector]:
    def solve() -> Vector:
        solver = piqp.SparseSolver()
        solver.settings.eps_abs = solver.settings.eps_rel = tolerance
        solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = tolerance
        solver.setup(
            program.hessian,
            program.linear,
            None,
            None,
            program.rows,
            None,
            program.upper,
            program.low,
            program.high,
        )
        solver.solve()
        return solver.result.x  # type: ignore[no-any-return]

    return solve


def _by_clarabel(program: Program, tolerance: float) -> Callable[[], Vector]:
    one = sparse.eye(len(program.low))
    rows = sparse.vstack([program.rows, one, -one]).tocsc()
    bounds = np.concatenate([program.upper, program.high, -program.low])
    cones = [clarabel.NonnegativeConeT(len(bounds))]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance

    def solve() -> Vector:
        solver = clarabel.DefaultSolver(program.hessian, program.linear, rows, bounds, cones, settings)
        return np.array(solver.solve().x)

    return solve


def _by_osqp(program: Program, tolerance: float) -> Callable[[], Vector]:
    rows = sparse.vstack([program.rows, sparse.eye(len(program.low))]).tocsc()
    low = np.concatenate([np.full(len(program.upper), -np.inf), program.low])
    high = np.concatenate([program.upper, program.high])
    settings = {"eps_abs": tolerance, "eps_rel": tolerance, "max_iter": 100_000, "verbose": False}

    def solve() -> Vector:
        solver = osqp.OSQP()
        solver.setup(program.hessian, program.linear, rows, low, high, **settings)
        return solver.solve().x  # type: ignore[no-any-return]

    return solve


def _by_qpalm(program: Program, tolerance: float) -> Callable[[], Vector]:
    rows = sparse.vstack([program.rows, sparse.eye(len(program.low))]).tocsc()
    settings = qpalm.Settings()
    settings.eps_abs = settings.eps_rel = tolerance
    settings.verbose = False

    def solve() -> Vector:
        data = qpalm.Data(rows.shape[1], rows.shape[0])
        data.Q, data.q, data.A = program.hessian, program.linear, rows
        data.bmin = np.concatenate([np.full(len(program.upper), -1e20), program.low])
        data.bmax = np.concatenate([program.upper, program.high])
        solver = qpalm.Solver(data, settings)
        solver.solve()
        return solver.solution.x

    return solve


SOLVERS: Mapping[str, Solver] = {
    "PIQP": _by_piqp,
    "Clarabel": _by_clarabel,
    "OSQP": _by_osqp,
    "QPALM": _by_qpalm,
}


@dataclass(frozen=True)
class Rival:
    """A solver at the loosest tolerance that is close enough, and how close that is."""

    tolerance: float
    error_w: float
    solve: Callable[[], Vector]


def rivals(program: Program) -> dict[str, Rival]:
    """The solvers that come close enough."""
    found = {}
    for name, solver in SOLVERS.items():
        for exponent in range(4, 13):
            solve = solver(program, 10.0**-exponent)
            error_w = program.error_w(solve())
            if error_w <= ACCURACY_W:
                found[name] = Rival(10.0**-exponent, error_w, solve)
                break
    return found
