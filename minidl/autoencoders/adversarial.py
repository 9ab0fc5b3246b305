"""Adversarial autoencoder: a discriminator judges whether codes follow the prior.

    min over E, D  max over eta of
        E_x |D(E(x)) - x|^2 + lambda ( E_{z ~ prior} log eta(z) + E_x log(1 - eta(E(x))) )

Makhzani et al. 2015 (arXiv:1511.05644); the value in brackets is that of Goodfellow et al. 2014
(arXiv:1406.2661).  For laws q (the prior) and p (the codes) it is greatest at eta* = q / (q + p),
where it is

    E_q log 2q/(q + p) + E_p log 2p/(q + p) - 2 log 2 = 2 JSD(q, p) - 2 log 2,

so that the encoder, which makes it small, makes the divergence small.  The least is -2 log 2, at
p = q, where eta* is 1/2 everywhere.

The notes put lambda before one of the two terms; then eta* = q / (q + lambda p), and the value is
no divergence (`minidl notes aae-loss`).  They also say that the discriminator measures JSD "at an
individual sample level".  JSD belongs to two laws, not to a sample; eta gives a sample's log-ratio
log q/p.  And a discriminator with enough freedom separates any two finite samples, even of one law,
and finds log 2 (`minidl notes jsd-sample-level`; Arjovsky and Bottou 2017, arXiv:1701.04862).

Rows of the notes: aae-loss, aae-optimal-d, aae-lower-bound, jsd-sample-level, mode-collapse.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import nn
from ..checks import between, checked, normal, probabilities
from ..graph import Tensor
from ..nn import functional as F
from ..ops.special import xlogy
from ..optim import Optimizer
from .autoencoder import Autoencoder, deep_autoencoder, descend, mlp, squared_error

# ------------------------------------------------------------------------------------ the losses


def discriminator_value(prior_logits: Tensor, code_logits: Tensor) -> Tensor:
    """E_q log eta + E_p log(1 - eta), from the logits of eta on draws from q and from p.

    prior_logits: (N, 1), code_logits: (M, 1).  Returns a number, at most 0.
    Logits keep what a sigmoid would round away: log eta(z) = logsigmoid(l), log(1 - eta(z)) =
    logsigmoid(-l).
    """
    return F.logsigmoid(prior_logits).mean() + F.logsigmoid(-code_logits).mean()


class AdversarialLoss(NamedTuple):
    """The pieces of the objective; the discriminator ascends `value`, the encoder descends it."""

    reconstruction: Tensor
    value: Tensor

    def total(self, weight: float) -> Tensor:
        """reconstruction + weight * value."""
        return self.reconstruction + weight * self.value


def adversarial_loss(
    autoencoder: Autoencoder, discriminator: nn.Module, x: Tensor, prior: Tensor
) -> AdversarialLoss:
    """E_x |D(E(x)) - x|^2, and E_q log eta(z) + E_x log(1 - eta(E(x))).

    x: (N, D).  prior: (N, K), draws from it.
    """
    code = autoencoder.encoder(x)
    return AdversarialLoss(
        squared_error(autoencoder.decoder(code), x).mean(),
        discriminator_value(discriminator(prior), discriminator(code)),
    )


# ----------------------------------------------------------- what the discriminator should find


def exact_value(eta: Tensor, q: Tensor, p: Tensor) -> Tensor:
    """sum_z q(z) log eta(z) + p(z) log(1 - eta(z)), for laws on K points.

    eta, q, p: (..., K).  Returns (...).
    """
    return (xlogy(q, eta) + xlogy(p, 1 - eta)).sum(axis=-1)


def optimal_discriminator(q: Tensor, p: Tensor) -> Tensor:
    """eta* = q / (q + p), which makes `exact_value` greatest: q / eta - p / (1 - eta) = 0."""
    return q / (q + p)


def modes_found(samples: np.ndarray, modes: np.ndarray, sigma: float) -> tuple[int, float]:
    """Of a mixture of N(mode, sigma^2 I): how many modes a generator hits, and how well.

    samples: (N, D), modes: (M, D).
    Returns how many modes have at least 1% of the samples within 3 sigma, and the share of samples
    that lie within 3 sigma of any mode (in the plane 98.9% of true samples do).  A generator whose
    modes have collapsed hits few of them, however good its samples are.
    """
    distance = np.linalg.norm(samples[:, None] - modes, axis=2)  # (N, M)
    near = distance.min(axis=1) < 3 * sigma
    counts = np.bincount(distance.argmin(axis=1)[near], minlength=len(modes))
    return int((counts >= 0.01 * len(samples)).sum()), float(near.mean())


# ----------------------------------------------------------------------------------- the training


def train_step(
    autoencoder: Autoencoder,
    discriminator: nn.Module,
    optimisers: tuple[Optimizer, Optimizer],
    x: Tensor,
    prior: Tensor,
    weight: float,
) -> AdversarialLoss:
    """The discriminator goes up its value; then encoder and decoder go down the whole objective.

    optimisers: the autoencoder's and the discriminator's.  x: (N, D).  prior: (N, K).
    The codes are detached for the discriminator's step: it must not move the encoder.
    Returns the pieces of the objective, before the autoencoder's step.
    """
    code = autoencoder.encoder(x).detach()
    descend(optimisers[1], -discriminator_value(discriminator(prior), discriminator(code)))
    loss = adversarial_loss(autoencoder, discriminator, x, prior)
    descend(optimisers[0], loss.total(weight))
    return loss


checked(
    adversarial_loss,
    autoencoder=lambda rng: deep_autoencoder(4, 5, 2, rng=rng),
    discriminator=lambda rng: mlp(2, 5, 1, rng=rng),
    x=normal(4, 4),
    prior=normal(4, 2),
)
checked(exact_value, eta=between(0.2, 0.8, 5), q=probabilities(5), p=probabilities(5))
