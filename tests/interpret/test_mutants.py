"""Bugs planted in our explainers: each is noticed.  Where a project is named it had the bug."""

from typing import NamedTuple

import numpy as np
import pytest

from minidl import no_grad
from minidl.interpret import attribution, examples, hidden, lime, rules
from minidl.nn import functional as F
from minidl.ops.elementwise import exp

from ..mutants import kills, planted
from . import test_attribution, test_examples, test_hidden, test_lime, test_rules


class Mutant(NamedTuple):
    """A bug, where it comes from, what it replaces, and the test that notices."""

    story: str
    original: object
    bug: object
    test: object
    arguments: tuple = ()


def the_left_ends(score, x, baseline, steps=50):
    total = 0.0
    for k in range(steps):
        total = total + attribution.saliency(score, baseline + k / steps * (x - baseline))
    return (x - baseline) * total / steps


def times_the_input(score, x, baseline, steps=50, right=attribution.integrated_gradients):
    return right(score, x, baseline, steps) / (x - baseline) * x


def gradients_at_the_input(score, x, baseline, steps=50):
    return (x - baseline) * attribution.saliency(score, x)


def the_softmax(net, x, classes):
    return F.softmax(net(x), dim=1)[np.arange(len(x)), classes.data]


def every_coalition_alike(score, x, baseline, groups):
    d = int(groups.max()) + 1
    coalitions = np.arange(2**d)[:, None] >> np.arange(d) & 1
    inside = type(x)(coalitions[:, groups].astype(x.dtype))
    v = score(baseline + inside * (x - baseline)).data
    without = [np.flatnonzero(coalitions[:, i] == 0) for i in range(d)]
    return type(x)(np.array([(v[w + 2**i] - v[w]).mean() for i, w in enumerate(without)]))


def the_gradient_of_the_mean_input(score, x, noise):
    return attribution.saliency(score, x + noise.mean(axis=0))


def no_root(distance, width):
    return exp(-((distance / width) ** 2))


def the_width_ignored(distance, width):
    return exp(-(distance**2) / 2)


def the_intercept_penalised(Z, f, pi, alpha):
    A = np.c_[np.ones(len(Z)), Z.data]
    weighted = A * pi.data[:, None]
    return type(Z)(
        np.linalg.solve(A.T @ weighted + alpha * np.eye(A.shape[1]), weighted.T @ f.data)
    )


def every_draw_alike(Z, f, pi, alpha, right=lime.weighted_ridge):
    return right(Z, f, pi * 0 + 1, alpha)


@no_grad()
def without_curvature(net, train, test, decay=0.0, damping=0.0):
    ours, theirs = (examples._gradients(net, one, d) for one, d in ((train, decay), (test, 0.0)))
    return theirs @ ours.T / len(train[1])


def the_sign_of_adding(net, train, test, decay=0.0, damping=0.0, right=examples.influence):
    return -right(net, train, test, decay, damping)


def the_last_one(score, start, project, steps=100, lr=0.5):
    x = project(start)
    for _ in range(steps):
        g = attribution.saliency(score, x)
        x = project(x + lr * g / hidden._norms(g))
    return x


def both_sides_alike(x, answers, least=1):
    found = []
    for feature in range(x.shape[1]):
        for threshold in np.unique(x[:, feature])[:-1]:
            sides = answers[x[:, feature] <= threshold], answers[x[:, feature] > threshold]
            if min(map(len, sides)) >= least:
                impurity = sum(test_rules.gini(side) / len(side) for side in sides)
                found.append((impurity, feature, threshold))
    return min(found)[1:]


MUTANTS = [
    Mutant("a Riemann sum from the left", attribution.integrated_gradients, the_left_ends,
           test_attribution.test_integrated_gradients_are_complete, (0,)),
    Mutant("times the input, not its difference from the baseline",
           attribution.integrated_gradients, times_the_input,
           test_attribution.test_integrated_gradients_are_complete, (0,)),
    Mutant("gradient times input", attribution.integrated_gradients, gradients_at_the_input,
           test_attribution.test_integrated_gradients_of_a_quadratic_form),
    Mutant("probabilities explained for logits", attribution.class_score, the_softmax,
           test_attribution.test_logits_are_explained_and_not_probabilities),
    Mutant("all coalitions with the same weight (Banzhaf)",
           attribution.shapley, every_coalition_alike,
           test_attribution.test_shapley_values_share_the_difference_out_whole),
    Mutant("noise averaged before the gradient",
           attribution.smooth_gradient, the_gradient_of_the_mean_input,
           test_attribution.test_the_gradients_are_averaged_and_not_the_noise),
    Mutant("a kernel without its root", lime.proximity, no_root,
           test_lime.test_the_kernel_has_the_root),
    Mutant("a kernel width that is not used (tidymodels/lime #121)",
           lime.proximity, the_width_ignored, test_lime.test_the_kernel_has_the_root),
    Mutant("a penalty on the intercept", lime.weighted_ridge, the_intercept_penalised,
           test_lime.test_a_shift_of_f_goes_into_the_intercept),
    Mutant("all draws with the same weight", lime.weighted_ridge, every_draw_alike,
           test_lime.test_the_ridge_is_the_least_squares_solution_of_a_longer_system),
    Mutant("influence without the Hessian", examples.influence, without_curvature,
           test_examples.test_influence_predicts_what_leaving_an_example_out_does),
    Mutant("influence of adding for that of leaving out", examples.influence, the_sign_of_adding,
           test_examples.test_influence_predicts_what_leaving_an_example_out_does),
    Mutant("the last iterate for the best", hidden.maximise, the_last_one,
           test_hidden.test_the_best_of_the_inputs_visited_is_returned),
    Mutant("impurities added without the sizes of the sides",
           rules.best_split, both_sides_alike, test_rules.test_the_split_is_the_best_of_all, (3,)),
]  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug.__name__)
def test_the_bug_is_noticed(mutant):
    with planted(mutant.original, mutant.bug):
        assert kills(mutant.test, *mutant.arguments), f"not noticed: {mutant.story}"
