"""Bugs that published adversarial networks had, planted in ours: each is noticed.

Numbers with # are issues of the projects named.
"""

from typing import NamedTuple

import numpy as np
import pytest

from minidl import autograd, tensor
from minidl.generative import began, evaluation, gan, gan_losses, inception, penalties
from minidl.nn import functional as F
from minidl.ops.elementwise import log, sqrt

from ..mutants import kills, planted
from . import (
    test_gan,
    test_gan_began,
    test_gan_evaluation,
    test_gan_inception,
    test_gan_losses,
    test_gan_penalties,
)


class Mutant(NamedTuple):
    """A bug, where it comes from, what it replaces, and the test that notices."""

    story: str
    original: object
    bug: object
    test: object
    arguments: tuple = ()


# ------------------------------------------------------------------------------------- the bugs


def slope(critic, x, create_graph=True):
    x = x.detach().requires_grad_()
    return autograd.grad(critic(x).sum(), x, create_graph=create_graph)[0]


def one_norm_for_the_batch(critic, x):
    return sqrt((slope(critic, x) ** 2).sum() + 1e-12).reshape(1)


def norm_over_the_channels(critic, x):
    return sqrt((slope(critic, x) ** 2).sum(axis=1) + 1e-12)


def no_guard_under_the_root(critic, x):
    return sqrt((slope(critic, x) ** 2).reshape(len(x), -1).sum(axis=1))


def slopes_without_their_own_gradient(critic, x):
    gradient = slope(critic, x, create_graph=False)
    return sqrt((gradient**2).reshape(len(x), -1).sum(axis=1) + 1e-12)


def price_on_slopes_above_1_only(critic, points):
    return (F.relu(penalties.slopes(critic, points) - 1) ** 2).mean()


def one_alpha_for_the_batch(real, fake, alpha):
    alpha = alpha.mean()
    return alpha * real + (1 - alpha) * fake


def an_alpha_for_each_pixel(real, fake, alpha):
    alpha = tensor(np.random.default_rng(0).uniform(size=real.shape))
    return alpha * real + (1 - alpha) * fake


def noise_not_in_proportion_to_the_data(real, noise, scale=0.5):
    return real + scale * noise


def price_without_the_loss(self, real, z):
    fake = self.generator(z).detach()
    loss = self.price * penalties.gradient_penalty(self.critic, self.points(real, fake))
    gan.descend(self.critic_optimiser, loss, self.critic)
    return loss.item()


def generated_examples_not_detached(self, real, z):
    self.critic_optimiser.zero_grad()
    loss = self.critic_loss(real, self.generator(z))
    loss.backward()
    self.critic_optimiser.step()
    return loss.item()


def gradients_left_wherever_they_fall(optimiser, loss, player):
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def gradients_of_earlier_steps_kept(optimiser, loss, player):
    loss.backward()
    optimiser.step()


def a_step_of_the_generator_with_every_batch(game, batches, z):
    for real, noise in batches:
        losses = game.critic_step(real, noise), game.generator_step(z)
    return losses


def weights_clipped_but_not_biases(critic, c=0.01):
    for name, p in critic.named_parameters():
        if name.endswith("weight"):
            p.data = np.clip(p.data, -c, c)


def critic_with_the_generators_sign(real, fake):
    return real.mean() - fake.mean()


def minimax_that_is_non_saturating(fake):
    return -F.logsigmoid(fake).mean()


def logarithm_of_a_guarded_sigmoid(fake):
    return -log(F.sigmoid(fake) + 1e-8).mean()


def mean_of_both_halves(real, fake):
    return (F.logsigmoid(real).mean() + F.logsigmoid(-fake).mean()) / 2


def least_squares_with_the_notes_sign(real, fake, a=0, b=1):
    return -((real - b) ** 2).mean() + ((fake - a) ** 2).mean()


def k_without_bounds(self, real_error, fake_error):
    off = self.gamma * real_error - fake_error
    self.k = self.k + self.rate * off
    return began.Reached(real_error, fake_error, real_error + abs(off))


def gamma_on_the_other_error(self, real_error, fake_error):
    off = real_error - self.gamma * fake_error
    self.k = min(max(self.k + self.rate * off, 0.0), 1.0)
    return began.Reached(real_error, fake_error, real_error + abs(off))


def divergence_the_wrong_way_round(probabilities):
    marginal = probabilities.mean(axis=0)
    return float(np.exp((marginal * np.log(marginal / probabilities)).sum(axis=1).mean()))


def spread_of_each_feature_by_itself(x, y):
    shift = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum()
    return float(shift + ((x.std(axis=0) - y.std(axis=0)) ** 2).sum())


def every_sample_is_like_itself(samples, tolerance):
    x = samples.reshape(len(samples), -1)
    return np.linalg.norm(x[:, None] - x, axis=2) <= tolerance


EACH_EXAMPLE = test_gan_penalties.test_the_slope_is_that_of_each_example_over_all_its_axes
EACH_PAIR = test_gan_penalties.test_each_pair_has_a_point_of_its_own_and_its_pixels_lie_on_one_line
ONE_PLAYER = test_gan.test_each_step_moves_one_player_and_leaves_no_gradient_in_the_other
WHOLE_LOSS = test_gan.test_the_critic_steps_down_the_whole_of_its_loss

MUTANTS = [
    Mutant("one gradient norm for the whole batch (torchgan)",
           penalties.slopes, one_norm_for_the_batch, EACH_EXAMPLE),
    Mutant("a gradient norm over the channels, one for each pixel (caogang/wgan-gp #25, #27, "
           "Zeleni9 #40, PyTorch-GAN's DRAGAN)",
           penalties.slopes, norm_over_the_channels, EACH_EXAMPLE),
    Mutant("the slope of a norm at zero",
           penalties.slopes, no_guard_under_the_root,
           test_gan_penalties.test_a_flat_critic_gets_a_finite_gradient),
    Mutant("a price through which no gradient passes",
           penalties.slopes, slopes_without_their_own_gradient,
           test_gan_penalties.test_the_best_slope_under_the_price, (10.0,)),
    Mutant("slopes below 1 go free",
           penalties.gradient_penalty, price_on_slopes_above_1_only,
           test_gan_penalties.test_the_slope_is_that_of_each_example_over_all_its_axes),
    Mutant("one random point for the whole batch (torchgan)",
           penalties.between, one_alpha_for_the_batch, EACH_PAIR),
    Mutant("a random point for each pixel (hwalsuklee #33)",
           penalties.between, an_alpha_for_each_pixel, EACH_PAIR),
    Mutant("DRAGAN's noise of the same size for all data",
           penalties.around, noise_not_in_proportion_to_the_data,
           test_gan_penalties.test_points_around_the_data_are_half_a_standard_deviation_off),
    Mutant("DRAGAN whose critic descends the price alone (PyTorch-GAN)",
           gan.Game.critic_step, price_without_the_loss, WHOLE_LOSS, ("around",)),
    Mutant("the critic's step leaves gradients in the generator",
           gan.Game.critic_step, generated_examples_not_detached, ONE_PLAYER, ("minimax",)),
    Mutant("the generator's step leaves gradients in the critic",
           gan.descend, gradients_left_wherever_they_fall, ONE_PLAYER, ("minimax",)),
    Mutant("gradients that were never set back to zero",
           gan.descend, gradients_of_earlier_steps_kept, WHOLE_LOSS, (None,)),
    Mutant("a step of the generator for each step of the critic",
           gan.train_step, a_step_of_the_generator_with_every_batch,
           test_gan.test_a_round_is_k_steps_of_the_critic_and_one_of_the_generator),
    Mutant("only matrices are clipped",
           penalties.clip_weights, weights_clipped_but_not_biases,
           test_gan_penalties.test_clipping_puts_every_parameter_back_to_the_bound),
    Mutant("a critic that narrows the gap",
           gan_losses.wasserstein_critic_loss, critic_with_the_generators_sign,
           test_gan_losses.test_the_wasserstein_losses_are_minus_the_gap_and_its_generated_part),
    Mutant("a minimax generator loss that is the non-saturating one (mimicry)",
           gan_losses.minimax_generator_loss, minimax_that_is_non_saturating,
           test_gan_losses.test_the_non_saturating_gradient_is_large_where_the_minimax_one_vanishes),
    Mutant("log(sigmoid + 1e-8), flat where it is needed (mimicry)",
           gan_losses.non_saturating_generator_loss, logarithm_of_a_guarded_sigmoid,
           test_gan_losses.test_losses_are_finite_at_logits_of_50_in_float32,
           (gan_losses.NON_SATURATING,)),
    Mutant("a cross-entropy averaged over real and generated, half of the value",
           gan_losses.value, mean_of_both_halves,
           test_gan_losses.test_the_value_is_minus_twice_the_mean_cross_entropy),
    Mutant("least squares as the notes print it",
           gan_losses.least_squares_critic_loss, least_squares_with_the_notes_sign,
           test_gan_losses.test_the_best_least_squares_critic_is_p_over_p_plus_q),
    Mutant("BEGAN's k without bounds",
           began.Balance.update, k_without_bounds,
           test_gan_began.test_k_moves_by_the_formula_and_stays_within_0_and_1),
    Mutant("BEGAN's gamma on the wrong error",
           began.Balance.update, gamma_on_the_other_error,
           test_gan_began.test_k_moves_by_the_formula_and_stays_within_0_and_1),
    Mutant("the inception score with KL(p(y) || p(y|x))",
           inception.inception_score, divergence_the_wrong_way_round,
           test_gan_inception.test_its_logarithm_is_the_information_of_sample_and_class),
    Mutant("a Frechet distance without covariances",
           inception.frechet_distance, spread_of_each_feature_by_itself,
           test_gan_inception.test_the_frechet_distance_is_that_of_normal_laws),
    Mutant("every sample a duplicate of itself",
           evaluation.near_pairs, every_sample_is_like_itself,
           test_gan_evaluation.test_a_continuous_law_has_no_two_alike),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # some of the bugs divide by zero
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug.__name__)
def test_the_bug_is_noticed(mutant):
    with planted(mutant.original, mutant.bug):
        assert kills(mutant.test, *mutant.arguments), f"not noticed: {mutant.story}"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug.__name__)
def test_the_test_passes_without_the_bug(mutant):
    assert not kills(mutant.test, *mutant.arguments)
