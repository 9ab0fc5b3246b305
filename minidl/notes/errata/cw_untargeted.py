"""The notes' untargeted penalty has a minus as superscript, which is read in two ways.

Printed: min |delta| - lambda (max_{i != y} z_i - z_y)^-.  With a^- = min(a, 0) this is a penalty;
with a^- = max(-a, 0), the negative part as most books define it, it rewards what is classified
rightly, without bound.  lambda (z_y - max_{i != y} z_i)^+ has one reading.  Here as_printed is the
books' one.
"""

from __future__ import annotations

import numpy as np

from ...attacks.carlini_wagner import shortfall
from ...attacks.objectives import Goal
from ...graph import tensor
from . import Line


def as_printed(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """-(max_{i != y} z_i - z_y)^-, with a^- = max(-a, 0).  z: (N, K), y: (N,)."""
    others = np.where(np.arange(z.shape[1]) == y[:, None], -np.inf, z).max(axis=1)
    return -np.maximum(z[np.arange(len(y)), y] - others, 0)


def corrected(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(z_y - max_{i != y} z_i)^+."""
    return shortfall(tensor(z), Goal(y)).numpy()


def experiment() -> list[Line]:
    """z_y leads by 2, and by 1: so far it is to the boundary, in logits."""
    y = np.array([0])
    lead = lambda by: np.array([[by, 0.0, -1.0]])
    return [
        Line(f"penalty where z_y leads by {by}", as_printed(lead(by), y)[0],
             corrected(lead(by), y)[0], truth, 1e-12)
        for by, truth in ((2.0, 2.0), (1.0, 1.0))
    ]  # fmt: skip
