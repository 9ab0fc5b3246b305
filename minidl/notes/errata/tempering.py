"""The notes switch levels by the ratio of densities that are not normalised.

Printed: p_k(x) ~ e^{-f(x)/c}, switch to level k' with probability min(p_k'(x) / p_k(x), 1), law
P(x, k) = p_k(x) / K.  With e^{-f/c_k} itself in the ratio level k is visited in proportion to Z_k,
its integral, so that hot levels take all the time; each has to be divided by its Z_k, or weighed by
an estimate of that.  (And c is c_k: with one c for all levels nothing would ever be hot.)
"""

from __future__ import annotations

import numpy as np

from ...generative.tempering import Ladder
from ...generative.tempering import switch_probability as corrected
from ...oracles import chains
from ...oracles.gaussians import Mixture
from . import Line


def as_printed(
    log_density: np.ndarray, ladder: Ladder, level: np.ndarray, to: np.ndarray
) -> np.ndarray:
    """min(1, e^{-f / c_k'} / e^{-f / c_k})."""
    inverse = 1 / ladder.temperatures
    return np.exp(np.minimum((inverse[to] - inverse[level]) * log_density, 0))


def experiment() -> list[Line]:
    """Two modes and two temperatures on a grid: the time at each level of the chain that draws x
    from its level's law and then tries the other level, by linear algebra."""
    law = Mixture(np.array([0.5, 0.5]), np.array([[-2.0], [2.0]]), np.ones(2))
    x, temperatures = np.linspace(-20, 20, 161), np.array([1.0, 8.0])
    log_density = law.log_density(x[:, None])
    levels = np.exp(log_density / temperatures[:, None])  # (2, n), each of mass Z_k
    ladder = Ladder(temperatures, -np.log(levels.sum(axis=1)))
    found = []
    for switch in (as_printed, corrected):
        to_hot, to_cold = (
            np.sum(levels[k] / levels[k].sum() * switch(log_density, ladder, k, 1 - k))
            for k in (0, 1)
        )
        kernel = np.array([[1 - to_hot, to_hot], [to_cold, 1 - to_cold]])
        found.append(chains.stationary(kernel))
    return [
        Line(f"share of the time at c = {c:g}", printed, right, 0.5, 1e-9)
        for c, printed, right in zip(temperatures, *found)
    ]
