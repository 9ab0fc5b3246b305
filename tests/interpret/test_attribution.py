"""Attributions against closed forms, and the promise to share the difference out whole."""

import itertools

import numpy as np
import pytest
from scipy.stats import norm

from minidl import nn, tensor
from minidl.interpret import attribution as a
from minidl.nn import functional as F

RNG = np.random.default_rng(0)
W = RNG.normal(size=5)
X, X0 = RNG.normal(size=(3, 5)), RNG.normal(size=(3, 5))


def linear(x):
    return x @ tensor(W)


def network(seed=0):
    """A score with bends: the logit of class 1 of a small network."""
    net = nn.Sequential(nn.Linear(5, 8, rng=seed), nn.Tanh(), nn.Linear(8, 3, rng=seed + 1))
    net.double().requires_grad_(False)
    return lambda x: a.class_score(net, x, tensor(np.ones(len(x), int)))


def test_on_a_linear_model_all_agree():
    x, x0 = tensor(X), tensor(X0)
    noise = tensor(np.random.default_rng(1).normal(size=(4, 3, 5)))
    assert a.saliency(linear, x).numpy() == pytest.approx(np.tile(W, (3, 1)))
    assert a.smooth_gradient(linear, x, noise).numpy() == pytest.approx(np.tile(W, (3, 1)))
    share = W * (X - X0)
    assert a.integrated_gradients(linear, x, x0, steps=3).numpy() == pytest.approx(share)
    for n in range(3):
        found = a.shapley(linear, x[n], x0[n], np.arange(5)).numpy()
        assert found == pytest.approx(share[n])


def test_integrated_gradients_of_a_quadratic_form():
    """f = x'Ax: the mean gradient on the line is that at its middle, (A + A')(x + x0) / 2."""
    A = np.random.default_rng(1).normal(size=(5, 5))
    score = lambda x: (x * (x @ tensor(A))).sum(axis=1)
    found = a.integrated_gradients(score, tensor(X), tensor(X0), steps=1).numpy()
    assert found == pytest.approx((X - X0) * ((X + X0) / 2 @ (A + A.T)))


@pytest.mark.parametrize("seed", range(3))
def test_integrated_gradients_are_complete(seed):
    """They sum to f(x) - f(x0) within 1e-3 at 50 steps, and twice the steps quarter the error."""
    score, errors = network(seed), []
    for steps in (25, 50, 100):
        shares = a.integrated_gradients(score, tensor(X), tensor(X0), steps).numpy()
        difference = (score(tensor(X)) - score(tensor(X0))).detach().numpy()
        errors.append(np.abs(shares.sum(axis=1) - difference).max())
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)


def test_shapley_values_share_the_difference_out_whole():
    score = network()
    phi = a.shapley(score, tensor(X[0]), tensor(X0[0]), np.arange(5)).numpy()
    difference = (score(tensor(X[:1])) - score(tensor(X0[:1]))).item()
    assert phi.sum() == pytest.approx(difference, abs=1e-12)


def test_shapley_values_are_the_mean_over_all_orders():
    score, phi = network(), np.zeros(5)
    orders = list(itertools.permutations(range(5)))
    for order in orders:
        x = X0[0].copy()
        for i in order:
            before = score(tensor(x[None])).item()
            x[i] = X[0, i]
            phi[i] += (score(tensor(x[None])).item() - before) / len(orders)
    found = a.shapley(score, tensor(X[0]), tensor(X0[0]), np.arange(5)).numpy()
    assert found == pytest.approx(phi, abs=1e-12)


def test_groups_of_features_come_in_together():
    """Two groups; a product is shared evenly between them, a feature that is not used gets 0."""
    score = lambda x: x[:, 0] * x[:, 3]
    phi = a.shapley(score, tensor(np.ones(4) * 3), tensor(np.zeros(4)), np.array([0, 2, 2, 1]))
    assert phi.numpy() == pytest.approx([4.5, 4.5, 0])
    with pytest.raises(ValueError, match="at most 12"):
        a.shapley(score, tensor(np.ones(13)), tensor(np.zeros(13)), np.arange(13))


def test_smoothed_over_a_kink():
    """f = relu(w.x): E grad = w Phi(w.x / sigma |w|).  20,000 draws, five standard errors."""
    score, sigma = (lambda x: F.relu(linear(x))), 0.7
    noise = sigma * np.random.default_rng(0).normal(size=(20_000, 1, 5))
    found = a.saliency(score, tensor(X[:1] + noise[:, 0])).numpy().mean(axis=0)
    share = norm.cdf(X[0] @ W / (sigma * np.linalg.norm(W)))
    error = 5 * np.abs(W) * np.sqrt(share * (1 - share) / 20_000)
    assert (np.abs(found - share * W) <= error).all()


def test_the_gradients_are_averaged_and_not_the_noise():
    noise = tensor(np.random.default_rng(0).normal(size=(7, 3, 5)))
    found = a.smooth_gradient(a.bumps, tensor(X), noise).numpy()
    each = [a.saliency(a.bumps, tensor(X) + e).numpy() for e in noise]
    assert found == pytest.approx(np.mean(each, axis=0))


def test_logits_are_explained_and_not_probabilities():
    """A logit that does not depend on a feature owes it nothing; its probability does."""
    net = nn.Linear(2, 2, bias=False, rng=0).double().requires_grad_(False)
    net.weight.data = np.array([[1.0, 0.0], [0.0, 1.0]])
    score = lambda x: a.class_score(net, x, tensor(np.zeros(len(x), int)))
    assert a.saliency(score, tensor(np.array([[0.5, 0.2]]))).numpy().tolist() == [[1.0, 0.0]]
