"""In the Wasserstein game the notes let the generator answer the critic, not the critic it.

Printed: min over w, max over theta of E f_w(x) - E f_w(G_theta(z)).  The generator theta should
make small what the critic w makes as large as it can, which is the distance: min over theta, max
over w.  (Who adds and who subtracts matters less than it seems: where -f is a critic if f is one,
the two games differ only in a sign.  What differs is who moves last.  A generator that answers a
fixed critic goes as far as it can, and the critic's best is then to say nothing at all.)

On a line: real examples at 0, the generator gives theta in [-3, 3], and the critic is f_w(x) = w x
with |w| <= 1.  The gap is -w theta, the distance |theta|.  The quantity is how far from the data a
generator can be that solves the game.
"""

from __future__ import annotations

import numpy as np

from ...generative.gan import critic_gap
from . import Line

W, THETA = np.linspace(-1, 1, 41), np.linspace(-3, 3, 61)
GAPS = np.array([
    [critic_gap(lambda x, w=w: w * x, np.zeros(1), np.array([theta])) for theta in THETA] for w in W
])  # fmt: skip


def as_printed() -> float:
    """The farthest theta that attains the maximum at the w which makes the maximum least."""
    row = GAPS[GAPS.max(axis=1).argmin()]
    return float(np.abs(THETA[np.isclose(row, row.max())]).max())


def corrected() -> float:
    """The farthest theta whose maximum over w is least."""
    distances = GAPS.max(axis=0)
    return float(np.abs(THETA[np.isclose(distances, distances.min())]).max())


def experiment() -> list[Line]:
    """Both games on a grid of critics and generators."""
    return [Line("distance of a solution from the data", as_printed(), corrected(), 0.0, 1e-12)]
