"""Denoising autoencoders: rebuild what was there before the noise; and what that has to do with
the score.

    min over r of  E |r(x + sigma e) - x|^2,   x ~ data, e ~ N(0, I)       Vincent et al. 2008

The best r is the conditional mean E[x | x + sigma e].  For any law of the data it satisfies

    r(y) - y = sigma^2 grad log p_sigma(y)                               Tweedie's formula

where p_sigma is the law of the noisy data (Robbins 1956; Miyasawa 1961; Alain and Bengio 2014,
arXiv:1211.4246, as sigma -> 0).  So a denoiser knows the slope of the log density, the score, and
the vector from y to r(y) points uphill, to where data are likely.  The notes leave sigma^2 out
(`minidl notes dae-score`).

Rows of the notes: denoising-ae, dae-score.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..checks import checked, normal
from ..graph import Tensor
from .autoencoder import deep_autoencoder, squared_error

Denoiser = Callable[[Tensor], Tensor]


def denoising_loss(denoiser: Denoiser, x: Tensor, noise: Tensor, sigma: float) -> Tensor:
    """mean_i |r(x_i + sigma e_i) - x_i|^2: the input is noisy, the target is not.

    x, noise: (N, D).
    """
    return squared_error(denoiser(x + sigma * noise), x).mean()


def score(denoiser: Denoiser, y: Tensor, sigma: float) -> Tensor:
    """grad log p_sigma(y), if the denoiser is the best one for noise of this sigma.

    y: (N, D).  Returns (N, D).
    """
    # (r(y) - y) / sigma^2
    return (denoiser(y) - y) / sigma**2


def linear_denoiser(covariance: np.ndarray, sigma: float) -> np.ndarray:
    """The best linear map from noisy to clean data of mean 0: (D, D), for columns y.

    S (S + sigma^2 I)^-1 for data of covariance S: each principal direction is kept in proportion
    to its share of signal, s / (s + sigma^2).  For Gaussian data no denoiser at all is better.
    """
    return np.linalg.solve(covariance + sigma**2 * np.eye(len(covariance)), covariance).T


def _small(rng: Any) -> Any:
    return deep_autoencoder(3, 6, 2, rng=rng)


checked(denoising_loss, denoiser=_small, x=normal(4, 3), noise=normal(4, 3), sigma=0.5)
checked(score, denoiser=_small, y=normal(4, 3), sigma=0.5)
