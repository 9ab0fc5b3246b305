"""Bugs that other projects' attacks had, planted in ours: each is noticed.

Numbers with # are issues of the projects named.
"""

from typing import NamedTuple

import numpy as np
import pytest

from minidl.attacks import (
    access,
    black_box,
    carlini_wagner,
    gradient_steps,
    objectives,
    one_pixel,
    patch,
    poisoning,
    report,
    threat,
    universal,
)
from minidl.ops.choices import where
from minidl.ops.trigonometry import tanh

from ..mutants import kills, planted
from . import (
    test_access,
    test_black_box,
    test_carlini_wagner,
    test_gradient_steps,
    test_objectives,
    test_one_pixel,
    test_patch,
    test_poisoning,
    test_report,
    test_threat,
    test_universal,
)
from .digits import held_out, reader


class Mutant(NamedTuple):
    """A bug, where it comes from, what it replaces, and the test that notices."""

    story: str
    original: object
    bug: object
    test: object
    arguments: tuple = ()


# ------------------------------------------------------------------------------------- the bugs

RIGHT = {  # of which a bug uses the result
    "report": report.report,
    "draw": patch.Transforms.draw,
    "nes": black_box.nes_gradient,
}


def true_class_masked_by_zero(logits, labels):
    others = where(objectives.of_class(logits, labels), 0.0, logits).max(axis=1)
    return others - objectives.logits_of(logits, labels)


def atanh_of_one(x):
    with np.errstate(divide="ignore"):
        return np.arctanh(2 * x - 1)


def bracket_as_printed(w):
    return 0.5 * tanh(w) + 1


def one_weight_that_only_grows(self, reached):
    self.c = np.where(reached, self.c, 10 * self.c)


def training_mode_during_the_attack(self):
    self._flags = []
    return self


def everything_in_training_mode_afterwards(self, *_):
    for module, _flag in self._flags:
        module.training = True


def gradients_left_in_the_parameters(self, x, goal, objective=objectives.cross_entropy, rows=None):
    x = access.Tensor(x).requires_grad_()
    logits = self.model(x)
    value = goal.sign * objective(logits, goal.labels)
    value.sum().backward()
    return value.data, goal.reached(logits.data), x.grad.data


def start_outside_of_the_bounds(self, x, rng):
    reach = self.epsilon if np.isfinite(self.epsilon) else 1.0
    return (x + rng.uniform(-1, 1, x.shape) * reach).astype(x.dtype)


def every_start_the_same(self, x, rng):
    return self.project(x, x + np.random.default_rng(0).uniform(-1, 1, x.shape) * self.epsilon)


def no_projection_into_the_ball(self, x, candidate):
    return np.clip(candidate, *self.bounds)


def a_part_of_a_change_counted_as_none(length, room, p, epsilon):
    kept = np.minimum(length, room)
    rank = np.argsort(np.argsort(-(length**2 - (length - kept) ** 2), axis=1), axis=1)
    return np.where(rank < epsilon, kept, 0)


def ball_and_bounds_one_after_the_other(length, room, p, epsilon):
    size = threat.norm(length, p)[:, None]
    if p == 2:
        return np.minimum(length * np.minimum(1, epsilon / np.where(size > 0, size, 1)), room)
    excess = np.zeros_like(size)
    for _ in range(60):
        excess += (np.maximum(length - excess, 0).sum(axis=1, keepdims=True) - epsilon) / 8
        excess = np.maximum(excess, 0)
    return np.minimum(np.maximum(length - excess, 0), room)


def the_last_point_kept(self, x, reached, score, rows=slice(None)):
    self.x[rows], self.reached[rows], self.score[rows] = x, reached, score


def loss_before_success(self, x, reached, score, rows=slice(None)):
    better = score > self.score[rows]
    self.x[rows] = np.where(better.reshape(-1, *[1] * (x.ndim - 1)), x, self.x[rows])
    self.reached[rows] = np.where(better, reached, self.reached[rows])
    self.score[rows] = np.where(better, score, self.score[rows])


def one_length_for_the_batch(g, x, model, length):
    if model.norm == np.inf:
        return length * np.sign(g)
    return length * g / np.linalg.norm(g)


def what_was_found_is_returned_as_it_is(seen, x, found, goal, model):
    reached = goal.reached(seen.logits(found))
    return access.Result(access.tensor(found), reached, seen.queries, seen.gradients, 0.0)


def targets_climbed_like_labels(self):
    return 1


def counted_over_all_inputs(model, x, labels, result, goal=None):
    found = RIGHT["report"](model, x, labels, result, goal)
    return report.Report(**{**vars(found), "success_rate": float(np.mean(result.success))})


def parents_that_may_be_the_same(parents, F, rng):
    if parents.shape[1] < 3:
        raise ValueError("population of 2 is too small")
    a, b, c = (
        np.take_along_axis(parents, rng.integers(0, parents.shape[1], parents.shape), axis=1)
        for _ in range(3)
    )
    return np.clip(a + F * (b - c), 0, 1)


def one_placement_for_the_batch(self, n, size, side, like, rng):
    where = RIGHT["draw"](self, 1, size, side, like, rng)
    return patch.Placement(*(patch.Tensor(np.repeat(t.data, n, axis=0)) for t in where))


def difference_over_sigma_once(
    seen, x, goal, pairs, sigma, rng, objective=objectives.margin, rows=None
):
    return 2 * RIGHT["nes"](seen, x, goal, pairs, sigma, rng, objective, rows)


def what_is_fooled_is_pushed_on(logits, labels):
    return -objectives.cross_entropy(logits, labels)


def flips_at_random(train, validation, share, weight):
    y = train[1].copy()
    rows = np.random.default_rng(len(y)).choice(len(y), round(share * len(y)), replace=False)
    y[rows] *= -1
    return y


def trigger_on_images_that_keep_their_labels(train, trigger, target, share, rng):
    x, y = train[0].copy(), train[1].copy()
    rows = rng.choice(len(x), round(share * len(x)), replace=False)
    x[rows] = poisoning.stamped(x[rows], trigger)
    return x, y


MUTANTS = [
    Mutant("the true class masked by 0: wrong where all other logits are negative "
           "(torchattacks #184, mnist_challenge #10)",
           objectives.margin, true_class_masked_by_zero,
           test_objectives.test_the_margin_is_positive_just_where_the_model_says_another_class),
    Mutant("the same, seen by Carlini and Wagner's attack",
           objectives.margin, true_class_masked_by_zero,
           test_carlini_wagner.test_adding_the_same_to_all_logits_changes_nothing, (False,)),
    Mutant("black and white pixels at infinity, where they stay (torchattacks)",
           carlini_wagner.preimage, atanh_of_one,
           test_carlini_wagner.test_black_and_white_pixels_can_move),
    Mutant("the notes' bracket",
           carlini_wagner.image, bracket_as_printed,
           test_carlini_wagner.test_black_and_white_pixels_can_move),
    Mutant("a weight that is never lowered",
           carlini_wagner.Weights.update, one_weight_that_only_grows,
           test_carlini_wagner.test_the_distance_to_the_boundary_of_a_linear_model),
    Mutant("attacked in training mode: at budget 0 not the clean accuracy (torchattacks #124)",
           access.Access.__enter__, training_mode_during_the_attack,
           test_access.test_at_the_budget_0_the_accuracy_is_the_clean_one),
    Mutant("the model left in another mode",
           access.Access.__exit__, everything_in_training_mode_afterwards,
           test_access.test_the_model_is_left_as_it_was),
    Mutant("gradients left in the parameters",
           access.Access.gradient, gradients_left_in_the_parameters,
           test_access.test_the_model_is_left_as_it_was),
    Mutant("a random start that is not clipped (mnist_challenge #10)",
           threat.Threat.random_start, start_outside_of_the_bounds,
           test_threat.test_a_random_start_is_in_the_set_and_fills_it, (np.inf,)),
    Mutant("restarts that all start at one place",
           threat.Threat.random_start, every_start_the_same,
           test_gradient_steps.test_the_same_seed_gives_the_same_points),
    Mutant("steps without a projection, as the notes print them",
           threat.Threat.project, no_projection_into_the_ball,
           test_gradient_steps.test_the_iterates_stay_in_the_ball),
    Mutant("projected into the ball, then clipped: not the nearest point",
           threat._shrink, ball_and_bounds_one_after_the_other,
           test_threat.test_no_point_of_the_set_is_nearer, (2,)),
    Mutant("half a change rounded up to one",
           threat._keep_the_best, a_part_of_a_change_counted_as_none,
           test_threat.test_a_part_of_a_change_is_none),
    Mutant("the last iterate, not the best",
           access.Best.offer, the_last_point_kept,
           test_gradient_steps.test_the_best_point_is_returned_and_not_the_last),
    Mutant("the last image of Carlini and Wagner's search, not the nearest",
           access.Best.offer, the_last_point_kept,
           test_carlini_wagner.test_the_distance_to_the_boundary_of_a_linear_model),
    Mutant("a higher loss preferred to success",
           access.Best.offer, loss_before_success, test_access.test_the_best_point_is_kept),
    Mutant("an l2 step that is not normalised by example",
           gradient_steps.steepest, one_length_for_the_batch,
           test_gradient_steps.test_a_step_is_as_long_for_every_example),
    Mutant("what an attack returned is not clipped",
           access.conclude, what_was_found_is_returned_as_it_is,
           test_access.test_what_an_attack_found_is_put_into_the_set_and_judged_there),
    Mutant("a target whose loss is climbed",
           objectives.Goal.sign, property(targets_climbed_like_labels),
           test_gradient_steps.test_targeted),
    Mutant("success counted over inputs that were wrong before",
           report.report, counted_over_all_inputs,
           test_report.test_counted_are_those_that_were_right),
    Mutant("three parents of which two may be the same",
           one_pixel.offspring, parents_that_may_be_the_same,
           test_one_pixel.test_parents_are_three_and_different),
    Mutant("one placement for the whole batch",
           patch.Transforms.draw, one_placement_for_the_batch,
           test_patch.test_placements_are_drawn_where_they_should_be),
    Mutant("differences of two sides divided by one sigma",
           black_box.nes_gradient, difference_over_sigma_once,
           test_black_box.test_the_estimate_is_right_on_average_and_its_cosine_is_known),
    Mutant("the loss of what is to be fooled descended",
           universal.not_fooled_yet, what_is_fooled_is_pushed_on,
           test_universal.test_the_perturbation_fools_images_that_it_was_not_made_from, (0,)),
    Mutant("labels flipped at random",
           poisoning.flipped_labels, flips_at_random,
           test_poisoning.test_one_flip_is_the_worst_to_first_order),
    Mutant("a trigger without its label",
           poisoning.backdoored, trigger_on_images_that_keep_their_labels,
           test_poisoning.test_a_trigger_does_what_it_should_and_nothing_else),
]  # fmt: skip


def name(bug):
    return getattr(bug, "fget", bug).__name__


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # infinities are some of the bugs
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: name(mutant.bug))
def test_the_bug_is_noticed(mutant):
    reader(), held_out()  # trained without the bug
    with planted(mutant.original, mutant.bug):
        assert kills(mutant.test, *mutant.arguments), f"not noticed: {mutant.story}"
