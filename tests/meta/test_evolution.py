"""The outer loop without derivatives.  Seeds are fixed; what is drawn is said with each test."""

import numpy as np
import pytest

import minidl
from minidl import optim
from minidl.meta import evolution_gradient, meta_loss

from .problems import leaf, numpy, quadratic, quadratic_loss, regression


def each(objective):
    """An objective of one set of parameters as one of P sets: (P, ...) -> (P,)."""
    one = lambda *parts, names: objective(dict(zip(names, parts)))
    return lambda many: minidl.stack([one(*parts, names=many) for parts in zip(*many.values())])


def test_on_a_quadratic_each_pair_gives_its_direction_times_the_slope(device):
    """[F(phi + s e) - F(phi - s e)] / 2s = e . grad F exactly, whatever s."""
    oracle, tasks, phi = quadratic(0, device=device)
    objective = lambda phi: meta_loss(quadratic_loss, phi, tasks, 2, 0.2)
    exact = oracle.gradient(phi, 2, 0.2)
    for sigma in (1e-3, 1.0):
        rng, same = (minidl.backend.generator(device, 5) for _ in range(2))
        g = evolution_gradient(each(objective), {"w": leaf(phi, device)}, 1, sigma, rng)
        e = numpy(minidl.random.normal(0, 1, 3, "float64", device, same))
        assert np.allclose(numpy(g["w"]), e * (e @ exact), rtol=1e-9, atol=1e-10)


def test_it_points_along_the_gradient_of_maml():
    """Expected cosine sqrt(n / (n + d + 1)) = .97 for n = 1000 pairs and d = 51; .8 is asked.

    1 - cos^2 is about chi2_50 / 1050, so that .8 would be missed by some 30 standard deviations.
    """
    net, loss, tasks = regression(0)
    phi = dict(net.named_parameters())
    objective = lambda phi: meta_loss(loss, phi, tasks, 1, 0.1)
    estimate = evolution_gradient(each(objective), phi, 1000, 0.01, np.random.default_rng(0))
    exact = minidl.autograd.grad(objective(phi), [*phi.values()])
    u = np.concatenate([estimate[name].data.ravel() for name in phi])
    v = np.concatenate([g.data.ravel() for g in exact])
    cosine = u @ v / np.linalg.norm(u) / np.linalg.norm(v)
    assert len(v) == 51
    assert cosine > 0.8


def test_it_needs_no_derivative_of_the_objective():
    """Rounded to a grid, a loss has slope 0 almost everywhere, and its smoothed version not."""
    coarse = lambda phi: minidl.round((phi["w"] ** 2).sum(axis=1) * 4) / 4
    phi = {"w": leaf(np.array([1.0, -2.0]))}
    g = evolution_gradient(coarse, phi, 2000, 0.5, np.random.default_rng(1))["w"].data
    assert np.allclose(g, [2.0, -4.0], atol=0.5)  # standard errors .11 and .16


def test_as_an_outer_loop_it_finds_the_optimum_of_maml():
    oracle, tasks, phi = quadratic(1)
    w, rng = leaf(phi), np.random.default_rng(2)
    optimiser = optim.SGD([w], lr=0.3)
    objective = lambda phi: meta_loss(quadratic_loss, phi, tasks, 2, 0.2)
    for _ in range(100):
        w.grad = evolution_gradient(each(objective), {"w": w}, 4, 0.1, rng)["w"]
        optimiser.step()
    # e e' grad F vanishes with grad F, so that the noise dies out as the optimum comes near
    assert np.allclose(w.data, oracle.maml_optimum(2, 0.2), atol=1e-3)


def test_it_records_nothing():
    _, tasks, phi = quadratic(2)
    objective = lambda phi: meta_loss(quadratic_loss, phi, tasks, 1, 0.2)
    g = evolution_gradient(each(objective), {"w": leaf(phi)}, 2, 0.1, np.random.default_rng(0))
    assert not g["w"].requires_grad
    with pytest.raises(RuntimeError):
        minidl.autograd.grad(g["w"].sum(), leaf(phi))
