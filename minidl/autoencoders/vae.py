"""Variational autoencoder: a decoder that is a probability law, an encoder that infers.

    z ~ N(0, I),  x ~ p(x|z),  q(z|x) = N(mu(x), diag sigma(x)^2)

    log p(x) = log of the integral of p(z) p(x|z) dz
            >= E_q log p(x|z) - KL(q(z|x) || p(z))       the evidence lower bound, ELBO

Kingma and Welling 2014 (arXiv:1312.6114), Rezende, Mohamed and Wierstra 2014 (arXiv:1401.4082).
The gap is KL(q(z|x) || p(z|x)), see `elbo`.  The expectation is estimated from a draw
z = mu + sigma e with e ~ N(0, I), through which gradients pass: the noise is an input, not a step.

Likelihood and KL are both summed, the one over the pixels, the other over the code, and only then
averaged over examples.  A squared error averaged over d pixels would be the likelihood of a noise
d times as large, and weigh the KL d/2 times too heavily: with images, the codes then carry nothing
(`minidl notes vae-recon-mse`).  Where the notes print the integral with p(x) for the prior p(z),
that is no law of x at all (`minidl notes vae-marginal`).

beta-VAE (Higgins et al. 2017) weighs the KL by beta.  More of it makes the pictures worse, and may
bring code units nearer to single factors, until it drops them: that more is always better, as the
notes say, is not so (`minidl run beta-vae`).

Rows of the notes: gaussian-kl, vae-recon-mse, reparam, inference-net, vae-sampling, beta-vae.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import nn
from ..checks import checked, normal
from ..creation import linspace
from ..graph import Tensor
from ..nn import functional as F
from ..ops.elementwise import exp
from ..optim import Optimizer
from .autoencoder import descend, mlp

LOG_2PI = math.log(2 * math.pi)

# ------------------------------------------------------------------------- the pieces of the bound


def gaussian_kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, diag e^logvar) || N(0, I)) in nats, one value an example.

    mu, logvar: (N, K).  Returns (N,).  Kingma and Welling 2014, appendix B.
    """
    # -1/2 sum_k (1 + log s^2 - mu^2 - s^2)
    return -0.5 * (1 + logvar - mu**2 - exp(logvar)).sum(axis=-1)


def gaussian_log_density(x: Tensor, mu: Tensor | float, logvar: Tensor | float) -> Tensor:
    """log N(x; mu, diag e^logvar), summed over the last axis.

    x: (..., D); mu, logvar: of that shape, or what broadcasts to it.  Returns (...).
    """
    # -1/2 sum_d (log 2 pi + log s^2 + (x - mu)^2 / s^2)
    return -0.5 * (LOG_2PI + logvar + (x - mu) ** 2 * exp(-logvar)).sum(axis=-1)


def bernoulli_log_density(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x) for independent bits with these logits, summed.  x, logits: (..., D) -> (...)."""
    # x log s(l) + (1 - x) log(1 - s(l)) = x l - softplus(l)
    return (x * logits - F.softplus(logits)).sum(axis=-1)


def reparameterise(mu: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """z = mu + sigma e: a draw from N(mu, diag e^logvar), if e is one from N(0, I).

    mu, logvar: (N, K).  noise: (N, K), or (S, N, K) for S draws an example.  Returns its shape.
    Raises ValueError if the noise has fewer numbers, which several units or examples would share.
    """
    z = mu + exp(0.5 * logvar) * noise
    if z.shape != noise.shape:
        raise ValueError(f"reparameterise: noise {noise.shape} for mu {mu.shape}: one number each")
    return z


class Elbo(NamedTuple):
    """The two pieces of the bound, one value an example: (N,)."""

    log_likelihood: Tensor  # E_q log p(x|z), estimated from the draws that were made
    kl: Tensor  # KL(q(z|x) || p(z)), exact

    def value(self, beta: float = 1.0) -> Tensor:
        """log_likelihood - beta kl.  At beta = 1 a lower bound of log p(x); above it, a looser one;
        below 1, none."""
        return self.log_likelihood - beta * self.kl


def elbo(vae: VAE, x: Tensor, noise: Tensor) -> Elbo:
    """The bound for each example, from the draws that the noise makes.

    x: (N, D).  noise: (N, K), or (S, N, K) to average over S draws.
    """
    mu, logvar = vae.encode(x)
    log_likelihood = vae.log_likelihood(x, reparameterise(mu, logvar, noise))
    if log_likelihood.ndim == 2:
        log_likelihood = log_likelihood.mean(axis=0)
    return Elbo(log_likelihood, gaussian_kl(mu, logvar))


def log_weights(vae: VAE, x: Tensor, noise: Tensor) -> Tensor:
    """log p(x, z) - log q(z|x) at the draws z; their mean is the ELBO with the KL estimated too.

    x: (N, D).  noise: (S, N, K).  Returns (S, N).
    Raises ValueError if the noise does not say how many draws there are.
    """
    if noise.ndim != 3:
        raise ValueError(f"noise {noise.shape} should be (draws, examples, code)")
    mu, logvar = vae.encode(x)
    z = reparameterise(mu, logvar, noise)
    log_prior = gaussian_log_density(z, 0.0, 0.0)
    return vae.log_likelihood(x, z) + log_prior - gaussian_log_density(z, mu, logvar)


# -------------------------------------------------------------------------------------- the models


class VAE(nn.Module):
    """Gaussian observations x = decoder(z) + s e, where s is one number for all pixels.

    encoder: (N, D) -> (N, 2K), mu and logvar side by side.  decoder: (..., K) -> (..., D).
    sigma: s at the start.  It is learned with the rest if `learn_sigma`, which balances picture and
    code without a weight set by hand (Rybkin, Daniilidis and Levine 2021, arXiv:2006.13202).
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, sigma: float = 1.0, learn_sigma: bool = False
    ) -> None:
        self.encoder, self.decoder = encoder, decoder
        logvar = 2 * math.log(sigma)
        self.logvar = nn.Parameter([logvar]) if learn_sigma else logvar

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x: (N, D).  Returns mu and logvar of q(z|x), each (N, K)."""
        both = self.encoder(x)
        k = both.shape[1] // 2
        return both[:, :k], both[:, k:]

    def decode(self, z: Tensor) -> Tensor:
        """The mean of p(x|z).  z: (..., K).  Returns (..., D)."""
        return self.decoder(z)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z).  x: (N, D), z: (..., N, K).  Returns (..., N)."""
        return gaussian_log_density(x, self.decoder(z), self.logvar)

    def sample(self, z: Tensor, noise: Tensor) -> Tensor:
        """x drawn from p(x|z), given noise of its shape: (N, D).  (Pictures show the mean.)"""
        return self.decoder(z) + exp(0.5 * self.logvar) * noise


class BernoulliVAE(VAE):
    """Bits: the decoder gives their logits."""

    def decode(self, z: Tensor) -> Tensor:
        return F.sigmoid(self.decoder(z))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        return bernoulli_log_density(x, self.decoder(z))

    def sample(self, z: Tensor, noise: Tensor) -> Tensor:
        """Bits; noise uniform in [0, 1]."""
        return (noise < self.decode(z)).astype(z.dtype)


def mlp_vae(kind: type[VAE], *widths: int, rng: Any = None, **options: Any) -> VAE:
    """A VAE of this kind: an encoder of these widths, and a decoder of the same ones backwards."""
    *hidden, k = widths
    return kind(mlp(*hidden, 2 * k, rng=rng), mlp(k, *reversed(hidden), rng=rng), **options)


def interpolate(vae: VAE, x: Tensor, y: Tensor, steps: int) -> Tensor:
    """The pictures on the straight line between the codes of x and y.

    x, y: (N, D).  Returns (steps, N, D); the first and last are reconstructions.
    """
    start, end = vae.encode(x)[0], vae.encode(y)[0]
    share = linspace(0, 1, steps, dtype=x.dtype, device=x.device).reshape(steps, 1, 1)
    return vae.decode(start + share * (end - start))


# ----------------------------------------------------------------------------------- the training


def train_step(vae: VAE, optimiser: Optimizer, x: Tensor, noise: Tensor, beta: float = 1) -> Elbo:
    """One step up the mean of log_likelihood - beta kl; returns the pieces before it."""
    pieces = elbo(vae, x, noise)
    descend(optimiser, -pieces.value(beta).mean())
    return pieces


def _vae(kind: type[VAE]) -> Any:
    return lambda rng: mlp_vae(kind, 4, 5, 2, rng=rng)


_bits = lambda rng: rng.integers(0, 2, (3, 4)).astype(np.float64)
checked(gaussian_kl, mu=normal(4, 3), logvar=normal(4, 3))
checked(gaussian_log_density, x=normal(4, 3), mu=normal(4, 3), logvar=normal(4, 3))
checked(bernoulli_log_density, x=_bits, logits=normal(3, 4))
checked(reparameterise, mu=normal(4, 3), logvar=normal(4, 3), noise=normal(4, 3))
checked(elbo, case="Gaussian", vae=_vae(VAE), x=normal(3, 4), noise=normal(3, 2))
checked(elbo, case="Bernoulli", vae=_vae(BernoulliVAE), x=_bits, noise=normal(2, 3, 2))
checked(log_weights, vae=_vae(VAE), x=normal(3, 4), noise=normal(2, 3, 2))
