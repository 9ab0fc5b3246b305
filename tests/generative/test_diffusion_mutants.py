"""Bugs of diffusions and samplers, planted in ours: each is noticed.

Where it is known who had one, the project is named; numbers with # are its issues.
"""

import math
from typing import NamedTuple

import numpy as np
import pytest

from minidl import autograd
from minidl.generative import ddim, diffusion, langevin, score_matching, tempering
from minidl.generative import schedules as schedules_module
from minidl.generative.schedules import Posterior, Schedule, column
from minidl.recording import enable_grad

from ..mutants import kills, planted
from . import test_ddim, test_diffusion, test_langevin, test_schedules, test_score_matching
from . import test_tempering as tempering_tests


class Mutant(NamedTuple):
    """A bug, where it comes from, what it replaces, and the test that notices."""

    story: str
    original: object
    bug: object
    test: object
    arguments: tuple = ()


# ---------------------------------------------------------------------------------- the schedule


def previous_alpha_bar_padded_on_the_wrong_side(self, t, s=None):
    bar_t = self.alpha_bar[t]
    bar_s = np.append(self.alpha_bar[1:], 1.0)[t] if s is None else self.alpha_bar[s]
    kept, share = self.alpha[t], (1 - bar_s) / (1 - bar_t)
    return Posterior(math.sqrt(bar_s) * self.beta[t] / (1 - bar_t), math.sqrt(kept) * share,
                     share * self.beta[t])  # fmt: skip


def schedule_in_float32(self, beta):
    self.beta = np.concatenate([[0.0], beta]).astype(np.float32)
    self.alpha = 1 - self.beta
    self.alpha_bar = np.cumprod(self.alpha)
    self.signal, self.noise = np.sqrt(self.alpha_bar), np.sqrt(1 - self.alpha_bar)


def betas_of_a_thousand_steps_for_any_number(T):
    return Schedule(np.linspace(1e-4, 0.02, T))


def alpha_bar_of_the_step_before(schedule, x0, t, epsilon):
    return column(schedule.signal, t - 1, x0) * x0 + column(schedule.noise, t - 1, x0) * epsilon


# -------------------------------------------------------------------------- training and sampling


def v_with_the_wrong_sign(model, x0, t, epsilon, right=diffusion.diffusion_loss):
    if model.target != "v":
        return right(model, x0, t, epsilon)
    signal, noise = column(model.schedule.signal, t, x0), column(model.schedule.noise, t, x0)
    guess = model.network(diffusion.noisy(model.schedule, x0, t, epsilon), t)
    return ((signal * epsilon + noise * x0 - guess) ** 2).mean(axis=1)


def steps_counted_from_0(n, T, rng):
    return rng.integers(0, T, n)


def one_step_for_the_whole_batch(n, T, rng):
    return np.full(n, rng.integers(1, T + 1))


def noise_at_the_last_step(model, x_t, t, z, variance="posterior"):
    q = model.schedule.posterior(t)
    mean = q.of_x0 * model(x_t, t).x0 + q.of_xt * x_t
    return mean + math.sqrt(q.variance if variance == "posterior" else model.schedule.beta[t]) * z


def variance_taken_for_standard_deviation(model, x_t, t, z, variance="posterior"):
    q = model.schedule.posterior(t)
    mean = q.of_x0 * model(x_t, t).x0 + q.of_xt * x_t
    return mean + (q.variance if variance == "posterior" else model.schedule.beta[t]) * z


def a_loop_in_which_t_stays(model, x_T, draw, variance="posterior"):
    x = x_T
    for _ in range(model.schedule.T):
        x = diffusion.reverse_step(model, x, model.schedule.T, draw(x.shape), variance)
        yield x


def x0_within_bounds_and_epsilon_as_it_was(self, x_t, t, right=diffusion.Diffusion.forward):
    guess = right(self, x_t, t)
    return diffusion.Guess(guess.x0, self.network(x_t, np.full(len(x_t), t)))


def a_last_pair_of_0_and_0(T, n):
    return [int(t) for t in np.rint(np.linspace(T, 0, n))] + [0]


def a_last_step_to_alpha_bar_1(model, x_t, t, s, z=None, eta=0.0, right=ddim.ddim_step):
    return right(model, x_t, t, max(s, 1), z, 0.0 if s == 0 else eta)


def sigma_squared_in_ddim(model, x_t, t, s, z=None, eta=0.0, right=ddim.ddim_step):
    without, added = right(model, x_t, t, s, z * 0, eta), right(model, x_t, t, s, z, eta)
    bar = model.schedule.alpha_bar
    return without + (added - without) * math.sqrt((1 - bar[s]) / (1 - bar[t]))


# ---------------------------------------------------------------------------------- score matching


def uphill_taken_for_downhill(energy, x, right=score_matching.energy_score):
    return -right(energy, x)


def half_forgotten(score, x, right=score_matching.implicit_loss):
    return right(score, x) + 0.5 * (score(x) ** 2).sum(axis=1)


def trace_through_which_no_gradient_passes(score, x):
    with enable_grad():
        x = x.detach().requires_grad_()
        s = score(x)
        trace = sum(
            autograd.grad(s[:, i].sum(), x, retain_graph=True)[0][:, i] for i in range(x.shape[1])
        )
    return trace + 0.5 * (s**2).sum(axis=1)


def directions_of_length_1(shape, rng):
    v = rng.standard_normal(shape)
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def noise_not_divided_by_sigma(score, x, z, sigma):
    return 0.5 * ((score(x + sigma * z) + z) ** 2).sum(axis=1)


def weight_sigma_not_its_square(score, x, z, sigma):
    return 0.5 * sigma[:, 0] * ((score(x + sigma * z, sigma) + z / sigma) ** 2).sum(axis=1)


# --------------------------------------------------------------------------- Langevin, tempering


def noise_of_variance_eps(x, score, step, z):
    return x + step * score(x) + math.sqrt(step) * z


def half_a_drift(x, score, step, z):
    return x + step / 2 * score(x) + math.sqrt(2 * step) * z


def metropolis_without_the_proposals(x, log_density, score, step, z, u):
    y = langevin.langevin_step(x, score, step, z)
    went = np.log(u) < log_density(y) - log_density(x)
    return np.where(went[:, None], y, x), went


def one_step_size_for_all_levels(x, score, sigmas, step, steps, draw):
    for sigma in sigmas:
        for _ in range(steps):
            x = langevin.langevin_step(x, lambda x, s=sigma: score(x, s), step, draw(x.shape))
        yield x


def switch_without_weights(log_density, ladder, level, to):
    inverse = 1 / ladder.temperatures
    return np.exp(np.minimum((inverse[to] - inverse[level]) * log_density, 0))


def swap_by_the_inverse_ratio(
    x, log_density, score, temperatures, step, rng, right=tempering.parallel_tempering_step
):
    return right(x, lambda x: -log_density(x), score, temperatures, step, rng)


SHORT = schedules_module.linear(100)
MUTANTS = [
    Mutant("alpha_bar_{t-1} padded at the wrong end (denoising-diffusion-pytorch #18)",
           Schedule.posterior, previous_alpha_bar_padded_on_the_wrong_side,
           test_schedules.test_the_posterior_is_conditioning_of_a_joint_normal_law, (500, None)),
    Mutant("a product of a thousand numbers near 1 in float32",
           Schedule.__init__, schedule_in_float32,
           test_schedules.test_step_by_step_is_the_same_as_at_once, ("linear, few steps",)),
    Mutant("signal left at the last step (arXiv:2305.08891, diffusers #2585)",
           schedules_module.linear, betas_of_a_thousand_steps_for_any_number,
           test_schedules.test_the_last_step_leaves_no_signal_and_the_first_no_noise,
           ("linear, few steps",)),
    Mutant("alpha_bar shifted by one in training", diffusion.noisy, alpha_bar_of_the_step_before,
           test_diffusion.test_noise_at_a_step_is_what_the_schedule_says),
    Mutant("the same, seen by the best predictor", diffusion.noisy, alpha_bar_of_the_step_before,
           test_diffusion.test_the_loss_has_the_exact_predictor_as_its_minimum, (10,)),
    Mutant("v = signal epsilon + noise x0", diffusion.diffusion_loss, v_with_the_wrong_sign,
           test_diffusion.test_targets_are_weights_of_one_loss),
    Mutant("steps from 0 to T - 1 where they are numbered from 1", diffusion.random_steps,
           steps_counted_from_0, test_diffusion.test_steps_are_spread_evenly),
    Mutant("one step for the whole batch", diffusion.random_steps, one_step_for_the_whole_batch,
           test_diffusion.test_steps_are_spread_evenly),
    Mutant("noise at the last step too (labml's annotated DDPM)",
           diffusion.reverse_step, noise_at_the_last_step,
           test_diffusion.test_gaussian_data_keep_their_variance, (SHORT, "beta")),
    Mutant("sigma^2 for sigma in sampling",
           diffusion.reverse_step, variance_taken_for_standard_deviation,
           test_diffusion.test_gaussian_data_keep_their_variance, (SHORT, "beta")),
    Mutant("a loop with frozen t (ddpm-torch #20)", diffusion.sample, a_loop_in_which_t_stays,
           test_diffusion.test_gaussian_data_keep_their_variance, (SHORT, "beta")),
    Mutant("x_0 moved into its bounds, epsilon left as it was",
           diffusion.Diffusion.forward, x0_within_bounds_and_epsilon_as_it_was,
           test_diffusion.test_guesses_are_kept_within_bounds),
    Mutant("DDIM's last pair is (0, 0) (denoising-diffusion-pytorch #81)",
           ddim.spaced_steps, a_last_pair_of_0_and_0, test_ddim.test_the_steps_to_visit),
    Mutant("DDIM's last step ends at alpha_bar_1, not at 1 (ControlNet #587)",
           ddim.ddim_step, a_last_step_to_alpha_bar_1,
           test_ddim.test_the_last_step_returns_the_guess_at_the_data),
    Mutant("a factor of sigma left out in DDIM", ddim.ddim_step, sigma_squared_in_ddim,
           test_ddim.test_with_eta_1_and_every_step_it_is_ddpm),
    Mutant("+grad E for the score", score_matching.energy_score, uphill_taken_for_downhill,
           test_score_matching.test_the_slope_of_an_energy_is_the_score_and_z_is_gone),
    Mutant("|s|^2 for 1/2 |s|^2", score_matching.implicit_loss, half_forgotten,
           test_score_matching.test_implicit_and_explicit_loss_differ_by_a_constant_of_the_data,
           (0,)),
    Mutant("a trace without create_graph",
           score_matching.implicit_loss, trace_through_which_no_gradient_passes,
           test_score_matching.test_a_loss_reaches_the_energys_parameters_through_three_derivatives),
    Mutant("Hutchinson's vectors of length 1", score_matching.random_signs, directions_of_length_1,
           test_score_matching.test_random_signs_have_covariance_i),
    Mutant("z for z / sigma", score_matching.denoising_loss, noise_not_divided_by_sigma,
           test_score_matching.test_denoising_is_explicit_matching_of_the_noisy_law_plus_a_constant),
    Mutant("weight sigma for sigma^2", score_matching.multiscale_loss, weight_sigma_not_its_square,
           test_score_matching.test_every_noise_level_counts_the_same),
    Mutant("sqrt(eps) for sqrt(2 eps)", langevin.langevin_step, noise_of_variance_eps,
           test_langevin.test_the_variance_that_it_ends_in_is_1_over_1_minus_half_the_step, (0.1,)),
    Mutant("eps / 2 in the drift of one convention, sqrt(2 eps) of the other",
           langevin.langevin_step, half_a_drift,
           test_langevin.test_the_variance_that_it_ends_in_is_1_over_1_minus_half_the_step, (0.1,)),
    Mutant("an acceptance without the proposals' ratio",
           langevin.mala_step, metropolis_without_the_proposals,
           test_langevin.test_a_metropolis_step_removes_the_bias),
    Mutant("one step size for all noise levels",
           langevin.annealed_langevin, one_step_size_for_all_levels,
           test_langevin.test_the_steps_of_annealing_shrink_as_the_variance_of_the_noise),
    Mutant("densities that are not normalised, as the notes print them",
           tempering.switch_probability, switch_without_weights,
           tempering_tests.test_a_switch_leaves_every_level_in_balance),
    Mutant("swaps by the inverse of the ratio",
           tempering.parallel_tempering_step, swap_by_the_inverse_ratio,
           tempering_tests.test_swaps_leave_the_product_of_the_levels_as_it_is),
]  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug.__name__)
def test_the_bug_is_noticed(mutant):
    assert not kills(mutant.test, *mutant.arguments), "the test fails without the bug"
    with planted(mutant.original, mutant.bug):
        assert kills(mutant.test, *mutant.arguments), f"not noticed: {mutant.story}"
