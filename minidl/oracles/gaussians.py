"""Closed forms for normal laws and their mixtures.

Covariances are matrices (D, D); several points are (N, D).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import sqrtm
from scipy.special import logsumexp


def log_density(x: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """log N(x; mean, covariance).  x: (N, D).  Returns (N,)."""
    residual = x - mean
    _, logdet = np.linalg.slogdet(covariance)
    distance = np.sum(residual * np.linalg.solve(covariance, residual.T).T, axis=1)
    return -0.5 * (distance + logdet + x.shape[1] * np.log(2 * np.pi))


def kl(mean0: np.ndarray, cov0: np.ndarray, mean1: np.ndarray, cov1: np.ndarray) -> float:
    """KL(N(mean0, cov0) || N(mean1, cov1)) in nats."""
    # 1/2 (tr(S1^-1 S0) + (m1 - m0)' S1^-1 (m1 - m0) - D + log det S1 - log det S0)
    d = mean1 - mean0
    trace = np.trace(np.linalg.solve(cov1, cov0))
    logdets = np.linalg.slogdet(cov1)[1] - np.linalg.slogdet(cov0)[1]
    return float(0.5 * (trace + d @ np.linalg.solve(cov1, d) - len(d) + logdets))


def wasserstein2_squared(
    mean0: np.ndarray, cov0: np.ndarray, mean1: np.ndarray, cov1: np.ndarray
) -> float:
    """W2^2 = |m0 - m1|^2 + tr(S0 + S1 - 2 (S0^1/2 S1 S0^1/2)^1/2).

    Dowson and Landau 1982, Journal of Multivariate Analysis 12(3).
    """
    root = sqrtm(cov0)
    cross = np.real(np.trace(sqrtm(root @ cov1 @ root)))
    return float(np.sum((mean0 - mean1) ** 2) + np.trace(cov0 + cov1) - 2 * cross)


class ProbabilisticPCA(NamedTuple):
    """x = W z + mean + noise of variance sigma2, with z ~ N(0, I)."""

    W: np.ndarray  # (D, K)
    sigma2: float
    log_likelihood: float  # the mean over the data, in nats an example


def probabilistic_pca(x: np.ndarray, k: int) -> ProbabilisticPCA:
    """The maximum-likelihood probabilistic PCA of the data x: (N, D).

    With eigenvalues l_1 >= ... >= l_D of the covariance (divided by N) and its eigenvectors U:
    sigma2 = mean of l_{k+1..D},  W = U_k (L_k - sigma2 I)^1/2,
    log p = -1/2 (D log 2 pi + sum_{i<=k} log l_i + (D - k) log sigma2 + D).
    Tipping and Bishop 1999, Journal of the Royal Statistical Society B 61(3), equations 7, 8, 15.
    """
    d = x.shape[1]
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    sigma2 = values[k:].mean()
    W = vectors[:, :k] * np.sqrt(values[:k] - sigma2)
    logdet = np.log(values[:k]).sum() + (d - k) * np.log(sigma2)
    return ProbabilisticPCA(W, float(sigma2), float(-0.5 * (d * np.log(2 * np.pi) + logdet + d)))


def reverse_water_filling(variances: np.ndarray, level: float) -> tuple[float, float]:
    """The rate in nats, and the squared error, of a Gaussian source coded down to a noise level.

    variances: (K,), of independent components.  A component below the level is not coded at all:
        rate = 1/2 sum_k max(0, log(variance_k / level)),   error = sum_k min(variance_k, level).
    Cover and Thomas 2006, Elements of Information Theory, theorem 10.3.3.  A linear beta-VAE with
    observation noise s^2 ends there, with level beta s^2, the KL as rate, and for error the mean
    under q: of one direction of variance v the objective (v (1 - a b)^2 + a^2 t) / 2 s^2 +
    beta (b^2 v + t - 1 - log t) / 2 is least at a^2 = v - level, b = a / v, t = level / v.
    """
    coded = np.maximum(variances / level, 1)
    return float(0.5 * np.log(coded).sum()), float(np.minimum(variances, level).sum())


def total_correlation(covariance: np.ndarray) -> float:
    """KL(N(0, S) || the product of its marginals) = 1/2 (sum_i log S_ii - log det S).

    Watanabe 1960, IBM Journal of Research and Development 4(1).
    """
    return float(0.5 * (np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1]))


class Mixture(NamedTuple):
    """sum_k weights_k N(means_k, variances_k I).  weights: (K,), means: (K, D), variances: (K,)."""

    weights: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    def _log_joint(self, x: np.ndarray) -> np.ndarray:
        """log of weight times density of each component at each point: (N, K)."""
        squares = np.sum((x[:, None] - self.means) ** 2, axis=2)
        constants = x.shape[1] * np.log(2 * np.pi * self.variances)
        return np.log(self.weights) - 0.5 * (squares / self.variances + constants)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """log p(x).  x: (N, D).  Returns (N,)."""
        return logsumexp(self._log_joint(x), axis=1)

    def responsibilities(self, x: np.ndarray) -> np.ndarray:
        """p(k | x): (N, K)."""
        joint = self._log_joint(x)
        return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))

    def score(self, x: np.ndarray) -> np.ndarray:
        """grad_x log p(x) = sum_k p(k | x) (means_k - x) / variances_k: (N, D)."""
        pulls = (self.means - x[:, None]) / self.variances[:, None]
        return np.einsum("nk,nkd->nd", self.responsibilities(x), pulls)

    def with_noise(self, sigma: float) -> Mixture:
        """The law of x + sigma e with e ~ N(0, I)."""
        return self._replace(variances=self.variances + sigma**2)

    def scaled(self, factor: float) -> Mixture:
        """The law of factor x."""
        return self._replace(means=factor * self.means, variances=factor**2 * self.variances)

    def denoised(self, y: np.ndarray, sigma: float) -> np.ndarray:
        """E[x | x + sigma e = y], as the posterior mean of each component, weighted: (N, D)."""
        share = (self.variances / (self.variances + sigma**2))[:, None]  # (K, 1)
        means = self.means + share * (y[:, None] - self.means)  # (N, K, D)
        return np.einsum("nk,nkd->nd", self.with_noise(sigma).responsibilities(y), means)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n points, (n, D)."""
        k = rng.choice(len(self.weights), n, p=self.weights)
        noise = rng.standard_normal((n, self.means.shape[1]))
        return self.means[k] + np.sqrt(self.variances[k])[:, None] * noise
