"""Gradient estimators: unbiased, with the variances of theory; the importance-weighted bound."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from minidl import autograd, oracles, tensor
from minidl.autoencoders.estimators import (
    importance_weighted_bound,
    reparameterised,
    reparameterised_gradients,
    score_function,
    score_function_gradients,
)
from minidl.autoencoders.vae import elbo, gaussian_log_density

square = lambda z: (z**2).sum(axis=1)


def gradients(theta, n, seed):
    """n single gradients of both kinds for f = z^2 under N(theta, 1): (2, n)."""
    mu, logvar = tensor(np.array([theta])), tensor(np.zeros(1))
    noise = tensor(np.random.default_rng(seed).standard_normal((n, 1)))
    both = (reparameterised_gradients, score_function_gradients)
    return np.stack([g(square, mu, logvar, noise).numpy()[:, 0] for g in both])


@pytest.mark.parametrize("theta", [0.0, 1.5])
def test_both_gradients_are_unbiased_and_vary_as_theory_says(theta):
    """f = z^2 and N(theta, 1): mean 2 theta; variances 4 and theta^4 + 14 theta^2 + 15.

    400,000 draws; 4 standard errors, those of the variances from the fourth moments."""
    n = 400_000
    for g, variance in zip(gradients(theta, n, seed=0), (4, theta**4 + 14 * theta**2 + 15)):
        assert abs(g.mean() - 2 * theta) < 4 * g.std() / math.sqrt(n)
        squares = (g - g.mean()) ** 2
        assert abs(squares.mean() - variance) < 4 * squares.std() / math.sqrt(n)


def test_a_baseline_changes_the_variance_and_not_the_mean():
    """The best constant for f = z^2 at theta = 1.5 is E f s^2 / E s^2 = theta^2 + 3."""
    rng = np.random.default_rng(1)
    n, theta = 200_000, 1.5
    mu, logvar = tensor(np.array([theta])), tensor(np.zeros(1))
    noise = tensor(rng.standard_normal((n, 1)))
    without = score_function_gradients(square, mu, logvar, noise).numpy()
    having = score_function_gradients(square, mu, logvar, noise, baseline=theta**2 + 3).numpy()
    assert abs(having.mean() - 2 * theta) < 4 * having.std() / math.sqrt(n)
    assert having.var() < 0.7 * without.var()


def test_the_mean_of_single_gradients_is_the_gradient_of_the_mean():
    rng = np.random.default_rng(2)
    mu, logvar = (tensor(rng.normal(size=2), requires_grad=True) for _ in range(2))
    noise = tensor(rng.normal(size=(9, 2)))
    cube = lambda z: (z**3).sum(axis=1)
    (whole,) = autograd.grad(reparameterised(cube, mu, logvar, noise), mu)
    each = reparameterised_gradients(cube, mu, logvar, noise)
    assert each.numpy().mean(axis=0) == pytest.approx(whole.numpy(), abs=1e-12)
    z = (mu + (0.5 * logvar).exp() * noise).detach()
    (whole,) = autograd.grad(score_function(cube(z), mu, logvar, z), mu)
    each = score_function_gradients(cube, mu, logvar, noise)
    assert each.numpy().mean(axis=0) == pytest.approx(whole.numpy(), abs=1e-12)


# -------------------------------------------------------------------- the importance-weighted bound


class Toy:
    """z ~ N(0, 1), x|z ~ N(z, 1), and a q that is off: N(.3, 1).  p(x) is N(0, 2)."""

    def encode(self, x):
        return 0.0 * x + 0.3, 0.0 * x

    def log_likelihood(self, x, z):
        return gaussian_log_density(x, z, 0.0)


X = np.array([[1.3]])
DRAWS = (1, 5, 50, 500)
LOG_P = -0.5 * math.log(4 * math.pi) - 1.3**2 / 4


def bounds(rng, k, repeats):
    """L_k from each of `repeats` independent sets of k draws."""
    noise = rng.standard_normal((k, repeats, 1))
    x = tensor(np.repeat(X, repeats, axis=0))
    return importance_weighted_bound(Toy(), x, tensor(noise)).numpy()


def test_the_bound_is_the_elbo_at_one_draw_rises_with_draws_and_reaches_log_p():
    """Five seeds: -1.961 to -1.966, -1.71 to -1.72, -1.690, -1.688, where log p = -1.688.

    L_1 = log p - KL(q || posterior) = -1.964.  The expected gap at K = 500 is the variance of
    the weights over 2 K, .001; its estimate is held to 4 standard errors, as the order of the
    others is."""
    rng = np.random.default_rng(3)
    by_quadrature = oracles.normal_expectation(
        lambda e: importance_weighted_bound(
            Toy(), tensor(np.repeat(X, len(e), axis=0)), tensor(e[None])
        ).numpy()
    )
    posterior_mean, posterior_variance = X[0, 0] / 2, 0.5
    kl = oracles.gaussians.kl(
        np.array([0.3]), np.eye(1), np.array([posterior_mean]), posterior_variance * np.eye(1)
    )
    assert by_quadrature == pytest.approx(LOG_P - kl, abs=1e-9)
    estimates = [bounds(rng, k, 200_000 // k) for k in DRAWS]
    means = np.array([e.mean() for e in estimates])
    errors = np.array([e.std() / math.sqrt(len(e)) for e in estimates])
    assert abs(means[0] - by_quadrature) < 4 * errors[0]
    assert (np.diff(means)[:2] > 4 * (errors[:-1] + errors[1:])[:2]).all()
    assert abs(means[3] - LOG_P) < 4 * errors[3] + 0.002


def test_with_the_true_posterior_one_draw_is_enough():
    rng = np.random.default_rng(4)

    class Exact(Toy):
        def encode(self, x):
            return x / 2, 0.0 * x + math.log(0.5)

    x, noise = tensor(rng.normal(size=(6, 1))), tensor(rng.normal(size=(3, 6, 1)))
    expected = -0.5 * math.log(4 * math.pi) - x.numpy()[:, 0] ** 2 / 4
    found = importance_weighted_bound(Exact(), x, noise).numpy()
    assert found == pytest.approx(expected, abs=1e-12)
    exact = elbo(Exact(), x, noise)
    assert exact.kl.numpy() == pytest.approx(
        [oracles.gaussians.kl(np.array([m / 2]), 0.5 * np.eye(1), np.zeros(1), np.eye(1))
         for m in x.numpy()[:, 0]]
    )  # fmt: skip


def test_k_draws_give_a_bound_of_k_draws():
    """Not of some other number, the size of a batch: the log of the mean of just these weights."""
    e = np.random.default_rng(4).standard_normal((4, 1, 1))
    z = e[:, 0, 0] + 0.3
    weights = norm.pdf(X[0, 0], z, 1) * norm.pdf(z) / norm.pdf(z, 0.3, 1)
    for k in (1, 4):
        found = importance_weighted_bound(Toy(), tensor(X), tensor(e[:k])).item()
        assert found == pytest.approx(math.log(weights[:k].mean()), abs=1e-12)
