"""A discriminator does not measure JSD "at an individual sample level".

Printed, as a claim: training the adversary provably measures JSD from samples.  The value of the
best discriminator is 2 JSD - 2 log 2 of the two laws it is an expectation over; over two finite
samples of a continuous law these are the samples themselves, which have no point in common, and
the "JSD" is log 2 although the laws are equal.  The right statement is about the laws.
"""

from __future__ import annotations

import numpy as np

from ...autoencoders.adversarial import exact_value, optimal_discriminator
from . import Line

CELLS = 1_000_000  # a uniform law on so many points is as good as continuous


def as_printed(one: np.ndarray, other: np.ndarray) -> float:
    """value / 2 + log 2 of the best discriminator of two samples.  one, other: (n,), integers."""
    points, where = np.unique(np.concatenate([one, other]), return_inverse=True)
    q, p = (
        np.bincount(part, minlength=len(points)) / len(part) for part in np.split(where, [len(one)])
    )
    return corrected(q, p)


def corrected(q: np.ndarray, p: np.ndarray) -> float:
    """value / 2 + log 2 of the best discriminator of two laws: their JSD.  q, p: (K,)."""
    return float(exact_value(optimal_discriminator(q, p), q, p) / 2 + np.log(2))


def experiment() -> list[Line]:
    """Two samples of 50 from one uniform law."""
    one, other = np.random.default_rng(0).integers(0, CELLS, (2, 50))
    law = np.full(CELLS, 1 / CELLS)
    return [Line("JSD of a law to itself", as_printed(one, other), corrected(law, law), 0.0, 1e-9)]
