"""The notes rebuild an input from "the principal coordinates and their respective principal
coordinates": the eigenvectors are missing.

Printed: a linear combination of the coordinates with the coordinates, which is one number, |y|^2.
It is a combination of the eigenvectors, x_hat = mean + sum_i y_i e_i with y_i = e_i . (x - mean).

The truth is the least error of k directions: the sum of the smaller eigenvalues of the covariance.
"""

from __future__ import annotations

import numpy as np

from ...autoencoders.autoencoder import pca
from . import Line


def as_printed(x: np.ndarray, k: int) -> np.ndarray:
    """sum_i y_i y_i, for every feature.  x: (N, D).  Returns (N, D)."""
    fit = pca(x, k)
    y = (x - fit.mean) @ fit.components.T
    return np.broadcast_to((y**2).sum(axis=1, keepdims=True), x.shape)


def corrected(x: np.ndarray, k: int) -> np.ndarray:
    """mean + sum_i y_i e_i."""
    return pca(x, k).reconstruct(x)


def experiment() -> list[Line]:
    """The squared error of rebuilding 200 correlated points from 2 of 5 directions."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 5)) @ rng.standard_normal((5, 5))
    error = lambda x_hat: float(((x_hat - x) ** 2).sum(axis=1).mean())
    least = np.linalg.eigvalsh(np.cov(x.T, bias=True))[:3].sum()
    errors = error(as_printed(x, 2)), error(corrected(x, 2))
    return [Line("squared error, 2 of 5 directions", *errors, float(least), 1e-9)]
