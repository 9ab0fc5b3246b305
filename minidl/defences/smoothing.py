"""Randomised smoothing: the class that a classifier says most often when noise is added.

    g(x) = argmax_c P[ f(x + e) = c ],    e ~ N(0, sigma^2 I)

If f says c_A with a probability of at least p_A, and every other class with at most p_B, then
g(x + delta) = c_A for all

    |delta|_2 < R = sigma / 2 (Phi^-1(p_A) - Phi^-1(p_B))     Cohen et al. 2019, theorem 1

(arXiv:1902.02918), Phi the standard normal's distribution function.  That is true of any f, and for
a linear one R is the very distance to its boundary.  The certificate is one of g, not of f.

p_A is known by counting only, so the certificate holds with probability 1 - alpha: p_A is replaced
by a lower bound of that confidence, p_B by 1 - p_A.  The bound is one-sided, and counted on draws
other than those that chose c_A.  Where it is not above 1/2, `certify` abstains.  Even if f never
errs, R is at most sigma Phi^-1(alpha^(1/n)) with n draws.

f has to be trained with that noise (`noisy_cross_entropy`), drawn anew for each batch.  sigma is in
the units of x: if the network standardises its input, that happens after the noise.

Rows of the notes: randomized-smoothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

from .. import backend, nn
from ..attacks.access import Access
from ..attacks.access import numpy as on_cpu
from ..checks import checked, normal
from ..graph import Tensor
from ..nn import functional as F
from .obfuscation import log_mean_softmax

ABSTAIN = -1


def radius(sigma: float, p_a: Any, p_b: Any = None) -> Any:
    """R = sigma / 2 (Phi^-1(p_A) - Phi^-1(p_B)), in l2; p_B is 1 - p_A unless given.

    p_a, p_b: numbers or arrays.  Negative where p_A < p_B.
    """
    p_b = 1 - p_a if p_b is None else p_b
    return sigma / 2 * (special.ndtri(p_a) - special.ndtri(p_b))


def lower_confidence(k: Any, n: int, alpha: float) -> Any:
    """A lower bound of p from k successes in n: for every p it is too high at most alpha often.

    The p for which k or more of n have probability alpha: the alpha quantile of Beta(k, n - k + 1);
    0 for k = 0.  Clopper and Pearson 1934, one-sided.  (As one end of a two-sided interval its
    level would be 1 - 2 alpha.)
    """
    k = np.asarray(k)
    return np.where(k > 0, stats.beta.ppf(alpha, np.maximum(k, 1), n - k + 1), 0.0)


# ------------------------------------------------------------------------- the smoothed classifier


class Certificate(NamedTuple):
    """classes: (N,), ABSTAIN where nothing is certified.  radius: (N,) in l2, there 0."""

    classes: np.ndarray
    radius: np.ndarray


def counts(
    model: nn.Module, x: Tensor, sigma: float, n: int, rng: np.random.Generator, batch: int = 1000
) -> np.ndarray:
    """How often the model says each class, of n draws of noise for each example: (N, K).

    x: (N, ...).  batch: noisy examples that are classified at a time.  The model is in eval mode
    meanwhile.
    """
    total: Any = 0
    with Access(model, len(x)) as access:
        for start in range(0, n, max(1, batch // len(x))):
            draws = min(max(1, batch // len(x)), n - start)
            noise = rng.standard_normal((draws, *x.shape), np.float32).astype(x.dtype)
            noisy = x.data + sigma * backend.xp(x.data).asarray(noise)
            logits = access.logits(noisy.reshape(-1, *x.shape[1:])).reshape(draws, len(x), -1)
            said = on_cpu(logits).argmax(axis=2)  # (draws, N)
            total = total + (said[:, :, None] == np.arange(logits.shape[2])).sum(axis=0)
    return total


def predict(
    model: nn.Module, x: Tensor, sigma: float, n: int, alpha: float, rng: np.random.Generator
) -> np.ndarray:
    """The class of g, or ABSTAIN, (N,): another class than g's is said at most alpha often.

    Of the two classes that are counted most often, the first is g's unless an even coin could have
    made the difference (Hung and Fithian 2019, arXiv:1609.00403).
    """
    found = counts(model, x, sigma, n, rng)
    second, first = np.sort(found, axis=1)[:, -2:].T
    p_value = np.minimum(2 * stats.binom.sf(first - 1, first + second, 0.5), 1)
    return np.where(p_value <= alpha, found.argmax(axis=1), ABSTAIN)


def certify(
    model: nn.Module, x: Tensor, sigma: float, n: int, alpha: float, rng: np.random.Generator,
    n0: int = 100,
) -> Certificate:  # fmt: skip
    """The class of g and a radius within which it stays, each right with probability 1 - alpha.

    n0: draws that choose the class.  n: draws that bound its probability.
    (Cohen et al. 2019: n0 = 100, n = 100,000, alpha = .001.)
    """
    chosen = counts(model, x, sigma, n0, rng).argmax(axis=1)
    k = counts(model, x, sigma, n, rng)[np.arange(len(x)), chosen]
    p_a = lower_confidence(k, n, alpha)
    return Certificate(
        np.where(p_a > 0.5, chosen, ABSTAIN), np.where(p_a > 0.5, radius(sigma, p_a), 0.0)
    )


# ---------------------------------------------------------------------------------- with gradients


def noisy_cross_entropy(
    model: nn.Module, x: Tensor, y: Tensor, noise: Tensor, sigma: float
) -> Tensor:
    """CE(model(x + sigma noise), y), averaged: how the base classifier is trained.

    x, noise: (N, ...).
    """
    return F.cross_entropy(model(x + sigma * noise), y)


def soft(model: nn.Module, x: Tensor, noise: Tensor, sigma: float) -> Tensor:
    """log of the mean over the draws of softmax(model(x + sigma noise)): (N, K).

    x: (N, ...), noise: (M, N, ...).  g itself is a step function of counts; this can be attacked
    with gradients (Salman et al. 2019, arXiv:1906.04584, section 2.2).
    """
    noisy = x + sigma * noise  # (M, N, ...)
    logits = model(noisy.reshape(-1, *x.shape[1:]))  # (M N, K)
    return log_mean_softmax(logits.reshape(len(noise), len(x), -1))


def _small(rng: np.random.Generator) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4, rng=rng), nn.Tanh(), nn.Linear(4, 3, rng=rng))


checked(
    noisy_cross_entropy, model=_small, x=normal(4, 3), y=lambda rng: rng.integers(0, 3, 4),
    noise=normal(4, 3), sigma=0.5,
)  # fmt: skip
checked(soft, model=_small, x=normal(4, 3), noise=normal(2, 4, 3), sigma=0.5)
