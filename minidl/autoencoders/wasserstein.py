"""Wasserstein autoencoders: pull the law of the codes to the prior by a distance, not a verdict.

    min over E, D of  E_x |D(E(x)) - x|^2 + lambda distance(codes, draws from the prior)

Tolstikhin et al. 2018 (arXiv:1711.01558).  The distance is one of `matching`, or the Wasserstein-1
distance by a critic, in Kantorovich's dual form:

    W1(q, p) = max over 1-Lipschitz eta of  E_q eta(z) - E_p eta(z')

The Lipschitz bound is asked of the critic by a price on |grad eta| that differs from 1 between the
two samples (Gulrajani et al. 2017, arXiv:1704.00028).

The notes print ln eta for eta.  With the logarithm there is no maximum: where eta comes near 0 its
logarithm falls without bound though eta stays 1-Lipschitz.  They also print 2 eta(E(x)) for the
expectation over x, and one scan loses the Lipschitz bound (`minidl notes wasserstein-ae`).

Rows of the notes: wasserstein-ae; latent-divergences, with `matching`.
"""

from __future__ import annotations

from collections.abc import Callable

from .. import nn
from ..autograd import grad
from ..checks import checked, normal
from ..graph import Tensor
from ..ops.elementwise import sqrt
from ..optim import Optimizer
from .autoencoder import Autoencoder, deep_autoencoder, descend, mlp, squared_error
from .matching import gaussian_kernel, mmd

Distance = Callable[[Tensor, Tensor], Tensor]


def matched_loss(
    autoencoder: Autoencoder, x: Tensor, prior: Tensor, distance: Distance, weight: float
) -> Tensor:
    """mean_i |D(E(x_i)) - x_i|^2 + weight distance(E(x), prior).

    x: (N, D).  prior: (N, K), draws from it.  distance: of two samples, as `matching` has them.
    """
    code = autoencoder.encoder(x)
    error = squared_error(autoencoder.decoder(code), x).mean()
    return error + weight * distance(code, prior)


def critic_gap(critic: nn.Module, prior: Tensor, code: Tensor) -> Tensor:
    """E_q eta(z) - E_p eta(z'), at most W1(q, p) if the critic is 1-Lipschitz.

    prior: (N, K), code: (M, K).
    """
    return critic(prior).mean() - critic(code).mean()


def gradient_penalty(critic: nn.Module, prior: Tensor, code: Tensor, where: Tensor) -> Tensor:
    """mean_i (|grad eta(z_i)| - 1)^2 at points z_i between a draw from the prior and a code.

    prior, code: (N, K).  where: (N, 1), uniform in [0, 1], one for each pair.
    The norm is taken for each point by itself.  1e-12 under the root keeps its slope finite where
    the gradient is 0.
    """
    between = where * prior + (1 - where) * code
    if not between.requires_grad:
        between.requires_grad_()
    (slope,) = grad(critic(between).sum(), between, create_graph=True)  # (N, K)
    return ((sqrt((slope**2).sum(axis=1) + 1e-12) - 1) ** 2).mean()


def critic_loss(
    critic: nn.Module, prior: Tensor, code: Tensor, where: Tensor, penalty: float = 10.0
) -> Tensor:
    """What the critic descends: -gap + penalty * gradient penalty.

    The bound is soft: between two samples that are W apart the best slope is 1 + W / (2 penalty),
    and the gap that much larger than W1.
    """
    return penalty * gradient_penalty(critic, prior, code, where) - critic_gap(critic, prior, code)


def train_critic(
    critic: nn.Module, optimiser: Optimizer, prior: Tensor, code: Tensor, where: Tensor
) -> float:
    """One step of the critic; the code is detached, so that the encoder stays."""
    return descend(optimiser, critic_loss(critic, prior, code.detach(), where))


_critic = lambda rng: mlp(2, 5, 1, rng=rng)
checked(
    matched_loss,
    autoencoder=lambda rng: deep_autoencoder(4, 5, 2, rng=rng),
    x=normal(4, 4),
    prior=normal(4, 2),
    distance=lambda rng: lambda x, y: mmd(x, y, gaussian_kernel(1.0)),
    weight=2.0,
)
checked(critic_gap, critic=_critic, prior=normal(4, 2), code=normal(4, 2))
checked(
    critic_loss,
    critic=lambda rng: nn.Sequential(nn.Linear(2, 5, rng=rng), nn.Tanh(), nn.Linear(5, 1, rng=rng)),
    prior=normal(4, 2),
    code=normal(4, 2),
    where=lambda rng: rng.uniform(size=(4, 1)),
)
