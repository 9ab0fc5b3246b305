"""Learned learning rates."""

import numpy as np
import pytest

import minidl
from minidl import optim
from minidl.meta import hypergradient, learned_rates, meta_loss, train_step

from .problems import leaf, numpy, quadratic, quadratic_loss, regression


def test_the_derivative_by_the_rate_is_minus_the_product_of_the_gradients(device):
    oracle, tasks, phi = quadratic(0, device=device)
    by_formula = numpy(hypergradient(quadratic_loss, {"w": leaf(phi, device)}, tasks, 0.2))
    after = lambda lr: oracle.loss_after(phi, 1, lr)
    slope = (after(0.2 + 1e-5) - after(0.2 - 1e-5)) / 2e-5
    assert by_formula.mean() == pytest.approx(slope, rel=1e-8)
    lr, given = leaf(np.array(0.2), device), {"w": leaf(phi, device)}
    (g,) = minidl.autograd.grad(meta_loss(quadratic_loss, given, tasks, 1, lr), lr)
    assert numpy(g) == pytest.approx(by_formula.mean(), rel=1e-12)


def test_the_hypergradient_of_a_network_agrees_with_finite_differences():
    net, loss, tasks = regression(0)
    phi = dict(net.named_parameters())
    rates = learned_rates(phi, 0.1)
    assert minidl.autograd.gradcheck(
        lambda *values: meta_loss(loss, phi, tasks, 2, dict(zip(rates, values))),
        tuple(rates.values()),
    )
    lr = leaf(np.array(0.1))
    (g,) = minidl.autograd.grad(meta_loss(loss, phi, tasks, 1, lr), lr)
    assert g.item() == pytest.approx(hypergradient(loss, phi, tasks, 0.1).data.mean(), rel=1e-10)


def test_rates_start_alike_and_have_the_parameters_shapes():
    net, _, _ = regression(1)
    rates = learned_rates(dict(net.named_parameters()), 0.1)
    for name, p in net.named_parameters():
        assert rates[name].shape == p.shape and rates[name].requires_grad
        assert np.all(rates[name].data == 0.1)


def test_learned_rates_solve_in_one_step_what_no_common_rate_can():
    """Tasks 1/2 (w - a)' D (w - a) with one D = diag(.1, 1, 5): rates 1 / D solve each at once.

    The best common rate leaves the least of E a^2 D (1 - lr D)^2 / 2 over lr.
    """
    rng = np.random.default_rng(0)
    D, a = np.array([0.1, 1.0, 5.0]), rng.normal(size=(40, 3))
    batch = minidl.tensor(np.tile(np.diag(D), (40, 1, 1))), minidl.tensor(a)
    tasks = minidl.meta.Tasks(batch, batch)
    phi = {"w": leaf(np.zeros(3))}
    rates = learned_rates(phi, 0.1)
    optimiser = optim.Adam([*rates.values()], lr=0.2)
    for _ in range(400):
        value = train_step(optimiser, meta_loss(quadratic_loss, phi, tasks, 1, rates))
    assert value < 1e-6
    assert np.allclose(rates["w"].data, 1 / D, rtol=0.01)
    common = [0.5 * np.mean(a**2 @ (D * (1 - lr * D) ** 2)) for lr in np.linspace(0, 2, 2001)]
    assert min(common) > 0.1
