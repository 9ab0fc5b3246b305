"""The losses of generative adversarial networks: what critic and generator each descend.

The critic gives every example a number D(x); it sees real examples x ~ p_d and generated ones
y = G(z) ~ p_g, and shall tell them apart; the generator shall prevent it.  They descend:

    minimax          critic  -E log s(D(x)) - E log(1 - s(D(y)))    generator  E log(1 - s(D(y)))
    non-saturating   critic  the same                               generator  -E log s(D(y))
    Wasserstein      critic  -E D(x) + E D(y)                       generator  -E D(y)
    least squares    critic  1/2 E (D(x) - 1)^2 + 1/2 E D(y)^2      generator  1/2 E (D(y) - 1)^2

with s the logistic function.  What the notes call D in the first two is s(D) here: a critic returns
logits, never probabilities, since log s(l) = logsigmoid(l) is exact where s(l) has been rounded to
0 or 1.  In the first two minus the critic's loss is the value V(D, G), so that the generator of the
first plays a game of sum zero.  Goodfellow et al. 2014 (arXiv:1406.2661), sections 3 and 4;
Arjovsky et al. 2017 (arXiv:1701.07875); Mao et al. 2017 (arXiv:1611.04076), equations 2 and 9.

The other three of the notes' seven are made of these.  WGAN-GP and DRAGAN add a price on the slope
of the critic (`penalties`): WGAN-GP to the Wasserstein loss, DRAGAN to the minimax one (Lucic et
al. 2018, arXiv:1711.10337, table 1).  BEGAN is the Wasserstein loss with minus a reconstruction
error for D, and a weight that moves (`began`).

What the notes print wrongly: the least squares' signs, with which the critic's loss has no least
value (`minidl notes lsgan`); the minimax game without its logarithm (`minidl notes gan-minimax`);
the gradient of log(1 - D) without its minus (`minidl notes ns-vs-mm`).  The reason why one prefers
the non-saturating loss is not in the printed pair 1/(1 - D) and 1/D, but in the logit's gradient:
-s(l), which vanishes where the critic is sure that a sample is generated, against -(1 - s(l)),
which is then largest.  Both losses have their only fixed point at p_g = p_d, D = 0.

Rows of the notes: gan-value with `gan`, gan-minimax, mm-gan, ns-gan, ns-vs-mm, wgan-loss, lsgan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..checks import checked, normal
from ..graph import Tensor
from ..nn import functional as F

# real: (N, ...) the critic's numbers for real examples; fake: (M, ...) those for generated ones


def value(real: Tensor, fake: Tensor) -> Tensor:
    """V(D, G) = E log s(D(x)) + E log(1 - s(D(G(z)))), at most 0: minus twice the mean BCE."""
    return F.logsigmoid(real).mean() + F.logsigmoid(-fake).mean()


def classifier_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-V: the cross-entropy of a critic that answers "real" with probability s(D)."""
    return -value(real, fake)


def minimax_generator_loss(fake: Tensor) -> Tensor:
    """E log(1 - s(D(G(z)))), the part of V that the generator has a say in."""
    return F.logsigmoid(-fake).mean()


def non_saturating_generator_loss(fake: Tensor) -> Tensor:
    """-E log s(D(G(z))): make the critic say "real", where before it should not say "generated"."""
    return -F.logsigmoid(fake).mean()


def wasserstein_critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-E D(x) + E D(G(z)): minus the gap, which for a K-Lipschitz critic is at most K W1."""
    return fake.mean() - real.mean()


def wasserstein_generator_loss(fake: Tensor) -> Tensor:
    """-E D(G(z))."""
    return -fake.mean()


def least_squares_critic_loss(real: Tensor, fake: Tensor, a: float = 0, b: float = 1) -> Tensor:
    """1/2 E (D(x) - b)^2 + 1/2 E (D(G(z)) - a)^2: regression on the labels a and b.

    At its best D = (b p_d + a p_g) / (p_d + p_g).
    """
    return 0.5 * ((real - b) ** 2).mean() + 0.5 * ((fake - a) ** 2).mean()


def least_squares_generator_loss(fake: Tensor, c: float = 1) -> Tensor:
    """1/2 E (D(G(z)) - c)^2.

    c = b asks for the real label.  With b - c = 1, b - a = 2 (a = -1, b = 1, c = 0) both players
    together measure Pearson's chi^2 of p_d + p_g and 2 p_g (Mao et al. 2017, section 3.2).
    """
    return 0.5 * ((fake - c) ** 2).mean()


class Loss(NamedTuple):
    """What the critic descends, given D(x) and D(G(z)), and the generator, given D(G(z))."""

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


MINIMAX = Loss(classifier_loss, minimax_generator_loss)
NON_SATURATING = Loss(classifier_loss, non_saturating_generator_loss)
WASSERSTEIN = Loss(wasserstein_critic_loss, wasserstein_generator_loss)
LEAST_SQUARES = Loss(least_squares_critic_loss, least_squares_generator_loss)

checked(value, real=normal(5, 1), fake=normal(4, 1))
for _loss in (MINIMAX, NON_SATURATING, WASSERSTEIN, LEAST_SQUARES):
    if _loss is not NON_SATURATING:  # its critic is the minimax one
        checked(_loss.critic, real=normal(5, 1), fake=normal(4, 1))
    checked(_loss.generator, fake=normal(5, 1))
