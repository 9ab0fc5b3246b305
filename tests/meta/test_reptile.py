"""Reptile: the outer step, its fixed point, and what it is with a single inner step."""

import numpy as np
import pytest

import minidl
from minidl import optim
from minidl.meta import adapt, adapt_with, joint_loss, reptile, reptile_gradient

from .problems import leaf, numpy, quadratic, quadratic_loss, regression


def test_the_outer_step_moves_phi_towards_the_mean_of_the_adapted_parameters(device):
    oracle, tasks, phi = quadratic(0, device=device)
    w = leaf(phi, device)
    adapted = adapt(quadratic_loss, {"w": w}, tasks.support, 3, 0.2)
    reptile.train_step(optim.SGD([w], lr=0.25), {"w": w}, adapted)
    moved = phi + 0.25 * (oracle.adapted(phi, 3, 0.2).mean(axis=0) - phi)
    assert np.allclose(numpy(w), moved, rtol=1e-13)


def test_with_one_inner_step_it_is_joint_training():
    net, loss, tasks = regression(0)
    phi = dict(net.named_parameters())
    joint = minidl.autograd.grad(
        joint_loss(loss, phi, tasks._replace(query=tasks.support)), [*phi.values()]
    )
    for steps, same in [(1, True), (2, False)]:
        adapted = adapt(loss, phi, tasks.support, steps, 0.1)
        direction = reptile_gradient(phi, adapted)
        ratios = [direction[n].data / (steps * 0.1) / g.data for n, g in zip(phi, joint)]
        errors = [np.abs(ratio - 1).max() for ratio in ratios]
        assert max(errors) < 1e-9 if same else max(errors) > 1e-2


@pytest.mark.parametrize("steps", [1, 4])
def test_it_comes_to_rest_where_its_equation_says(steps):
    oracle, tasks, phi = quadratic(1)
    w = leaf(phi)
    outer = optim.SGD([w], lr=1.0)
    for _ in range(400):
        reptile.train_step(
            outer, {"w": w}, adapt(quadratic_loss, {"w": w}, tasks.support, steps, 0.2)
        )
    assert np.allclose(w.data, oracle.reptile_optimum(steps, 0.2), atol=1e-9)


def test_any_optimiser_can_be_the_inner_and_the_outer_one():
    """Adam's first step has length lr in every direction, whichever way Reptile points."""
    net, loss, tasks = regression(1)
    phi = dict(net.named_parameters())
    before = {name: p.data.copy() for name, p in phi.items()}
    adapted = adapt_with(optim.Adam(net.parameters()), loss, phi, tasks.support, 5)
    reptile.train_step(optim.Adam(net.parameters(), lr=0.02), phi, adapted)
    for name, p in phi.items():
        towards = np.sign(adapted[name].data.mean(axis=0) - before[name])
        assert np.allclose(p.data, before[name] + 0.02 * towards, atol=1e-6)


def test_the_direction_is_outside_the_graph():
    net, loss, tasks = regression(2)
    phi = dict(net.named_parameters())
    direction = reptile_gradient(phi, adapt(loss, phi, tasks.support, 2, 0.1))
    assert not any(g.requires_grad for g in direction.values())
