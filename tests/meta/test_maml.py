"""MAML, its first-order form and joint training, on problems whose answers are known."""

import numpy as np
import pytest

import minidl
from minidl import optim
from minidl.meta import adapt, joint_loss, meta_gradient, meta_loss, pull_back, train_step
from minidl.meta.maml import quartic_loss, regression_tasks
from minidl.trees import map_leaves

from .problems import leaf, numpy, quadratic, quadratic_loss, regression

LR = 0.2


def gradient(value, x):
    (g,) = minidl.autograd.grad(value, x)
    return numpy(g)


# ------------------------------------------------------------------ against the exact solution


@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_the_meta_loss_and_its_gradient_on_quadratic_tasks_are_exact(steps, device):
    oracle, tasks, phi = quadratic(0, device=device)
    w = leaf(phi, device)
    value = meta_loss(quadratic_loss, {"w": w}, tasks, steps, LR)
    assert value.item() == pytest.approx(oracle.loss_after(phi, steps, LR), rel=1e-13)
    assert np.allclose(gradient(value, w), oracle.gradient(phi, steps, LR), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("method", ["maml", "first order", "joint"])
def test_each_method_comes_to_rest_where_its_equation_says(method, steps):
    """At the exact optimum the gradient is rounding; the others' optima are other points."""
    oracle, tasks, _ = quadratic(1)
    optima = {
        "maml": oracle.maml_optimum(steps, LR),
        "first order": oracle.first_order_optimum(steps, LR),
        "joint": oracle.joint_optimum(),
    }
    for name, phi in optima.items():
        w = leaf(phi)
        if method == "joint":
            value = joint_loss(quadratic_loss, {"w": w}, tasks)
        else:
            first_order = method == "first order"
            value = meta_loss(quadratic_loss, {"w": w}, tasks, steps, LR, first_order=first_order)
        size = np.abs(gradient(value, w)).max()
        assert size < 1e-13 if name == method else size > 1e-3


def test_training_finds_the_optimum():
    oracle, tasks, phi = quadratic(2)
    w = leaf(phi)
    optimiser = optim.SGD([w], lr=0.5)
    values = [
        train_step(optimiser, meta_loss(quadratic_loss, {"w": w}, tasks, 2, LR)) for _ in range(300)
    ]
    best = oracle.maml_optimum(2, LR)
    assert np.allclose(w.data, best, atol=1e-9)
    assert values[0] == pytest.approx(oracle.loss_after(phi, 2, LR))
    assert values[-1] == pytest.approx(oracle.loss_after(best, 2, LR), rel=1e-12)


def test_where_support_and_query_agree_maml_leaves_the_least_loss_and_joint_training_the_most():
    """Exact, for 20 families of tasks: maml < first order < joint, and Reptile in between."""
    for seed in range(20):
        oracle, _, _ = quadratic(seed, count=30, dimension=4, shared=True)
        optima = [
            oracle.maml_optimum(3, 0.1),
            oracle.first_order_optimum(3, 0.1),
            oracle.reptile_optimum(3, 0.1),
            oracle.joint_optimum(),
        ]
        best, first_order, reptile, joint = (oracle.loss_after(phi, 3, 0.1) for phi in optima)
        assert best < first_order < joint
        assert best < reptile < joint


# ---------------------------------------------------------------------- on a curved loss


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_meta_gradient_of_a_network_agrees_with_finite_differences(steps):
    net, loss, tasks = regression(0)
    phi = dict(net.named_parameters())
    report = minidl.autograd.gradcheck(
        lambda *values: meta_loss(loss, dict(zip(phi, values)), tasks, steps, 0.1),
        tuple(phi.values()),
    )
    assert report


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_hessian_vector_products_pull_the_gradient_back_through_every_step(steps):
    net, loss, tasks = regression(1)
    phi = dict(net.named_parameters())
    g = minidl.autograd.grad(meta_loss(loss, phi, tasks, steps, 0.1), [*phi.values()])
    by_formula = meta_gradient(loss, phi, tasks, steps, 0.1)
    for name, value in zip(phi, g):
        assert np.allclose(by_formula[name].data, value.data, rtol=1e-11, atol=1e-14)
        assert not by_formula[name].requires_grad


def jacobian_of_adaptation(w, support, steps, lr):
    """DU by central differences: (D, D), for the first task."""
    outcome = lambda w: adapt(quartic_loss, {"w": leaf(w)}, support, steps, lr)["w"].data[0]
    h = 1e-5
    columns = [(outcome(w + h * e) - outcome(w - h * e)) / (2 * h) for e in np.eye(len(w))]
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_it_is_the_transposed_jacobian_and_that_matters_from_the_second_step_on(steps):
    rng = np.random.default_rng(0)
    support = map_leaves(regression_tasks(rng), lambda a: minidl.tensor(a[:1])).support
    w, g = rng.normal(size=3), rng.normal(size=(1, 3))
    v = pull_back(quartic_loss, {"w": leaf(w)}, support, steps, LR, {"w": minidl.tensor(g)})["w"]
    DU = jacobian_of_adaptation(w, support, steps, LR)
    assert np.allclose(v.data[0], DU.T @ g[0], rtol=0, atol=1e-9)
    assert np.allclose(v.data[0], DU @ g[0], rtol=0, atol=1e-9) == (steps == 1)


# ---------------------------------------------------------------------------------- first order


def test_first_order_is_the_gradient_at_the_adapted_parameters_and_not_at_phi():
    net, loss, tasks = regression(2)
    phi = dict(net.named_parameters())
    first, second, joint = (
        minidl.autograd.grad(value, [*phi.values()])
        for value in (
            meta_loss(loss, phi, tasks, 2, 0.1, first_order=True),
            meta_loss(loss, phi, tasks, 2, 0.1),
            joint_loss(loss, phi, tasks),
        )
    )
    adapted = adapt(loss, phi, tasks.support, 2, 0.1)
    theta = {name: leaf(p.data) for name, p in adapted.items()}
    there = minidl.autograd.grad(loss(theta, *tasks.query).mean(), [*theta.values()])
    for one, g in zip(first, there):
        assert np.allclose(one.data, g.data.sum(axis=0), rtol=1e-12, atol=1e-15)
    assert distance(first, second) > 0.02
    assert distance(first, joint) > 0.02


def test_first_order_is_left_out_of_the_body_too_when_only_some_parameters_move():
    """With a constant inner gradient, d theta / d phi is the identity, moving or not."""
    net, loss, tasks = regression(3)
    phi = dict(net.named_parameters())
    how = {"first_order": True, "moving": ["4.weight", "4.bias"]}
    first = minidl.autograd.grad(meta_loss(loss, phi, tasks, 2, 0.1, **how), [*phi.values()])
    adapted = adapt(loss, phi, tasks.support, 2, 0.1, **how)
    theta = {name: leaf(p.data) for name, p in adapted.items()}
    there = minidl.autograd.grad(loss(theta, *tasks.query).mean(), [*theta.values()])
    for one, g in zip(first, there):
        assert np.allclose(one.data, g.data.sum(axis=0), rtol=1e-12, atol=1e-15)


def distance(gs, hs):
    """The largest difference, as a share of the largest number."""
    scale = max(np.abs(h.data).max() for h in hs)
    return max(np.abs(g.data - h.data).max() for g, h in zip(gs, hs)) / scale


def test_without_steps_meta_training_is_joint_training():
    net, loss, tasks = regression(4)
    phi = dict(net.named_parameters())
    assert meta_loss(loss, phi, tasks, 0, 0.1).item() == joint_loss(loss, phi, tasks).item()


def test_the_query_is_not_learned_from_and_the_support_is_not_judged_on():
    """Other query: the same adaptation.  The loss after it is that of the query."""
    net, loss, tasks = regression(5)
    phi = dict(net.named_parameters())
    x, y = tasks.query
    shifted = tasks._replace(query=(x, y + 1.0))
    adapted = adapt(loss, phi, tasks.support, 2, 0.1)
    assert meta_loss(loss, phi, tasks, 2, 0.1).item() == loss(adapted, x, y).mean().item()
    value = meta_loss(loss, phi, shifted, 2, 0.1).item()
    assert value == loss(adapted, x, y + 1.0).mean().item()
