"""The notes take a denoiser's residual for the score; it is sigma^2 times the score.

Printed: r(x) - x, "a vector onto the manifold", is grad log p(x).  For the best denoiser of noise
N(0, sigma^2 I) Tweedie's formula is exact: r(y) - y = sigma^2 grad log p_sigma(y), with p_sigma the
law of the noisy data.
"""

from __future__ import annotations

import numpy as np

from ...autoencoders.denoising import Denoiser
from ...autoencoders.denoising import score as corrected
from ...oracles.gaussians import Mixture
from . import Line


def as_printed(denoiser: Denoiser, y: np.ndarray, sigma: float) -> np.ndarray:
    """r(y) - y."""
    return denoiser(y) - y


def experiment() -> list[Line]:
    """A mixture of two Gaussians, its exact denoiser, and its exact score."""
    law, sigma = Mixture(np.array([0.4, 0.6]), np.array([[-1.5], [1.0]]), np.array([0.1, 0.3])), 0.7
    lines = []
    for y in (-2.0, 0.0, 2.0):
        at = (lambda z: law.denoised(z, sigma), np.array([[y]]), sigma)
        truth = law.with_noise(sigma).score(np.array([[y]])).item()
        found = as_printed(*at).item(), corrected(*at).item()
        lines.append(Line(f"score at {y:g}", *found, truth, 1e-12))
    return lines
