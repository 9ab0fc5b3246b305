"""The notes' recipe for the beta-VAE metric averages codes, and averages away what it looks for.

Printed: generate v1, v2 that agree in factor k, infer z1, z2, "calculate (z_avg, k)" and predict k.
The average of z1 and z2 has mean 0 whatever k is, and a linear classifier can do nothing with it.
The average must be of |z1 - z2|, which is 0 in the unit that stands for k.
"""

from __future__ import annotations

import numpy as np

from ...autoencoders.disentanglement import Represent, Sample, linear_accuracy
from ...autoencoders.disentanglement import betavae_score as corrected
from . import Line


def as_printed(
    represent: Represent, sample: Sample, rng: np.random.Generator, pairs: int, n: int
) -> float:
    """The accuracy with the mean of (z1 + z2) / 2 over the pairs in place of |z1 - z2|."""
    one, other = sample(2 * n * pairs, rng), sample(2 * n * pairs, rng)
    shared = np.repeat(rng.integers(0, one.shape[1], 2 * n), pairs)
    rows = np.arange(len(one))
    other[rows, shared] = one[rows, shared]
    average = (represent(one) + represent(other)) / 2
    return linear_accuracy(average.reshape(2 * n, pairs, -1).mean(axis=1), shared[::pairs], rng)


def experiment() -> list[Line]:
    """Codes that are the four factors themselves should score 1; chance is 1/4."""
    factors = lambda n, rng: rng.standard_normal((n, 4))
    lines = []
    for pairs in (5, 32):
        scores = (
            score(lambda f: f, factors, np.random.default_rng(0), pairs=pairs, n=500)
            for score in (as_printed, corrected)
        )
        lines.append(Line(f"perfect codes, {pairs} pairs", *scores, 1.0, 0.01))
    return lines
