"""Expectations under a normal law in a few dimensions, to the last digits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def normal_expectation(
    f: Callable[[np.ndarray], np.ndarray], dimension: int = 1, points: int = 64
) -> np.ndarray:
    """E f(z) for z ~ N(0, I), by the Gauss-Hermite rule along each axis.

    f: takes z (points^dimension, dimension), returns its values (points^dimension, ...).
    The rule is exact for polynomials of degree 2 points - 1 in each coordinate, and converges
    quickly for functions that are smooth on the scale of the distance between nodes (.2 at 64).
    Returns (...).
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)  # for the weight e^(-z^2 / 2)
    weights = weights / weights.sum()
    grid = np.stack(np.meshgrid(*[nodes] * dimension, indexing="ij"), axis=-1)
    product = np.prod(np.stack(np.meshgrid(*[weights] * dimension, indexing="ij")), axis=0)
    return np.tensordot(product.reshape(-1), f(grid.reshape(-1, dimension)), axes=1)
