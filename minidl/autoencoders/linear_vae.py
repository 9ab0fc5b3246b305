"""The linear VAE, of which everything is known: a VAE that is a probabilistic PCA.

    z ~ N(0, I),  x = W z + m + s e              so that  x ~ N(m, W W' + s^2 I)
    q(z|x) = N(V (x - m), diag sigma^2)

Its ELBO needs no draws: all expectations are those of squares.  Its likelihood is a Gaussian's,
and the maximum of that is known in closed form (Tipping and Bishop 1999; `oracles.gaussians`).  At
the best V and sigma the ELBO reaches it: the posterior of z is N(M^-1 W'(x - m), s^2 M^-1) with
M = W'W + s^2 I, and M is diagonal if the columns of W are orthogonal, which a rotation of z brings
about.  Lucas et al. 2019 (arXiv:1911.02469).

A rotation of z changes nothing else: R z is N(0, I) as well, so W and W R' give x the same law, and
the data cannot tell which of them has "the" factors of variation, whatever the notes say of
independent latent variables (Locatello et al. 2019, arXiv:1811.12359).

And without noise, s = 0, the model gives x a law on a k-dimensional plane, a density of 0 nearly
everywhere else: log p falls to minus infinity as s does, at any point off the plane.

Rows of the notes: elbo-derivation, vae-marginal, degenerate-density; vae-sampling, with `vae`.
"""

from __future__ import annotations

from typing import Any

from .. import nn
from ..checks import checked, normal
from ..creation import eye, zeros
from ..graph import Tensor
from ..ops import linalg
from ..ops.elementwise import exp
from .vae import LOG_2PI, Elbo, gaussian_kl


class LinearVAE(nn.Module):
    """x = W z + m + s e, and q(z|x) = N(V (x - m), diag sigma^2), the same sigma for every x.

    The parameters are W: (D, K), m: (D,), log s^2: (), V: (K, D) and log sigma^2: (K,).
    """

    def __init__(self, d: int, k: int, rng: Any = None) -> None:
        self.W = nn.Linear(k, d, rng=rng).weight
        self.m = nn.Parameter(zeros(d))
        self.log_s2 = nn.Parameter(0.0)
        self.V = nn.Linear(d, k, rng=rng).weight
        self.logvar = nn.Parameter(zeros(k))

    def sample(self, z: Tensor, noise: Tensor) -> Tensor:
        """W z + m + s e.  z: (N, K), noise: (N, D).  Returns (N, D)."""
        return z @ self.W.T + self.m + exp(0.5 * self.log_s2) * noise


def linear_elbo(vae: LinearVAE, x: Tensor) -> Elbo:
    """The pieces of the ELBO, exactly: (N,) each.  x: (N, D)."""
    mu = (x - vae.m) @ vae.V.T  # (N, K)
    residual = x - vae.m - mu @ vae.W.T
    # E_q |x - m - W z|^2 = |x - m - W mu|^2 + sum_k sigma_k^2 |w_k|^2
    squares = (residual**2).sum(axis=1) + (exp(vae.logvar) * (vae.W**2).sum(axis=0)).sum()
    log_likelihood = -0.5 * (x.shape[1] * (LOG_2PI + vae.log_s2) + squares * exp(-vae.log_s2))
    return Elbo(log_likelihood, gaussian_kl(mu, vae.logvar + 0.0 * mu))


def linear_log_marginal(vae: LinearVAE, x: Tensor) -> Tensor:
    """log p(x) = log N(x; m, W W' + s^2 I): (N,).  x: (N, D)."""
    identity = eye(x.shape[1], dtype=x.dtype, device=x.device)
    covariance = vae.W @ vae.W.T + exp(vae.log_s2) * identity  # C
    centred = x - vae.m
    # -1/2 (D log 2 pi + log det C + (x - m)' C^-1 (x - m))
    distance = (centred * linalg.solve(covariance, centred.T).T).sum(axis=1)
    return -0.5 * (x.shape[1] * LOG_2PI + linalg.slogdet(covariance)[1] + distance)


checked(linear_elbo, vae=lambda rng: LinearVAE(4, 2, rng), x=normal(5, 4))
checked(linear_log_marginal, vae=lambda rng: LinearVAE(4, 2, rng), x=normal(5, 4))
