"""The CS7150 notes print q(x, z) / p(z|x) in the gap of the ELBO, where q(z|x) / p(z|x) belongs.

With q(x, z) = q(z|x) times the law of the data, the printed gap has log of that law too much, and
bound and gap no longer sum to log p(x).
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from ...autoencoders.elbo import exact_elbo
from . import Line


def as_printed(log_joint: np.ndarray, q: np.ndarray, data: float) -> float:
    """ELBO + E_q log q(x, z) / p(z|x).  log_joint, q: (K,).  data: the law of the data at x."""
    log_posterior = log_joint - logsumexp(log_joint)
    return _elbo(log_joint, q) + float(q @ (np.log(q * data) - log_posterior))


def corrected(log_joint: np.ndarray, q: np.ndarray) -> float:
    """ELBO + E_q log q(z|x) / p(z|x)."""
    log_posterior = log_joint - logsumexp(log_joint)
    return _elbo(log_joint, q) + float(q @ (np.log(q) - log_posterior))


def _elbo(log_joint: np.ndarray, q: np.ndarray) -> float:
    return float(exact_elbo(log_joint[None], q[None])[0])


def experiment() -> list[Line]:
    """A code of three values; a picture that is one in ten of the data, or one in a thousand."""
    log_joint, q = np.log([0.01, 0.12, 0.02]), np.array([0.2, 0.5, 0.3])
    truth = float(logsumexp(log_joint))
    return [
        Line(f"log p(x), x {data:g} of the data", as_printed(log_joint, q, data),
             corrected(log_joint, q), truth, 1e-12)
        for data in (0.1, 0.001)
    ]  # fmt: skip
