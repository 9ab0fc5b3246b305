"""Bugs that other projects' autoencoders had, planted in ours: each is noticed.

Numbers with # are issues of the projects named.
"""

from typing import NamedTuple

import numpy as np
import pytest

from minidl import autograd, tensor
from minidl.autoencoders import (
    adversarial,
    autoencoder,
    denoising,
    estimators,
    matching,
    vae,
    wasserstein,
)
from minidl.ops.elementwise import exp, sqrt

from ..mutants import kills, planted
from . import (
    test_adversarial,
    test_autoencoder,
    test_denoising,
    test_estimators,
    test_linear_vae,
    test_matching,
    test_vae,
    test_wasserstein,
)


class Mutant(NamedTuple):
    """A bug, where it comes from, what it replaces, and the test that notices."""

    story: str
    original: object
    bug: object
    test: object
    arguments: tuple = ()


# ------------------------------------------------------------------------------------- the bugs


def likelihood_averaged_over_pixels(x, mu, logvar):
    return -0.5 * (vae.LOG_2PI + logvar + (x - mu) ** 2 * exp(-logvar)).mean(axis=-1)


def kl_averaged_over_the_code(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - exp(logvar)).mean(axis=-1)


def beta_stored_but_not_used(self, beta=1.0):
    return self.log_likelihood - self.kl


def logvar_taken_for_log_sigma(mu, logvar, noise):
    return mu + exp(logvar) * noise


def logvar_taken_for_sigma(mu, logvar, noise):
    return mu + logvar * noise


def a_batch_of_draws_whatever_was_asked(
    model, x, noise, bound=estimators.importance_weighted_bound
):
    draws = np.random.default_rng(0).standard_normal((max(100, len(noise)), *noise.shape[1:]))
    return bound(model, x, tensor(draws))


def codes_drawn_in_use(model, x, y, steps):
    rng = np.random.default_rng(0)

    def code(images):
        mu, logvar = model.encode(images)
        return vae.reparameterise(mu, logvar, tensor(rng.standard_normal(mu.shape)))

    start, end = code(x), code(y)
    return model.decode(start + tensor(np.linspace(0, 1, steps)[:, None, None]) * (end - start))


def discriminator_step_through_the_encoder(model, critic, optimisers, x, prior, weight):
    for optimiser in optimisers:
        optimiser.zero_grad()
    code = model.encoder(x)  # not detached, and its gradient stays for the next step
    (-adversarial.discriminator_value(critic(prior), critic(code))).backward()
    optimisers[1].step()
    loss = adversarial.adversarial_loss(model, critic, x, prior)
    loss.total(weight).backward()
    optimisers[0].step()
    return loss


def weight_on_one_adversarial_term(self, weight):
    return self.reconstruction + self.value


def biased_mmd(x, y, kernel):
    k = lambda a, b: kernel(matching.squared_distances(a, b)).mean()
    return k(x, x) + k(y, y) - 2 * k(x, y)


def directions_not_of_length_one(number, dimension, rng):
    return rng.standard_normal((number, dimension))


def slope(critic, between):
    between.requires_grad_()
    return autograd.grad(critic(between).sum(), between, create_graph=True)[0]


def one_norm_for_the_batch(critic, prior, code, where):
    gradient = slope(critic, where * prior + (1 - where) * code)
    return (sqrt((gradient**2).sum() + 1e-12) - 1) ** 2


def one_point_for_the_batch(critic, prior, code, where):
    where = where.mean()
    gradient = slope(critic, where * prior + (1 - where) * code)
    return ((sqrt((gradient**2).sum(axis=1) + 1e-12) - 1) ** 2).mean()


def no_guard_under_the_root(critic, prior, code, where):
    gradient = slope(critic, where * prior + (1 - where) * code)
    return (((gradient**2).sum(axis=1) ** 0.5 - 1) ** 2).mean()


def penalty_without_its_own_gradient(critic, prior, code, where):
    between = (where * prior + (1 - where) * code).requires_grad_()
    (gradient,) = autograd.grad(critic(between).sum(), between)  # no create_graph
    return ((sqrt((gradient**2).sum(axis=1) + 1e-12) - 1) ** 2).mean()


def price_of_small_codes(model, x, weight):
    code = model.encoder(x)
    price = weight * autoencoder.l1_sparsity(code)
    return (autoencoder.squared_error(model.decoder(code), x) + price).mean()


def noise_on_the_target(denoiser, x, noise, sigma):
    return autoencoder.squared_error(denoiser(x), x + sigma * noise).mean()


def residual_taken_for_the_score(denoiser, y, sigma):
    return denoiser(y) - y


MUTANTS = [
    Mutant("squared error averaged over pixels against a summed KL, a beta of hundreds "
           "(WorldModels #12, PyTorch-VAE #56, podgorskiy/VAE #1)",
           vae.gaussian_log_density, likelihood_averaged_over_pixels,
           test_vae.test_the_squared_error_is_the_bound_for_its_own_sigma),
    Mutant("KL averaged over the code", vae.gaussian_kl, kl_averaged_over_the_code,
           test_vae.test_gaussian_kl_is_the_general_closed_form_and_zero_only_at_the_prior),
    Mutant("the same, seen by the optimum of the linear VAE",
           vae.gaussian_kl, kl_averaged_over_the_code,
           test_linear_vae.test_at_its_best_the_bound_is_the_likelihood_of_probabilistic_pca, (0,)),
    Mutant("a weight of the KL that is stored and never used (lightning-bolts #328)",
           vae.Elbo.value, beta_stored_but_not_used, test_vae.test_beta_weighs_the_kl_alone),
    Mutant("log variance taken for log standard deviation",
           vae.reparameterise, logvar_taken_for_log_sigma,
           test_vae.test_gaussian_kl_is_the_mean_of_log_ratios_of_draws),
    Mutant("log variance taken for standard deviation",
           vae.reparameterise, logvar_taken_for_sigma,
           test_vae.test_gaussian_kl_is_the_mean_of_log_ratios_of_draws),
    Mutant("likelihood from a whole batch of draws, though fewer were asked for (pythae get_nll)",
           estimators.importance_weighted_bound, a_batch_of_draws_whatever_was_asked,
           test_estimators.test_k_draws_give_a_bound_of_k_draws),
    Mutant("codes drawn, not their means, when the model is used",
           vae.interpolate, codes_drawn_in_use,
           test_vae.test_an_interpolation_begins_and_ends_with_reconstructions),
    Mutant("the discriminator's gradient left in the encoder",
           adversarial.train_step, discriminator_step_through_the_encoder,
           test_adversarial.test_the_autoencoders_gradient_is_that_of_the_objective_alone),
    Mutant("an adversarial weight that weighs nothing",
           adversarial.AdversarialLoss.total, weight_on_one_adversarial_term,
           test_adversarial.test_the_pieces_are_what_they_say),
    Mutant("MMD with each point's kernel with itself",
           matching.mmd, biased_mmd, test_matching.test_mmd_is_unbiased),
    Mutant("projections on vectors of any length",
           matching.random_directions, directions_not_of_length_one,
           test_matching.test_sliced_wasserstein_of_a_shift),
    Mutant("one gradient norm for the whole batch (torchgan)",
           wasserstein.gradient_penalty, one_norm_for_the_batch,
           test_wasserstein.test_the_penalty_measures_the_slope_of_each_point_by_itself),
    Mutant("one random point for the whole batch (torchgan)",
           wasserstein.gradient_penalty, one_point_for_the_batch,
           test_wasserstein.test_the_penalty_measures_the_slope_of_each_point_by_itself),
    Mutant("the slope of a norm at zero",
           wasserstein.gradient_penalty, no_guard_under_the_root,
           test_wasserstein.test_a_flat_critic_gets_a_finite_gradient),
    Mutant("a penalty through which no gradient passes",
           wasserstein.gradient_penalty, penalty_without_its_own_gradient,
           test_wasserstein.test_the_best_slope_under_the_penalty, (10.0,)),
    Mutant("a price on the code that a larger decoder evades",
           autoencoder.sparse_loss, price_of_small_codes,
           test_autoencoder.test_the_price_of_sparsity_cannot_be_evaded_by_a_larger_decoder),
    Mutant("noise on the target, not on the input",
           denoising.denoising_loss, noise_on_the_target,
           test_denoising.test_the_best_linear_denoiser),
    Mutant("a denoiser's residual taken for the score",
           denoising.score, residual_taken_for_the_score,
           test_denoising.test_the_residual_of_the_best_denoiser_is_sigma_squared_times_the_score),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # one of the bugs divides by zero
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug.__name__)
def test_the_bug_is_noticed(mutant):
    with planted(mutant.original, mutant.bug):
        assert kills(mutant.test, *mutant.arguments), f"not noticed: {mutant.story}"


def test_what_was_planted_is_gone_and_the_test_passes_again():
    mutant = MUTANTS[0]
    with planted(mutant.original, mutant.bug):
        assert vae.gaussian_log_density is estimators.gaussian_log_density is mutant.bug
    assert vae.gaussian_log_density is estimators.gaussian_log_density is mutant.original
    assert not kills(mutant.test)
    with pytest.raises(LookupError, match="no name"), planted(lambda: None, mutant.bug):
        pass
