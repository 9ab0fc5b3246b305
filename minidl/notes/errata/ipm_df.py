"""The notes take the functions bounded by 1 to give the total variation; they give twice that.

sup over |f| <= 1 of E_p f - E_q f is attained by f = sign(p - q) and is sum |p - q|, while
TV = max over events A of |p(A) - q(A)| is half of it.  The notes also take unconstrained f to give
the Jensen-Shannon divergence.  Unconstrained, the supremum is infinite wherever p != q; what a GAN
maximises is E_p log D + E_q log(1 - D), and that gives 2 JSD - 2 log 2.

The truths: the largest of all 256 functions with values -1 and 1; the largest of 100,000 values of
D at every point.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.stats import entropy

from ...generative.integral_metrics import bounded_metric
from ...generative.optimal import law_value
from . import Line


def as_printed(p: np.ndarray, q: np.ndarray) -> tuple[float, float]:
    """TV and JSD."""
    m = (p + q) / 2
    return float(np.abs(p - q).sum() / 2), float(entropy(p, m) / 2 + entropy(q, m) / 2)


def corrected(p: np.ndarray, q: np.ndarray) -> tuple[float, float]:
    """2 TV, and the value of the discriminator with logits log p/q, which is 2 JSD - 2 log 2."""
    return float(bounded_metric(p, q)), float(law_value(np.log(p / q), p, q))


def experiment() -> list[Line]:
    """Two laws on eight points."""
    p, q = np.random.default_rng(0).dirichlet(np.ones(8), size=2)
    bounded = max(np.dot(f, p - q) for f in itertools.product([-1, 1], repeat=8))
    d = np.linspace(0, 1, 100_001)[1:-1, None]
    value = (p * np.log(d) + q * np.log(1 - d)).max(axis=0).sum()
    printed, right = as_printed(p, q), corrected(p, q)
    return [
        Line("sup over |f| <= 1", printed[0], right[0], bounded, 1e-12),
        Line("sup of E log D + E log(1 - D)", printed[1], right[1], value, 1e-6),
    ]
