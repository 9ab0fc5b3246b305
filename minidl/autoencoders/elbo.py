"""The evidence lower bound, where every sum can be done: a code that takes K values.

    log p(x) = log sum_z p(z) p(x|z)

Jensen's inequality moves the logarithm inside, at the price of a gap.  For any law q over z,

    log p(x) = E_q log p(x, z) / q(z)  +  E_q log q(z) / p(z|x)
             =        ELBO(q)          +   KL(q || posterior)

so the ELBO is a lower bound of log p(x), and q = p(z|x) makes it equal.  To maximise it over q is
to infer, over p to learn; in turns, that is the EM algorithm (Neal and Hinton 1998), and log p(x)
never falls.  A variational autoencoder (`vae`) does both at once by gradients, for codes over which
nobody can sum.

The notes' derivations slip in two places: one scan prints q(x, z)/p(z|x) for q(z|x)/p(z|x)
(`minidl notes elbo-cs7150`), the other prints the same ratio q/p(z|x) twice, with opposite signs,
where the first should be q/p(z) (`minidl notes elbo-derivation`).

Rows of the notes: elbo-cs7150, elbo-maximises.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..checks import checked, normal, probabilities
from ..graph import Tensor
from ..nn import functional as F
from ..ops.elementwise import exp
from ..ops.reduce import logsumexp
from ..ops.special import xlogy


def log_marginal(log_joint: Tensor) -> Tensor:
    """log p(x) = log sum_z p(x, z).  log_joint: (N, K), log p(x, z) of each z.  Returns (N,)."""
    return logsumexp(log_joint, axis=1)


def posterior(log_joint: Tensor) -> Tensor:
    """p(z|x) = p(x, z) / p(x).  log_joint: (N, K).  Returns (N, K)."""
    return exp(F.log_softmax(log_joint, dim=1))


def exact_elbo(log_joint: Tensor, q: Tensor) -> Tensor:
    """sum_z q(z|x) (log p(x, z) - log q(z|x)).  log_joint, q: (N, K).  Returns (N,)."""
    return (q * log_joint - xlogy(q, q)).sum(axis=1)


class BernoulliMixture(NamedTuple):
    """z takes K values; given z, the pixels of x are independent bits.

    prior: (K,), p(z).  on: (K, D), p(x_d = 1 | z).
    """

    prior: np.ndarray
    on: np.ndarray

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """log p(x, z).  x: (N, D) of bits.  Returns (N, K)."""
        return np.log(self.prior) + x @ np.log(self.on).T + (1 - x) @ np.log1p(-self.on).T

    def em_step(self, x: np.ndarray, q: np.ndarray | None = None) -> BernoulliMixture:
        """The mixture whose ELBO with q is greatest; q: (N, K), the posterior unless given."""
        q = posterior(self.log_joint(x)) if q is None else q
        weight = q.sum(axis=0)  # (K,)
        on = q.T @ x / weight[:, None]
        return BernoulliMixture(weight / len(x), np.clip(on, 1e-9, 1 - 1e-9))


checked(log_marginal, log_joint=normal(3, 4))
checked(posterior, log_joint=normal(3, 4))
checked(exact_elbo, log_joint=normal(3, 4), q=probabilities(3, 4))
