"""The notes' Jensen-Shannon divergence is minus a symmetrised Kullback-Leibler divergence.

Printed: JSD = E[-log p/q] + E[-log q/p].  Read with one expectation under p it is identically 0;
with the first under p and the second under q it is -KL(p || q) - KL(q || p), which is negative, and
infinite where the two laws have no point in common.

The truth is the information that a draw from p or from q, with equal chances, gives about which of
them it came from: H(m) - H(p)/2 - H(q)/2 with m = (p + q) / 2.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import entropy

from ...autoencoders.divergences import jensen_shannon as corrected
from ...autoencoders.divergences import kl_divergence
from . import Line


def as_printed(p: np.ndarray, q: np.ndarray) -> float:
    """E_p[-log p/q] + E_q[-log q/p]."""
    return float(-kl_divergence(p, q) - kl_divergence(q, p))


def experiment() -> list[Line]:
    """Two laws on three points that overlap, and two that do not."""
    p, q = np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.3, 0.6])
    apart = np.array([0.5, 0.5, 0.0, 0.0]), np.array([0.0, 0.0, 0.25, 0.75])
    information = entropy((p + q) / 2) - entropy(p) / 2 - entropy(q) / 2
    return [
        Line("p and q overlap", as_printed(p, q), float(corrected(p, q)), information, 1e-12),
        Line("no common point", as_printed(*apart), float(corrected(*apart)), math.log(2), 1e-12),
    ]
