"""Bugs that meta-learning code is known to have: each is planted, and a test of ours must fail.

The first made a well-known reimplementation of MAML first order (dragen1860/MAML-Pytorch, issues 26
and 32); the notes print two more; the others let training look well all the same.  A bug is an edit
of one line: the function's code is exchanged for the edited one, wherever it was imported.
"""

import inspect
import textwrap
from typing import NamedTuple

import pytest

from minidl.meta import adaptation, anil, characters, evolution, maml, meta_sgd, networks, reptile
from minidl.meta import sinusoids as waves

from . import (
    test_adaptation,
    test_anil,
    test_characters,
    test_evolution,
    test_maml,
    test_meta_sgd,
    test_reptile,
    test_sinusoids,
)


class Mutant(NamedTuple):
    """In `function`, `right` is replaced by `wrong`; then `killer(*arguments)` must fail."""

    bug: str
    function: object
    right: str
    wrong: str
    killer: object
    arguments: tuple = ()


def written(p, change):
    """An update in place: the tensor stays, its data is rebound."""
    p.data = p.data - change.data
    return p


MUTANTS = [
    Mutant(
        "no create_graph: the inner gradient is a constant, and MAML first order",
        adaptation.step, "if first_order else theta", "",
        test_maml.test_the_meta_gradient_of_a_network_agrees_with_finite_differences, (1,),
    ),
    Mutant(
        "adapted parameters are new leaves: no gradient reaches phi through them",
        adaptation.step, "theta[name] - rates[name]", "theta[name].detach() - rates[name]",
        test_maml.test_the_meta_gradient_of_a_network_agrees_with_finite_differences, (1,),
    ),
    Mutant(
        "inner updates in place",
        adaptation.step, "theta[name] - rates[name] * g[name]",
        "written(theta[name], rates[name] * g[name])",
        test_maml.test_the_meta_gradient_of_a_network_agrees_with_finite_differences, (2,),
    ),
    Mutant(
        "judged on the support",
        maml.meta_loss, "*tasks.query", "*tasks.support",
        test_maml.test_the_query_is_not_learned_from_and_the_support_is_not_judged_on,
    ),
    Mutant(
        "learned from the query, as the notes print it",
        maml.meta_loss, "tasks.support", "tasks.query",
        test_maml.test_the_query_is_not_learned_from_and_the_support_is_not_judged_on,
    ),
    Mutant(
        "a new wave between support and query",
        waves.Sinusoids.tasks, "self(x)", "sample(len(self.phase), rng)(x)",
        test_sinusoids.test_support_and_query_are_points_of_the_same_wave,
    ),
    Mutant(
        "other characters in the query than in the support",
        characters.episodes,
        "images[which[:, :, None]", "images[rng.permuted(which, axis=1)[:, :, None]",
        test_characters.test_support_and_query_share_characters_and_numbers_but_no_drawing,
    ),
    Mutant(
        "drawings of the support in the query",
        characters.episodes, "shots : shots + queries", ": queries",
        test_characters.test_support_and_query_share_characters_and_numbers_but_no_drawing,
    ),
    Mutant(
        "a character twice in a task",
        characters.episodes, "rng.random((count, total)).argsort(axis=1)[:, :ways]",
        "rng.integers(0, total, (count, ways))",
        test_characters.test_support_and_query_share_characters_and_numbers_but_no_drawing,
    ),
    Mutant(
        "first-order MAML as the average gradient at phi",
        maml.meta_loss, "adapt(loss, phi, tasks.support, steps, lr, **how)",
        "copies(phi, tasks.count)",
        test_maml.test_first_order_is_the_gradient_at_the_adapted_parameters_and_not_at_phi,
    ),
    Mutant(
        "first order in the head, second order in the body",
        adaptation.step, "{name: p.detach() for name, p in theta.items()} if first_order",
        "theta | {name: theta[name].detach() for name in moving or theta} if first_order",
        test_maml.test_first_order_is_left_out_of_the_body_too_when_only_some_parameters_move,
    ),
    Mutant(
        "running statistics leak from task to task",
        networks.one_by_one, "mine | fresh", "mine",
        test_adaptation.test_running_statistics_of_one_task_reach_neither_the_module_nor_another_task,
    ),
    Mutant(
        "the inner loss averaged over the tasks: steps T times too short",
        adaptation.step, ".sum()", ".mean()",
        test_adaptation.test_a_task_is_adapted_as_if_it_were_alone,
    ),
    Mutant(
        "one copy of the parameters for all tasks",
        adaptation.trajectory, "copies(phi, len(support[0]))", "copies(phi, 1)",
        test_adaptation.test_a_task_is_adapted_as_if_it_were_alone,
    ),
    Mutant(
        "one inner step too few",
        adaptation.trajectory, "range(steps)", "range(steps - 1)",
        test_adaptation.test_steps_of_gradient_descent_on_quadratic_tasks_are_as_solved_exactly,
        (1, "cpu"),
    ),
    Mutant(
        "checkpointed in name only",
        adaptation.trajectory, "checkpoint(forward, theta) if checkpointed else", "",
        test_adaptation.test_a_checkpointed_step_keeps_its_result_alone,
    ),
    Mutant(
        "an inner Adam that forgets its averages at every step",
        adaptation.adapt_with, "moved, states =", "moved, _ =",
        test_adaptation.test_an_inner_adam_takes_each_task_where_adam_alone_takes_it,
    ),
    Mutant(
        "the Jacobian without its transpose, as the notes print it",
        maml.pull_back, "reversed(visited)", "visited",
        test_maml.test_it_is_the_transposed_jacobian_and_that_matters_from_the_second_step_on, (2,),
    ),
    Mutant(
        "the last point of the trajectory in the Jacobian, not the first",
        maml.pull_back, "*visited, _ =", "_, *visited =",
        test_maml.test_hessian_vector_products_pull_the_gradient_back_through_every_step, (1,),
    ),
    Mutant(
        "Reptile away from the adapted parameters",
        reptile.reptile_gradient, "p.detach() - adapted[name].detach().mean(axis=0)",
        "adapted[name].detach().mean(axis=0) - p.detach()",
        test_reptile.test_the_outer_step_moves_phi_towards_the_mean_of_the_adapted_parameters,
        ("cpu",),
    ),
    Mutant(
        "Reptile towards the sum over the tasks",
        reptile.reptile_gradient, ".mean(axis=0)", ".sum(axis=0)",
        test_reptile.test_with_one_inner_step_it_is_joint_training,
    ),
    Mutant(
        "ANIL that adapts everything",
        adaptation.step, "theta if moving is None else moving", "theta",
        test_anil.test_the_inner_loop_moves_the_head_alone_and_the_outer_one_everything,
    ),
    Mutant(
        "CKA of representations that are not centred",
        anil.cka, "x, y = x - x.mean(axis=0), y - y.mean(axis=0)", "",
        test_anil.test_cka_is_what_the_definition_by_gram_matrices_gives,
    ),
    Mutant(
        "the hypergradient at phi, not where the step ends",
        meta_sgd.hypergradient, "theta = step(loss, at, tasks.support, lr)", "theta = at",
        test_meta_sgd.test_the_derivative_by_the_rate_is_minus_the_product_of_the_gradients,
        ("cpu",),
    ),
    Mutant(
        "evolution with other noise behind than ahead",
        evolution.evolution_gradient, "p - sigma * e[name]",
        "p - sigma * normal(0, 1, e[name].shape, p.dtype, p.device, rng)",
        test_evolution.test_on_a_quadratic_each_pair_gives_its_direction_times_the_slope,
        ("cpu",),
    ),
    Mutant(
        "evolution's slope over one sigma, not two",
        evolution.evolution_gradient, "(2 * sigma)", "sigma",
        test_evolution.test_on_a_quadratic_each_pair_gives_its_direction_times_the_slope,
        ("cpu",),
    ),
]  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug)
def test_the_bug_is_caught(mutant, monkeypatch):
    mutant.killer(*mutant.arguments)
    plant(mutant, monkeypatch)
    with pytest.raises((AssertionError, RuntimeError, ValueError)):
        mutant.killer(*mutant.arguments)


def plant(mutant, monkeypatch):
    """Exchange the code of the function for that of its edited source."""
    function = inspect.unwrap(mutant.function)
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(mutant.right) == 1
    monkeypatch.setitem(function.__globals__, "written", written)
    scope = dict(function.__globals__)
    text = "from __future__ import annotations\n" + source.replace(mutant.right, mutant.wrong)
    exec(compile(text, "mutant", "exec"), scope)
    edited = inspect.unwrap(scope[function.__name__])
    monkeypatch.setattr(function, "__code__", edited.__code__)
