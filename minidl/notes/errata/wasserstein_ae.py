"""The notes put logarithms into the critic's objective, which then has no maximum.

Printed: max over 1-Lipschitz eta of E_q ln eta(z) - E_p ln eta(z').  Take q in one point, p in
another at distance 1, and eta(z') = delta, eta(z) = 1 + delta.  That eta is 1-Lipschitz for every
delta > 0, and the value ln((1 + delta) / delta) grows without bound as delta falls.  Without the
logarithms it is 1, the distance, for every delta.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...autoencoders.wasserstein import critic_gap as corrected
from ...oracles import wasserstein1
from . import Line

Critic = Callable[[np.ndarray], np.ndarray]


def as_printed(critic: Critic, prior: np.ndarray, code: np.ndarray) -> float:
    """E_q ln eta(z) - E_p ln eta(z')."""
    return float(np.log(critic(prior)).mean() - np.log(critic(code)).mean())


def experiment() -> list[Line]:
    """The prior at 1, the codes at 0; critics eta(z) = delta + z."""
    prior, code, all_of_it = np.array([[1.0]]), np.array([[0.0]]), np.array([1.0])
    distance, _ = wasserstein1(np.abs(prior - code), all_of_it, all_of_it)
    lines = []
    for delta in (1e-1, 1e-3, 1e-6, 1e-12):
        critic = lambda z, delta=delta: delta + z
        values = (as_printed(critic, prior, code), float(corrected(critic, prior, code)))
        lines.append(Line(f"eta = {delta:g} at the codes", *values, distance, 1e-9))
    return lines
