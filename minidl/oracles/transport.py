"""The Wasserstein-1 distance between laws on finitely many points.

W1(p, q) = min E d(x, y) over all joint laws with marginals p and q (Kantorovich's problem), or
         = max E_p f - E_q f over all f with |f(x) - f(y)| <= d(x, y) (his dual), or, on a line,
         = the area between the two distribution functions.
Villani, Optimal Transport (2009), chapters 5 and 6.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist


def wasserstein1(distance: np.ndarray, p: np.ndarray, q: np.ndarray) -> tuple[float, np.ndarray]:
    """The least cost of carrying p to q, and the plan that has it.

    distance: (n, m), of point i of p from point j of q.  p: (n,), q: (m,): weights that sum to 1.
    Returns W1, and the plan (n, m): how much goes from i to j.
    """
    n, m = distance.shape
    leaves = sparse.kron(sparse.eye(n), np.ones((1, m)))  # sum_j plan_ij = p_i
    arrives = sparse.kron(np.ones((1, n)), sparse.eye(m))  # sum_i plan_ij = q_j
    solution = _solved(
        linprog(distance.reshape(-1), A_eq=sparse.vstack([leaves, arrives]), b_eq=[*p, *q])
    )
    return float(solution.fun), solution.x.reshape(n, m)


def wasserstein1_samples(x: np.ndarray, y: np.ndarray) -> float:
    """W1 between two samples of equally many points: the mean distance of the best pairs.

    x, y: (n, d).  Where all weights are 1/n, one of the best plans is a permutation (Birkhoff).
    """
    distance = cdist(x, y)
    return float(distance[linear_sum_assignment(distance)].mean())


def wasserstein1_dual(
    distance: np.ndarray, p: np.ndarray, q: np.ndarray
) -> tuple[float, np.ndarray]:
    """The largest E_p f - E_q f of a 1-Lipschitz f, for two laws on the same n points.

    distance: (n, n), a metric.  p, q: (n,).  Returns W1, and f (n,) with f[0] = 0.
    """
    i, j = np.nonzero(~np.eye(len(p), dtype=bool))
    rows = np.arange(len(i))
    differences = sparse.coo_matrix(
        (np.repeat([1.0, -1.0], len(i)), (np.tile(rows, 2), np.concatenate([i, j])))
    )
    bounds = [(0, 0)] + [(None, None)] * (len(p) - 1)  # adding a constant to f changes nothing
    solution = _solved(linprog(q - p, A_ub=differences, b_ub=distance[i, j], bounds=bounds))
    return float(-solution.fun), solution.x


def wasserstein1_line(
    x: np.ndarray, y: np.ndarray, p: np.ndarray | None = None, q: np.ndarray | None = None
) -> float:
    """The area between the distribution functions of p on the points x and q on the points y.

    x, p: (n,), y, q: (m,); without weights every point counts the same.
    """
    p = np.full(len(x), 1 / len(x)) if p is None else p
    q = np.full(len(y), 1 / len(y)) if q is None else q
    points = np.concatenate([x, y])
    order = np.argsort(points, kind="stable")
    difference = np.cumsum(np.concatenate([p, -q])[order])  # of the distribution functions
    return float(np.sum(np.abs(difference[:-1]) * np.diff(points[order])))


def _solved(solution):
    if not solution.success:
        raise RuntimeError(f"the linear program was not solved: {solution.message}")
    return solution
