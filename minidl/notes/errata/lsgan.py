"""The least-squares losses are printed with the wrong signs.

Printed: L_D = -E (D(x) - 1)^2 + E D(y)^2.  It has no least value: the farther D(x) is from 1, the
smaller it is.  The table that the notes follow (Lucic et al. 2018, table 1) means a regression on
the labels, E (D(x) - 1)^2 + E D(y)^2, here times 1/2 as in Mao et al. 2017.

On laws p and q over finitely many points its least value is 1/2 sum p q / (p + q), at
D = p / (p + q).  The printed one is tried at D = -1,000 on the real examples.
"""

from __future__ import annotations

import numpy as np

from ...generative.gan_losses import least_squares_critic_loss as corrected
from . import Line

REAL, FAKE = np.array([0, 0, 1, 2]), np.array([1, 2, 2, 2])  # samples from three points


def as_printed(real: np.ndarray, fake: np.ndarray) -> float:
    """-E (D(x) - 1)^2 + E D(y)^2."""
    return float(-((real - 1) ** 2).mean() + (fake**2).mean())


def experiment() -> list[Line]:
    """The least value that a critic on three points can reach."""
    p, q = (np.bincount(x, minlength=3) / 4 for x in (REAL, FAKE))
    best, steep = p / (p + q), np.array([-1000.0, 0.0, 0.0])
    printed = min(as_printed(d[REAL], d[FAKE]) for d in (best, steep))
    truth = (p * q / (p + q)).sum() / 2
    right = min(float(corrected(d[REAL], d[FAKE])) for d in (best, steep))
    return [Line("the critic's least loss", printed, right, truth, 1e-12)]
