"""The refsheet's derivation of the ELBO has the same term twice, with opposite signs.

Printed: log p(x) = E log p(x|z) - E log q(z|x)/p(z|x) + E log q(z|x)/p(z|x), in which the last two
cancel.  The first of them should have the prior: - E log q(z|x)/p(z), which is the KL of the bound.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp
from scipy.stats import entropy

from . import Line


def as_printed(log_prior: np.ndarray, log_likelihood: np.ndarray, q: np.ndarray) -> float:
    """E_q log p(x|z) - E_q log q/p(z|x) + E_q log q/p(z|x), for a code of K values."""
    posterior = _posterior(log_prior + log_likelihood)
    return float(q @ log_likelihood - entropy(q, posterior) + entropy(q, posterior))


def corrected(log_prior: np.ndarray, log_likelihood: np.ndarray, q: np.ndarray) -> float:
    """E_q log p(x|z) - KL(q || p(z)) + KL(q || p(z|x))."""
    posterior = _posterior(log_prior + log_likelihood)
    return float(q @ log_likelihood - entropy(q, np.exp(log_prior)) + entropy(q, posterior))


def _posterior(log_joint: np.ndarray) -> np.ndarray:
    return np.exp(log_joint - logsumexp(log_joint))


def experiment() -> list[Line]:
    """A code of three values, and three guesses of its posterior; the truth is the sum."""
    log_prior, log_likelihood = np.log([0.5, 0.3, 0.2]), np.log([0.02, 0.4, 0.1])
    truth = float(logsumexp(log_prior + log_likelihood))
    guesses = {
        "even": np.full(3, 1 / 3),
        "the prior": np.exp(log_prior),
        "sure of 1": np.array([0.02, 0.96, 0.02]),
    }
    return [
        Line(f"log p(x), q {name}", as_printed(log_prior, log_likelihood, q),
             corrected(log_prior, log_likelihood, q), truth, 1e-12)
        for name, q in guesses.items()
    ]  # fmt: skip
