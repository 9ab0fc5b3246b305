"""The notes print the minimax game without its second logarithm.

Printed: E_x log D(x) + E_z (1 - D(G(z))).  For laws p and q on finitely many points the best D is
then min(1, p/q), not p / (p + q), and at its best the value is no Jensen-Shannon divergence: for
q = p it is 0 with D = 1 everywhere, where it should be -log 4 with D = 1/2.

The truth is -log 4 + 2 JSD(p, q), with JSD = H((p + q)/2) - H(p)/2 - H(q)/2.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import xlogy
from scipy.stats import entropy

from ...generative.optimal import law_value
from . import Line

GRID = np.linspace(0.001, 0.999, 999)  # values of D that are tried


def as_printed(p: np.ndarray, q: np.ndarray) -> float:
    """sum_x max over D of p log D + q (1 - D)."""
    return float((xlogy(p, GRID[:, None]) + q * (1 - GRID[:, None])).max(axis=0).sum())


def corrected(p: np.ndarray, q: np.ndarray) -> float:
    """sum_x max over D of p log D + q log(1 - D)."""
    logits = np.log(GRID / (1 - GRID))[:, None, None]
    return float(law_value(logits, p[:, None], q[:, None]).max(axis=0).sum())


def experiment() -> list[Line]:
    """Two laws on eight points, and a generator that has arrived."""
    p, q = np.random.default_rng(0).dirichlet(np.ones(8), size=2)
    lines = []
    for name, law in (("generated law differs", q), ("generated law is the data's", p)):
        jsd = entropy((p + law) / 2) - entropy(p) / 2 - entropy(law) / 2
        truth = 2 * jsd - math.log(4)
        lines.append(Line(name, as_printed(p, law), corrected(p, law), truth, 1e-3))
    return lines
