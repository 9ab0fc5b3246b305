"""The notes print p(x) inside the integral that defines p(x), where the prior p(z) belongs.

Printed: p(x) = integral of p(x) p(x|z) dz.  With x|z ~ N(w z, s^2) the right side is p(x) / |w|, so
that nothing but |w| = 1 could satisfy it.  Right: p(x) = integral of p(z) p(x|z) dz, which is
N(x; 0, w^2 + s^2).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from . import Line

Density = Callable[[float], float]


def as_printed(p_x: float, likelihood: Density) -> float:
    """integral of p(x) p(x|z) dz.  likelihood: z -> p(x|z)."""
    return quad(lambda z: p_x * likelihood(z), -40, 40)[0]


def corrected(prior: Density, likelihood: Density) -> float:
    """integral of p(z) p(x|z) dz."""
    return quad(lambda z: prior(z) * likelihood(z), -40, 40)[0]


def experiment() -> list[Line]:
    """w = 3, s = .5, at three x."""
    w, s, lines = 3.0, 0.5, []
    for x in (0.0, 1.0, 4.0):
        likelihood = lambda z, x=x: norm.pdf(x, w * z, s)
        truth = norm.pdf(x, 0, np.hypot(w, s))
        found = as_printed(truth, likelihood), corrected(norm.pdf, likelihood)
        lines.append(Line(f"p(x) at x = {x:g}", *found, truth, 1e-8))
    return lines
