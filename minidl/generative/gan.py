"""Generative adversarial networks: a generator and a critic, trained against each other.

    min over G  max over D  V(D, G) = E_x log D(x) + E_z log(1 - D(G(z)))

Goodfellow et al. 2014 (arXiv:1406.2661).  z ~ N(0, I) is noise, x a real example.  Algorithm 1
takes k steps of the critic, then one of the generator.  The same algorithm trains every variant:
what each player descends is a `Loss` (`gan_losses`), and what keeps the critic from becoming steep
is a price or a bound (`penalties`); any of the one goes with any of the other.

    Wasserstein    Game(G, D, WASSERSTEIN, ..., clip=0.01); RMSprop at 5e-5, k = 5, batches of 64
    WGAN-GP        Game(G, D, WASSERSTEIN, ..., points=between); Adam at 1e-4, betas (0, .9), k = 5
    DRAGAN         Game(G, D, MINIMAX, ..., points=around)
    spectral       Game(G, spectrally_normalised(D), ...)

A step moves one player.  The critic's step must not leave gradients in the generator, nor the
generator's in the critic: each backward pass names whose gradients it is for.

What the notes print wrongly: the Wasserstein game as min over the critic's w, max over the
generator's theta; it is the critic that answers every generator with the largest gap it can find,
and the generator that makes this small (`minidl notes wgan-minmax`).  They draw z from P_g in the
estimate of W1; z is noise, and G(z) follows P_g (`minidl notes wgan-estimate`).

Rows of the notes: gan-value, gan-algorithm1, wgan-minmax, wgan-estimate; wgan-clip, with
`penalties`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .. import nn
from ..checks import checked, normal
from ..graph import Tensor
from ..optim import Optimizer
from ..recording import no_grad
from .gan_losses import Loss, value, wasserstein_critic_loss
from .penalties import clip_weights, gradient_penalty


@dataclass
class Game:
    """Two players, what they want, and how they move.

    generator: (N, K) noise -> (N, ...).  critic: (N, ...) -> (N, 1), one number an example.
    points: where the slope is priced, given real and generated examples; None is nowhere.
    price: what a squared deviation of the slope from 1 costs.
    clip: the bound on the critic's weights; None is no bound.
    """

    generator: nn.Module
    critic: nn.Module
    loss: Loss
    generator_optimiser: Optimizer
    critic_optimiser: Optimizer
    points: Callable[[Tensor, Tensor], Tensor] | None = None
    price: float = 10.0
    clip: float | None = None

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """The loss on real and generated examples, and the price of the slope."""
        loss = self.loss.critic(self.critic(real), self.critic(fake))
        if self.points is not None:
            loss = loss + self.price * gradient_penalty(self.critic, self.points(real, fake))
        return loss

    def generator_loss(self, z: Tensor) -> Tensor:
        """The loss of the examples that the generator makes of this noise."""
        return self.loss.generator(self.critic(self.generator(z)))

    def critic_step(self, real: Tensor, z: Tensor) -> float:
        """The critic descends its loss; returns the loss before.  real: (N, ...), z: (N, K)."""
        with no_grad():
            fake = self.generator(z)
        loss = self.critic_loss(real, fake)
        descend(self.critic_optimiser, loss, self.critic)
        if self.clip is not None:
            clip_weights(self.critic, self.clip)
        return loss.item()

    def generator_step(self, z: Tensor) -> float:
        """The generator descends its loss; returns the loss before.  z: (N, K)."""
        loss = self.generator_loss(z)
        descend(self.generator_optimiser, loss, self.generator)
        return loss.item()


def descend(optimiser: Optimizer, loss: Tensor, player: nn.Module) -> None:
    """One step down the loss for this player; the other one's gradients stay as they are."""
    optimiser.zero_grad()
    loss.backward(inputs=list(player.parameters()))
    optimiser.step()


def train_step(
    game: Game, batches: Sequence[tuple[Tensor, Tensor]], z: Tensor
) -> tuple[float, float]:
    """Algorithm 1, one round: a step of the critic for each batch, then one of the generator.

    batches: k pairs of real examples (N, ...) and noise (N, K).  z: (N, K), the generator's noise.
    Returns the critic's loss in its last step and the generator's, each before the step.
    """
    for real, noise in batches:
        critic_loss = game.critic_step(real, noise)
    return critic_loss, game.generator_step(z)


def game_value(generator: nn.Module, critic: nn.Module, real: Tensor, z: Tensor) -> Tensor:
    """V(D, G) = E log s(D(x)) + E log(1 - s(D(G(z)))).  real: (N, ...), z: (M, K)."""
    return value(critic(real), critic(generator(z)))


def critic_gap(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """E D(x) - E D(G(z)), at most K W1(p_d, p_g) for a K-Lipschitz critic, and K W1 at its best.

    real: (N, ...), fake: (M, ...), the generator's examples, made of noise z ~ p_z.
    """
    return -wasserstein_critic_loss(critic(real), critic(fake))


_generator = lambda rng: nn.Sequential(nn.Linear(3, 2, rng=rng), nn.Tanh())
_critic = lambda rng: nn.Sequential(nn.Linear(2, 5, rng=rng), nn.Tanh(), nn.Linear(5, 1, rng=rng))
checked(game_value, generator=_generator, critic=_critic, real=normal(4, 2), z=normal(5, 3))
checked(critic_gap, critic=_critic, real=normal(4, 2), fake=normal(5, 2))
