"""The notes put the adversarial autoencoder's lambda before one of its two adversarial terms.

Printed: E_q log eta + lambda E_p log(1 - eta), with q the prior and p the law of the codes.  The
best discriminator is then q / (q + lambda p), so that even equal laws do not bring it to 1/2, and
the value is no divergence.  With lambda before both it is lambda (2 JSD - 2 log 2).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import entropy

from ...autoencoders.adversarial import exact_value
from . import Line


def as_printed(eta: np.ndarray, q: np.ndarray, p: np.ndarray, weight: float) -> float:
    """sum_z q log eta + lambda p log(1 - eta)."""
    return float(np.sum(q * np.log(eta) + weight * p * np.log1p(-eta)))


def corrected(eta: np.ndarray, q: np.ndarray, p: np.ndarray, weight: float) -> float:
    """lambda sum_z (q log eta + p log(1 - eta))."""
    return float(weight * exact_value(eta, q, p))


def experiment() -> list[Line]:
    """lambda = 10: the best eta, found numerically, where q = p; and the value at the best eta."""
    weight, q, p = 10.0, np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.3, 0.6])

    def best(value, q_z, p_z):
        """The eta that makes one point's term greatest."""
        loss = lambda eta: -value(eta, q_z, p_z, weight)
        return minimize_scalar(loss, bounds=(1e-9, 1 - 1e-9), method="bounded").x

    def divergence(value):
        """value / lambda + 2 log 2 at the best eta, which should be 2 JSD."""
        eta = np.array([best(value, *pair) for pair in zip(q, p)])
        return value(eta, q, p, weight) / weight + 2 * np.log(2)

    information = entropy((p + q) / 2) - entropy(p) / 2 - entropy(q) / 2
    return [
        Line("best eta where q = p", best(as_printed, 0.3, 0.3), best(corrected, 0.3, 0.3),
             0.5, 1e-4),
        Line("best value, as 2 JSD", divergence(as_printed), divergence(corrected),
             2 * information, 1e-6),
    ]  # fmt: skip
