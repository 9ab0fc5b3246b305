"""Bugs that other projects' defences had, planted in ours: each is noticed.

Numbers with # are issues of the projects named.
"""

from typing import NamedTuple

import numpy as np
import pytest
from scipy import special, stats

from minidl import Tensor, nn
from minidl.attacks.access import Access
from minidl.defences import (
    adversarial_training,
    danskin,
    features,
    intervals,
    linear_bounds,
    obfuscation,
    smoothing,
)
from minidl.nn import functional as F
from minidl.ops.choices import maximum, minimum, sign
from minidl.ops.reduce import logsumexp

from ..mutants import kills, planted
from . import (
    test_adversarial_training,
    test_danskin,
    test_features,
    test_intervals,
    test_linear_bounds,
    test_obfuscation,
    test_smoothing,
)


class Mutant(NamedTuple):
    """A bug, where it comes from, what it replaces, and the test that notices."""

    story: str
    original: object
    bug: object
    test: object
    arguments: tuple = ()


# ------------------------------------------------------------------------------------- the bugs


def weight_without_its_absolute_value(layer, radius):
    return F.linear(radius, layer.weight) if isinstance(layer, nn.Linear) else radius


def margins_of_bounds(net, box, y):
    lower, upper = intervals.through(net, box)
    c = intervals.differences(y, lower.shape[1], lower.dtype)
    return (maximum(c, 0.0) @ lower[:, :, None] + minimum(c, 0.0) @ upper[:, :, None])[:, :, 0]


def the_whole_ball_from_the_start(step, start, end):
    return 1.0


def layers_whatever_their_mode(net):
    return iter([*net]) if isinstance(net, nn.Sequential) else iter([net])


def relax_without_offset(box, slopes):
    lines = slopes(box), linear_bounds.upper_slope(box), 0.0 * box.lower
    return linear_bounds.Relaxation(*(line[:, None] for line in lines))


def lower_line_of_slope_two(box):
    return 2.0 * linear_bounds.upper_slope(box)


def lines_chosen_by_the_wrong_sign(net, relaxations, c, box, right=linear_bounds.lower_bound):
    swapped = [r._replace(lower=r.upper, upper=r.lower[:, :1]) for r in relaxations]
    return right(net, swapped, c, box)


def two_sided(k, n, alpha):
    return np.where(k > 0, stats.beta.ppf(alpha / 2, np.maximum(k, 1), n - k + 1), 0.0)


def normal_approximation(k, n, alpha):
    p = k / n
    return np.maximum(p - stats.norm.isf(alpha) * np.sqrt(p * (1 - p) / n), 0)


def noise_drawn_once(model, x, sigma, n, rng, batch=1000):
    noise = rng.standard_normal(x.shape)
    with Access(model, len(x)) as access:
        said = access.logits(x.data + sigma * noise)
    return n * (said.argmax(axis=1)[:, None] == np.arange(said.shape[1]))


def one_noise_for_the_batch(model, x, sigma, n, rng, batch=1000):
    draws = sigma * rng.standard_normal((n, 1, *x.shape[1:]))
    with Access(model, len(x)) as access:
        logits = access.logits((x.data + 0 * draws + draws[:1]).reshape(-1, *x.shape[1:]))
    said = logits.reshape(n, len(x), -1).argmax(axis=2)
    return (said[:, :, None] == np.arange(logits.shape[1])).sum(axis=0)


def asked_in_training_mode(model, x, sigma, n, rng, batch=1000):
    noise = rng.standard_normal((n, *x.shape))
    logits = model(Tensor((x.data + sigma * noise).reshape(-1, *x.shape[1:])))
    said = logits.data.reshape(n, len(x), -1).argmax(axis=2)
    return (said[:, :, None] == np.arange(logits.shape[1])).sum(axis=0)


def radius_of_a_variance(sigma, p_a, p_b=None):
    p_b = 1 - p_a if p_b is None else p_b
    return sigma**2 / 2 * (special.ndtri(p_a) - special.ndtri(p_b))


def one_set_of_draws(model, x, sigma, n, alpha, rng, n0=100):
    found = smoothing.counts(model, x, sigma, n, rng)
    p_a = smoothing.lower_confidence(found.max(axis=1), n, alpha)
    return smoothing.Certificate(found.argmax(axis=1), smoothing.radius(sigma, p_a))


def never_abstains(model, x, sigma, n, alpha, rng, n0=100):
    chosen = smoothing.counts(model, x, sigma, n0, rng).argmax(axis=1)
    k = smoothing.counts(model, x, sigma, n, rng)[np.arange(len(x)), chosen]
    return smoothing.Certificate(
        chosen, np.maximum(smoothing.radius(sigma, smoothing.lower_confidence(k, n, alpha)), 0)
    )


def mean_of_logits(logits):
    return F.log_softmax(logits.mean(axis=0), dim=1)


def sum_of_softmaxes(logits):
    return logsumexp(F.log_softmax(logits, dim=2), axis=0)


def the_value_for_the_maximiser(w, y, epsilon):
    return epsilon * abs(y[:, None] * sign(w))


def towards_the_class(w, y, epsilon):
    return epsilon * y[:, None] * sign(w)


def the_first_maximiser(loss, theta, maximisers, direction):
    found = danskin.gradient(loss, theta, maximisers[0])
    return sum(float((found[name] * h).sum()) for name, h in direction.items())


def step_on_the_clean_batch(model, optimiser, x, y, attack, clean=0.0):
    attack(model, x, y)
    loss = adversarial_training.mixed_loss(model, x, x, y, clean)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss


def step_in_the_attacks_mode(model, optimiser, x, y, attack, clean=0.0):
    perturbed = attack(model, x, y)
    model.eval()
    loss = adversarial_training.mixed_loss(model, x, perturbed, y, clean)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss


def shares_swapped(model, x, perturbed, y, clean=0.5):
    loss = lambda z, share: share * F.cross_entropy(model(z), y)
    return loss(x, 1 - clean) + loss(perturbed, clean)


def gradient_of_the_step(step, x):
    return step(x)


def attack_on_one_draw(self, draws):
    return self


def usefulness_of_each_corner_apart(w, x, y, epsilon):
    return features.usefulness(w, x, y) - epsilon * abs(w.sum(axis=0))


MUTANTS = [
    Mutant("interval matmul without |W|", intervals.widened, weight_without_its_absolute_value,
           test_intervals.test_the_bounds_of_one_affine_layer_are_reached_in_corners),
    Mutant("the difference of two logits' bounds, not the bound of their difference",
           intervals.margins, margins_of_bounds,
           test_intervals.test_margins_are_those_of_the_difference_of_two_logits),
    Mutant("dropout and batch norm bounded in training mode",
           intervals.layers, layers_whatever_their_mode,
           test_intervals.test_a_network_in_training_is_refused, (nn.Dropout(0.5),)),
    Mutant("a ramp that starts at its end", intervals.ramp, the_whole_ball_from_the_start,
           test_intervals.test_a_ramp),
    Mutant("an upper line without its offset", linear_bounds.relax, relax_without_offset,
           test_linear_bounds.test_the_lines_hold_the_relu),
    Mutant("a lower line steeper than the ReLU", linear_bounds.parallel, lower_line_of_slope_two,
           test_linear_bounds.test_the_lines_hold_the_relu),
    Mutant("the upper line where A is positive",
           linear_bounds.lower_bound, lines_chosen_by_the_wrong_sign,
           test_linear_bounds.test_the_best_slopes_reach_the_optimum_of_the_linear_program),
    Mutant("one end of a two-sided Clopper-Pearson interval", smoothing.lower_confidence, two_sided,
           test_smoothing.test_the_lower_bound_is_where_so_many_successes_have_probability_alpha),
    Mutant("a confidence bound from the normal approximation",
           smoothing.lower_confidence, normal_approximation,
           test_smoothing.test_the_lower_bound_covers_every_p),
    Mutant("noise drawn once (ART #1678, #1617)", smoothing.counts, noise_drawn_once,
           test_smoothing.test_every_draw_is_another_one),
    Mutant("the same noise in every batch", smoothing.counts, one_noise_for_the_batch,
           test_smoothing.test_counts_are_binomial),
    Mutant("the model in training mode", smoothing.counts, asked_in_training_mode,
           test_smoothing.test_the_model_is_asked_in_eval_mode_and_left_as_it_was),
    Mutant("sigma taken for a variance", smoothing.radius, radius_of_a_variance,
           test_smoothing.test_the_radius_of_a_linear_classifier_is_the_distance_to_its_boundary),
    Mutant("the class chosen on the draws that certify it", smoothing.certify, one_set_of_draws,
           test_smoothing.test_the_class_is_chosen_on_draws_of_its_own),
    Mutant("no abstention", smoothing.certify, never_abstains,
           test_smoothing.test_it_abstains_where_the_noise_makes_it_a_coin),
    Mutant("the mean of logits for the mean of probabilities",
           obfuscation.log_mean_softmax, mean_of_logits,
           test_obfuscation.test_log_mean_softmax_is_what_it_says),
    Mutant("a sum over draws for their mean", obfuscation.log_mean_softmax, sum_of_softmaxes,
           test_smoothing.test_the_soft_classifier_is_the_mean_of_softmaxes),
    Mutant("delta* = max, as printed", danskin.worst_perturbation, the_value_for_the_maximiser,
           test_danskin.test_the_gradient_at_the_maximiser_is_that_of_the_maximum),
    Mutant("the best perturbation for the worst", danskin.worst_perturbation, towards_the_class,
           test_danskin.test_the_worst_loss_is_the_largest_over_all_corners),
    Mutant("any maximiser's gradient at a tie", danskin.directional_derivative, the_first_maximiser,
           test_danskin.test_among_several_maximisers_the_slope_is_the_largest_in_each_direction),
    Mutant("attacked inputs made, and not used",
           adversarial_training.train_step, step_on_the_clean_batch,
           test_adversarial_training.test_a_step_on_a_linear_model_descends_the_worst_loss,
           ("PGD",)),
    Mutant("the model left in the attack's mode",
           adversarial_training.train_step, step_in_the_attacks_mode,
           test_adversarial_training.
           test_the_attack_meets_the_model_in_use_and_the_step_in_training),
    Mutant("the shares of the mixture swapped", adversarial_training.mixed_loss, shares_swapped,
           test_adversarial_training.test_the_mixture_is_linear_in_the_share),
    Mutant("BPDA with the step's own gradient", obfuscation.straight_through, gradient_of_the_step,
           test_obfuscation.test_rounding_the_input_stops_pgd_but_not_bpda),
    Mutant("EOT of one draw", obfuscation.Rippled.seen_through, attack_on_one_draw,
           test_obfuscation.test_randomness_stops_pgd_but_not_the_expectation),
    Mutant("|sum w| for sum |w|", features.robust_usefulness, usefulness_of_each_corner_apart,
           test_features.test_the_robust_usefulness_is_the_least_over_corners),
]  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug.__name__)
def test_the_bug_is_noticed(mutant):
    with planted(mutant.original, mutant.bug):
        assert kills(mutant.test, *mutant.arguments), f"not noticed: {mutant.story}"
