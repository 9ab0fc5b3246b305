"""The losses of critics and generators: values, slopes, minima, against sums and closed forms."""

import math

import numpy as np
import pytest
from scipy.special import expit

from minidl import autograd, nn, tensor
from minidl.generative import optimal
from minidl.generative.gan_losses import (
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    WASSERSTEIN,
    classifier_loss,
    least_squares_critic_loss,
    least_squares_generator_loss,
    minimax_generator_loss,
    non_saturating_generator_loss,
    value,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)

from ..autoencoders.exactly import minimise
from .laws import P, Q

LOSSES = [MINIMAX, NON_SATURATING, WASSERSTEIN, LEAST_SQUARES]


def slope(loss, logit):
    at = tensor([[float(logit)]], requires_grad=True)
    return autograd.grad(loss(at), at)[0].item()


def test_the_value_is_minus_twice_the_mean_cross_entropy():
    rng = np.random.default_rng(0)
    real, fake = (tensor(rng.standard_normal((6, 1))) for _ in range(2))
    both = np.concatenate([real.numpy(), fake.numpy()])[:, 0]
    labels = np.repeat([1.0, 0.0], 6)
    d = expit(both)
    bce = -(labels * np.log(d) + (1 - labels) * np.log(1 - d)).mean()
    assert value(real, fake).item() == pytest.approx(-2 * bce, abs=1e-14)
    assert classifier_loss(real, fake).item() == pytest.approx(2 * bce, abs=1e-14)


def test_the_minimax_game_is_of_sum_zero():
    """What the generator gains, the critic loses: their gradients in D(G(z)) are opposite."""
    fake = tensor(np.linspace(-3, 3, 7)[:, None], requires_grad=True)
    real = tensor(np.ones((7, 1)))
    critic, generator = MINIMAX.critic(real, fake), MINIMAX.generator(fake)
    (mine,), (theirs,) = autograd.grad(critic, fake), autograd.grad(generator, fake)
    assert mine.numpy() == pytest.approx(-theirs.numpy(), abs=1e-15)


@pytest.mark.parametrize("loss", LOSSES, ids=["minimax", "non-saturating", "W", "least squares"])
def test_losses_are_finite_at_logits_of_50_in_float32(loss):
    for logit in (-50.0, 50.0):
        at = tensor(np.full((2, 1), logit, np.float32), requires_grad=True)
        for result in (loss.critic(at, at), loss.generator(at)):
            (gradient,) = autograd.grad(result, at)
            assert math.isfinite(result.item()) and np.isfinite(gradient.numpy()).all()
    # no probability is formed: at -50 a sigmoid with 1e-8 added would say log 1e-8 = -18.4
    assert non_saturating_generator_loss(tensor([[-50.0]])).item() == pytest.approx(50)


def test_the_non_saturating_gradient_is_large_where_the_minimax_one_vanishes():
    """At logit -8 the critic is sure that a sample is generated."""
    minimax, other = slope(minimax_generator_loss, -8), slope(non_saturating_generator_loss, -8)
    assert minimax == pytest.approx(-expit(-8), rel=1e-6)  # -3.35e-4
    assert other == pytest.approx(-(1 - expit(-8)), rel=1e-6)  # -.99966
    assert other / minimax == pytest.approx(math.e**8, rel=1e-6)  # 2981
    assert slope(minimax_generator_loss, 0) == slope(non_saturating_generator_loss, 0) == -0.5


def test_minimax_and_non_saturating_generators_rest_at_the_same_law():
    """With the best critic, the generator's logits are pushed by q (loss - E_q loss).  Both pushes
    vanish where the generated law is the real one, and at a law that is not, neither does."""
    for law, moves in ((P, False), (Q, True)):
        logits = tensor(np.log(law))
        best = np.log(P / law)  # the logit of D*
        for loss in (minimax_generator_loss, non_saturating_generator_loss):
            at = tensor(logits.numpy(), requires_grad=True)
            q = optimal.F.softmax(at, dim=0)
            pieces = [loss(tensor([[logit]])) for logit in best]
            (push,) = autograd.grad(sum(q[i] * piece for i, piece in enumerate(pieces)), at)
            assert (np.abs(push.numpy()).max() > 1e-3) == moves


REAL, FAKE = np.repeat(np.arange(4), [1, 2, 3, 4]), np.repeat(np.arange(4), [5, 3, 1, 1])
SHARES = np.bincount(REAL) / 10, np.bincount(FAKE) / 10  # the laws p and q of these samples


class Outputs(nn.Module):
    """A critic with one free number for each of four points."""

    def __init__(self):
        self.values = nn.Parameter(np.zeros((4, 1)))


def best(loss):
    """The critic's numbers on the four points that make its loss least."""
    critic = Outputs()
    minimise(critic, lambda: loss(critic.values[REAL], critic.values[FAKE]))
    return critic.values.data


def test_the_best_least_squares_critic_is_p_over_p_plus_q():
    p, q = SHARES
    assert best(least_squares_critic_loss)[:, 0] == pytest.approx(p / (p + q), abs=1e-6)


def test_with_labels_minus_1_and_1_least_squares_measures_pearsons_chi_squared():
    """E_p D*^2 + E_q D*^2 = sum (p - q)^2 / (p + q) for a = -1, b = 1, c = 0."""
    p, q = SHARES
    d = best(lambda real, fake: least_squares_critic_loss(real, fake, a=-1, b=1))
    half = sum(least_squares_generator_loss(tensor(d[rows]), c=0).item() for rows in (REAL, FAKE))
    assert 2 * half == pytest.approx(((p - q) ** 2 / (p + q)).sum(), abs=1e-8)


def test_the_wasserstein_losses_are_minus_the_gap_and_its_generated_part():
    real, fake = tensor([[1.0], [4.0]]), tensor([[0.5], [1.0], [3.0]])
    assert wasserstein_critic_loss(real, fake).item() == pytest.approx(1.5 - 2.5)
    assert wasserstein_generator_loss(fake).item() == pytest.approx(-1.5)
    assert wasserstein_critic_loss(real, real).item() == 0
