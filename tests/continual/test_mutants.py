"""Bugs planted in our continual learners: each is noticed.

Where a project is named it had the bug; numbers with # are its issues.
"""

from typing import NamedTuple

import numpy as np
import pytest

from minidl import grad, no_grad
from minidl.continual import (
    ewc,
    fisher,
    lwf,
    metrics,
    projection,
    rehearsal,
    sparsity,
    subnetworks,
    transfer,
)
from minidl.nn import functional as F

from ..mutants import kills, planted
from . import (
    test_ewc,
    test_fisher,
    test_lwf,
    test_metrics,
    test_projection,
    test_rehearsal,
    test_sparsity,
    test_subnetworks,
    test_transfer,
)


class Mutant(NamedTuple):
    """A bug, where it comes from, what it replaces, and the test that notices."""

    story: str
    original: object
    bug: object
    test: object
    arguments: tuple = ()


# ------------------------------------------------------------------------------------- the bugs


@no_grad()
def the_square_of_the_batchs_mean_gradient(net, x, y, weight=None):
    g = grad(lambda net: fisher.log_likelihood(net, x, y).mean())(net)
    return {name: part**2 for name, part in g.items()}


@no_grad()
def one_term_of_the_expectation(net, x, exact=fisher.exact):
    p, y = F.softmax(net(x), dim=1), net(x).argmax(axis=1)
    weight = p[np.arange(len(x)), y.data]
    return fisher.mean_square(net, x, y, weight)


@no_grad()
def the_likeliest_class_for_a_drawn_one(p, noise):
    return p.argmax(axis=1)


def no_half(theta, anchor, penalty=ewc.penalty):
    return 2 * penalty(theta, anchor)


def the_refsheets_form(delta, H):
    return delta @ (H @ delta)


def an_anchor_that_moves_with_the_network(net, fisher):
    return ewc.Anchor({name: p.detach() for name, p in net.named_parameters()}, fisher)


def the_first_task_for_the_centre(before, latest, decay=1.0, online=ewc.online):
    return ewc.Anchor(before.values, online(before, latest, decay).fisher)


def one_direction_short(R, U, threshold, whole=projection.least_directions):
    found = whole(R, U, threshold)
    return found[:, :-1] if found.shape[1] > U.shape[1] else found


def the_gradient_projected_and_not_the_step(memory, optimiser, loss):
    optimiser.zero_grad()
    loss.backward()
    for name, layer in memory.layers.items():
        g = np.concatenate(
            [layer.weight.grad.data.reshape(len(layer.weight), -1), layer.bias.grad.data[:, None]],
            axis=1,
        )
        g = projection.without(g, memory.bases[name])
        layer.weight.grad.data = g[:, :-1].reshape(layer.weight.shape)
        layer.bias.grad.data = g[:, -1]
    optimiser.step()
    return loss.item()


def the_bias_left_free(self, before):
    for name, layer in self.layers.items():
        W, U = projection._matrix(layer), self.bases[name][:-1]
        step = (W - before[name])[:, :-1]
        U, _ = np.linalg.qr(U)
        weight = before[name][:, :-1] + projection.without(step, U)
        layer.weight.data = weight.reshape(layer.weight.shape)


def all_that_reach_the_kth_value(h, k):
    h = F.relu(h)
    return h * (h >= np.sort(h.data, axis=-1)[..., -k : -k + 1 or None]).astype(h.dtype)


def winners_of_the_batch(h, k):
    return F.kwta(F.relu(h), k, 0)


def frequent_units_kept(activity, alpha, keep=sparsity.keep_probability):
    return keep(activity.max() - activity, alpha)


def dropped_in_use_as_well(self, x):
    h = F.relu(self.linear(x))
    keep = sparsity.keep_probability(self.activity, self.alpha)
    noise = h.detach() * 0 + 0.5
    return F.kwta(sparsity.thinned(h, keep, noise), self.k)


def recorded_by_the_network_that_learns(logits, recorded, temperature=2.0):
    q = F.softmax(logits.detach() / temperature, dim=1)
    return -(q * F.log_softmax(logits / temperature, dim=1)).sum(axis=1)


def recorded_without_its_temperature(logits, recorded, temperature=2.0):
    q = F.softmax(recorded, dim=1)
    return -(q * F.log_softmax(logits / temperature, dim=1)).sum(axis=1)


def scaled_by_the_square_of_the_temperature(
    logits, recorded, temperature=2.0, plain=lwf.distillation
):
    return temperature**2 * plain(logits, recorded, temperature)


def centres_by_the_distance_to_the_last(x, size, first=0):
    chosen = [first]
    while len(chosen) < size:
        chosen.append(int(np.linalg.norm(x - x[chosen[-1]], axis=1).argmax()))
    return np.array(chosen)


def a_reservoir_that_prefers_the_new(stream, size, rng):
    kept = np.arange(min(size, stream))
    for i in range(size, stream):
        kept[rng.integers(0, size)] = i
    return kept


def mean_over_all_tasks(R):
    return float((R[-1] - np.diag(R)).mean())


def forgotten_since_it_was_learned(R):
    return -metrics.backward_transfer(R)


def a_step_uphill(net, a, b, lr):
    return lr * transfer.inner_product(net, a, b)


def masks_that_share_units(width, tasks, rng):
    return rng.integers(0, 2, (tasks, width)).astype(np.float32)


MUTANTS = [
    Mutant("the mean gradient of a batch squared (Avalanche #1224, GEM #7, pytorch-ewc #1)",
           fisher.mean_square, the_square_of_the_batchs_mean_gradient,
           test_fisher.test_the_empirical_form_squares_the_residuals_of_the_labels),
    Mutant("one term of the sum over classes (mammoth)",
           fisher.exact, one_term_of_the_expectation,
           test_fisher.test_softmax_regression_has_a_closed_form),
    Mutant("the likeliest class, where one is to be drawn",
           fisher.draw_classes, the_likeliest_class_for_a_drawn_one,
           test_fisher.test_the_sampled_form_averages_to_the_exact_one),
    Mutant("a penalty without 1/2 (Avalanche; the refsheet)", ewc.penalty, no_half,
           test_ewc.test_the_penalty_gives_the_joint_optimum_where_curvatures_are_diagonal),
    Mutant("the quadratic form without 1/2", ewc.quadratic_form, the_refsheets_form,
           test_ewc.test_the_error_of_the_quadratic_form_is_of_third_order, (0,)),
    Mutant("an anchor that shares memory with the network",
           ewc.anchor, an_anchor_that_moves_with_the_network,
           test_ewc.test_what_an_anchor_keeps_does_not_move_with_the_network),
    Mutant("one anchor for all tasks, centred at the first",
           ewc.online, the_first_task_for_the_centre,
           test_ewc.test_one_anchor_for_all_tasks_is_exact_and_one_for_each_is_not),
    Mutant("the first task's basis one direction short (GPM)",
           projection.least_directions, one_direction_short,
           test_projection.test_the_least_number_of_directions_that_reach_the_threshold, (0.65, 2)),
    Mutant("the same, seen by the outputs", projection.least_directions, one_direction_short,
           test_projection.test_what_the_network_says_of_task_a_stays,
           (test_projection.perceptron, 6, "SGD")),
    Mutant("Adam after the projection", projection.train_step,
           the_gradient_projected_and_not_the_step,
           test_projection.test_what_the_network_says_of_task_a_stays,
           (test_projection.perceptron, 6, "Adam")),
    Mutant("weight decay after the projection", projection.train_step,
           the_gradient_projected_and_not_the_step,
           test_projection.test_what_the_network_says_of_task_a_stays,
           (test_projection.perceptron, 6, "weight decay")),
    Mutant("biases that are not protected", projection.Memory.constrain, the_bias_left_free,
           test_projection.test_what_the_network_says_of_task_a_stays,
           (test_projection.perceptron, 6, "SGD")),
    Mutant("more than k winners where activations are equal",
           sparsity.winners, all_that_reach_the_kth_value,
           test_sparsity.test_exactly_k_answer_also_where_activations_are_equal),
    Mutant("winners over the batch", sparsity.winners, winners_of_the_batch,
           test_sparsity.test_exactly_k_answer_also_where_activations_are_equal),
    Mutant("frequent units kept, rare ones dropped",
           sparsity.keep_probability, frequent_units_kept,
           test_sparsity.test_the_most_used_unit_is_kept_least),
    Mutant("dropout in use", sparsity.SparseLayer.forward, dropped_in_use_as_well,
           test_sparsity.test_nothing_drops_out_in_use),
    Mutant("old outputs taken from the network while it learns",
           lwf.distillation, recorded_by_the_network_that_learns,
           test_lwf.test_the_gradient_of_the_distillation, (2.0,)),
    Mutant("the teacher at temperature 1", lwf.distillation, recorded_without_its_temperature,
           test_lwf.test_the_printed_softening_is_that_of_the_logits),
    Mutant("distillation multiplied by T^2, which is another lambda_o",
           lwf.distillation, scaled_by_the_square_of_the_temperature,
           test_lwf.test_the_gradient_of_the_distillation, (2.0,)),
    Mutant("centres far from the last one only",
           rehearsal.k_center, centres_by_the_distance_to_the_last,
           test_rehearsal.test_each_centre_is_the_farthest_from_those_before),
    Mutant("a reservoir that forgets the beginning",
           rehearsal.reservoir, a_reservoir_that_prefers_the_new,
           test_rehearsal.test_every_example_of_a_stream_is_kept_with_the_same_probability),
    Mutant("backward transfer over all tasks, the last one too",
           metrics.backward_transfer, mean_over_all_tasks,
           test_metrics.test_a_matrix_done_by_hand),
    Mutant("forgetting from when a task was learned, not from its best",
           metrics.forgetting, forgotten_since_it_was_learned,
           test_metrics.test_forgetting_counts_from_the_best_that_a_task_ever_was),
    Mutant("transfer with the sign of a step uphill",
           transfer.predicted_change, a_step_uphill,
           test_transfer.test_the_predicted_change_is_the_measured_one, (0,)),
    Mutant("masks with units in common", subnetworks.deal_out, masks_that_share_units,
           test_subnetworks.test_units_are_dealt_out_to_one_task_each, (12, 2)),
]  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.bug.__name__}-{len(m.arguments)}")
def test_the_bug_is_noticed(mutant):
    with planted(mutant.original, mutant.bug):
        assert kills(mutant.test, *mutant.arguments), f"not noticed: {mutant.story}"
