"""The notes call KL(p || m) + KL(q || m) the Jensen-Shannon divergence; it is twice that.

With m = (p + q) / 2 the divergence is half the sum.  The truth is the information that a draw from
p or from q, with equal chances, gives about which it came from: H(m) - H(p)/2 - H(q)/2, at most
log 2, the information in one fair coin.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import entropy

from ...generative.optimal import jensen_shannon
from . import Line


def as_printed(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || m) + KL(q || m)."""
    m = (p + q) / 2
    return float(entropy(p, m) + entropy(q, m))


def corrected(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || m)/2 + KL(q || m)/2."""
    return float(jensen_shannon(p, q))


def experiment() -> list[Line]:
    """Two laws on eight points, and two points apart, at any distance."""
    p, q = np.random.default_rng(0).dirichlet(np.ones(8), size=2)
    information = entropy((p + q) / 2) - entropy(p) / 2 - entropy(q) / 2
    apart = np.eye(8)[0], np.eye(8)[5]
    return [
        Line("eight states", as_printed(p, q), corrected(p, q), information, 1e-12),
        Line("two points apart", as_printed(*apart), corrected(*apart), math.log(2), 1e-12),
    ]
