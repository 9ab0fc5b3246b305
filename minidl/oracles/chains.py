"""Markov chains on a line, as matrices on a grid: exact where a simulation has noise.

A kernel is (n, n) with rows that sum to 1: the law mu, a row (n,), is mu P after a step.  Langevin
steps have smooth densities, of standard deviation sqrt(2 step c), so that on a grid of points no
further apart than that, sums are integrals to many digits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]  # (n, 1) -> (n,) or (n, 1)


def langevin_kernel(
    points: np.ndarray, score: Function, step: float, temperature: float = 1.0
) -> np.ndarray:
    """Of x + step grad log p(x) + sqrt(2 step c) z.  points: (n,), evenly spaced."""
    mean = points + step * score(points[:, None])[:, 0]
    kernel = np.exp(-((points - mean[:, None]) ** 2) / (4 * step * temperature))
    return kernel / kernel.sum(axis=1, keepdims=True)


def tempering_kernel(
    points: np.ndarray, log_density: Function, score: Function, temperatures: np.ndarray,
    step: float,
) -> np.ndarray:  # fmt: skip
    """Of simulated tempering with exact weights: (K n, K n), the states ordered by level.

    A Langevin step at the level, then with chances 1/4, 1/4, 1/2 an attempt one up, one down, none.
    """
    n, levels = len(points), len(temperatures)
    inverse = 1 / np.asarray(temperatures)
    log_p = log_density(points[:, None]) * inverse[:, None]  # (K, n)
    log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))  # normalised over the grid
    switch = np.zeros((levels, n, levels))  # from level k at x to level k'
    for k in range(levels):
        for to in (k - 1, k + 1):
            if 0 <= to < levels:
                switch[k, :, to] = np.exp(np.minimum(log_p[to] - log_p[k], 0)) / 4
        switch[k, :, k] = 1 - switch[k].sum(axis=1)
    kernel = np.zeros((levels, n, levels, n))
    for k, c in enumerate(temperatures):
        moved = langevin_kernel(points, score, step, c)  # (n, n)
        kernel[k] = np.einsum("xy,yl->xly", moved, switch[k])
    return kernel.reshape(levels * n, levels * n)


def stationary(kernel: np.ndarray) -> np.ndarray:
    """The law that a step leaves as it is: (n,)."""
    n = len(kernel)
    equations = np.vstack([kernel.T - np.eye(n), np.ones(n)])  # mu P = mu, sum of mu = 1
    return np.linalg.lstsq(equations, np.append(np.zeros(n), 1.0), rcond=None)[0]


def steps_until(kernel: np.ndarray, start: np.ndarray, f: np.ndarray, value: float) -> int:
    """How many steps until the mean of f first falls to `value`, if it falls all the time.

    start: (n,), a law.  f: (n,).  By squares of the kernel, so that a billion steps are thirty.
    Raises ValueError if a trillion steps do not do.
    """
    powers, law, count = [kernel], start, 0
    while start @ powers[-1] @ f > value:
        if len(powers) == 40:
            raise ValueError(f"after 2^40 steps the mean is still {start @ powers[-1] @ f:.3g}")
        powers.append(powers[-1] @ powers[-1])
    for number in range(len(powers) - 1, -1, -1):  # the largest count that is not enough
        further = law @ powers[number]
        if further @ f > value:
            law, count = further, count + 2**number
    return count + 1
