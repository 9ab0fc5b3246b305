"""BEGAN: the critic is an autoencoder, and its reconstruction error what it says of an example.

    L(x) = |x - AE(x)|, the mean over the pixels

    critic       descends  E L(x) - k E L(G(z))
    generator    descends  E L(G(z))
    balance      k' = clip(k + rate (gamma E L(x) - E L(G(z))), 0, 1),   k = 0 at first

Berthelot, Schumm and Metz 2017 (arXiv:1703.10717), section 3.4; gamma = .75, rate = .001.  The
critic learns to rebuild real examples, and so far as k is above 0, not to rebuild generated ones.
Where k is at rest, E L(G(z)) = gamma E L(x): a small gamma asks for good examples, a large one for
varied ones.  M = E L(x) + |gamma E L(x) - E L(G(z))| falls while the game goes well.

The notes print k_t in the critic's loss and not where it comes from.  They sum |x - AE(x)| over the
pixels; the mean keeps `rate` the same for pictures of any size.

Rows of the notes: began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .. import nn
from ..checks import between, checked, normal
from ..graph import Tensor
from ..ops.elementwise import absolute
from ..recording import no_grad
from .gan import Game
from .gan_losses import Loss


class Energy(nn.Module):
    """A critic's number for an example: the mean absolute error of its reconstruction."""

    def __init__(self, autoencoder: nn.Module) -> None:
        self.autoencoder = autoencoder

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, ...).  Returns (N, 1)."""
        error = absolute(x - self.autoencoder(x))
        return error.reshape(len(x), -1).mean(axis=1, keepdims=True)


def began_critic_loss(real: Tensor, fake: Tensor, k: float) -> Tensor:
    """E L(x) - k E L(G(z)).  real: (N, 1), fake: (M, 1), errors of reconstruction."""
    return real.mean() - k * fake.mean()


def began_generator_loss(fake: Tensor) -> Tensor:
    """E L(G(z)).  fake: (M, 1)."""
    return fake.mean()


class Reached(NamedTuple):
    """Where a round ended: both errors before the steps, and the measure of convergence M."""

    real_error: float
    fake_error: float
    measure: float


@dataclass
class Balance:
    """The weight k of the generated examples, moved so that their error is gamma times the real."""

    gamma: float = 0.75
    rate: float = 1e-3
    k: float = 0.0

    def loss(self) -> Loss:
        """What both players descend, with k as it is when they step."""
        return Loss(lambda real, fake: began_critic_loss(real, fake, self.k), began_generator_loss)

    def update(self, real_error: float, fake_error: float) -> Reached:
        """Move k towards the balance.  Errors: E L(x) and E L(G(z))."""
        off = self.gamma * real_error - fake_error
        self.k = min(max(self.k + self.rate * off, 0.0), 1.0)
        return Reached(real_error, fake_error, real_error + abs(off))


def train_step(game: Game, balance: Balance, real: Tensor, z: Tensor) -> Reached:
    """A step of each player and of the balance.  real: (N, ...), z: (N, K).

    game: with an `Energy` for critic and `balance.loss()` for loss.
    """
    with no_grad():
        real_error = game.critic(real).mean().item()
    game.critic_step(real, z)
    return balance.update(real_error, game.generator_step(z))


checked(Energy.forward, self=lambda rng: Energy(nn.Linear(4, 4, rng=rng)), x=normal(3, 4))
checked(began_critic_loss, real=between(0.1, 1, 4, 1), fake=between(0.1, 1, 5, 1), k=0.3)
checked(began_generator_loss, fake=between(0.1, 1, 4, 1))
