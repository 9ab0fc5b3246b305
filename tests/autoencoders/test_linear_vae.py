"""The linear VAE: every claim about VAEs that has a closed form, against probabilistic PCA."""

import math

import numpy as np
import pytest

from minidl import oracles, tensor
from minidl.autoencoders.linear_vae import LinearVAE, linear_elbo, linear_log_marginal
from minidl.autoencoders.vae import gaussian_log_density
from minidl.oracles import gaussians

from .exactly import minimise


def vae_of(d=4, k=2, seed=0):
    """A linear VAE with random parameters."""
    model, rng = LinearVAE(d, k, rng=seed).double(), np.random.default_rng(seed)
    for parameter in model.parameters():
        parameter.data = 0.7 * rng.standard_normal(parameter.shape)
    return model


def arrays(model):
    return {name: p.detach().numpy() for name, p in model.named_parameters()}


def posterior(model, x):
    """Mean (N, K) and covariance of p(z|x) = N(M^-1 W'(x - m), s^2 M^-1), M = W'W + s^2 I."""
    a = arrays(model)
    s2 = np.exp(a["log_s2"])
    M = a["W"].T @ a["W"] + s2 * np.eye(a["W"].shape[1])
    return (x - a["m"]) @ a["W"] @ np.linalg.inv(M), s2 * np.linalg.inv(M)


def test_the_bound_without_draws_is_the_expectation_over_draws():
    """The expectation by Gauss-Hermite quadrature, which is exact for squares."""
    rng = np.random.default_rng(0)
    model, x = vae_of(), rng.normal(size=(3, 4))
    a = arrays(model)

    def log_ratio(e):  # (n, 2) -> (n, 3)
        mu = (x - a["m"]) @ a["V"].T
        z = mu + np.exp(a["logvar"] / 2) * e[:, None]  # (n, 3, 2)
        log_p = gaussian_log_density(tensor(x), tensor(z @ a["W"].T + a["m"]), float(a["log_s2"]))
        log_prior = gaussian_log_density(tensor(z), 0.0, 0.0)
        log_q = gaussian_log_density(tensor(z), tensor(mu), tensor(a["logvar"]))
        return (log_p + log_prior - log_q).numpy()

    expected = oracles.normal_expectation(log_ratio, dimension=2, points=4)
    found = linear_elbo(model, tensor(x)).value().detach().numpy()
    assert found == pytest.approx(expected, abs=1e-12)


def test_the_marginal_is_the_integral_over_the_prior():
    """For a code of one number: by quadrature, and as the density of N(m, WW' + s^2 I)."""
    rng = np.random.default_rng(1)
    model, x = vae_of(k=1), rng.normal(size=(5, 4))
    a = arrays(model)

    def likelihood(z):  # (n, 1) -> (n, 5)
        mean = tensor((z @ a["W"].T + a["m"])[:, None])
        return np.exp(gaussian_log_density(tensor(x), mean, float(a["log_s2"])).numpy())

    by_quadrature = np.log(oracles.normal_expectation(likelihood, points=200))
    covariance = a["W"] @ a["W"].T + np.exp(a["log_s2"]) * np.eye(4)
    found = linear_log_marginal(model, tensor(x)).detach().numpy()
    assert found == pytest.approx(by_quadrature, abs=1e-8)
    assert found == pytest.approx(gaussians.log_density(x, a["m"], covariance), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_log_p_exceeds_the_bound_by_the_divergence_from_the_posterior(seed):
    rng = np.random.default_rng(2)
    model, x = vae_of(seed=seed), rng.normal(size=(6, 4))
    a = arrays(model)
    means, covariance = posterior(model, x)
    mu, variance = (x - a["m"]) @ a["V"].T, np.diag(np.exp(a["logvar"]))
    kl = [gaussians.kl(m, variance, mean, covariance) for m, mean in zip(mu, means)]
    gap = (linear_log_marginal(model, tensor(x)) - linear_elbo(model, tensor(x)).value()).detach()
    assert gap.numpy() == pytest.approx(kl, abs=1e-9) and min(kl) > 0


def at_its_best(seed):
    """Data, a linear VAE at the maximum of the bound, the bound there, and probabilistic PCA."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((300, 3)) @ rng.standard_normal((3, 6))
    x = tensor(x + 0.5 * rng.standard_normal((300, 6)) + rng.standard_normal(6))
    model = LinearVAE(6, 3, rng=seed).double()
    model.m.data = x.numpy().mean(axis=0)
    best = -minimise(model, lambda: -linear_elbo(model, x).value().mean())
    return x, model, best, gaussians.probabilistic_pca(x.numpy(), 3)


@pytest.mark.parametrize("seed", range(5))
def test_at_its_best_the_bound_is_the_likelihood_of_probabilistic_pca(seed):
    x, model, best, fit = at_its_best(seed)
    assert best == pytest.approx(fit.log_likelihood, abs=1e-7)
    assert linear_log_marginal(model, x).mean().item() == pytest.approx(best, abs=1e-7)
    a = arrays(model)
    assert a["W"] @ a["W"].T == pytest.approx(fit.W @ fit.W.T, abs=1e-3)
    assert np.exp(a["log_s2"]) == pytest.approx(fit.sigma2, rel=1e-3)
    # the posterior is a diagonal Gaussian only in the axes that q has: W's columns are orthogonal
    gram = a["W"].T @ a["W"]
    assert gram - np.diag(np.diag(gram)) == pytest.approx(0, abs=1e-2)


@pytest.mark.parametrize("beta", [0.1, 1.0, 4.0, 16.0])
def test_with_beta_it_codes_as_rate_distortion_theory_says(beta):
    """Variances 4, 2, 1 and .5, noise .1: the KL is the rate, the expected error the distortion,
    down to the level .1 beta, which at 16 leaves two of four directions uncoded.  So the KL falls
    and the error rises with beta."""
    rng = np.random.default_rng(3)
    variances, s2 = np.array([4.0, 2.0, 1.0, 0.5]), 0.1
    axes, _ = np.linalg.qr(rng.standard_normal((6, 6)))
    codes = rng.standard_normal((20, 4))
    codes = np.linalg.qr(codes - codes.mean(axis=0))[0]  # uncorrelated, exactly
    x = codes * np.sqrt(20 * variances) @ axes[:, :4].T
    model = LinearVAE(6, 4, rng=1).double()
    model.log_s2.data = np.array(math.log(s2))
    model.log_s2.requires_grad = False
    minimise(model, lambda: -linear_elbo(model, tensor(x)).value(beta).mean())
    pieces = linear_elbo(model, tensor(x))
    error = -2 * s2 * pieces.log_likelihood.mean().item() - s2 * 6 * math.log(2 * math.pi * s2)
    rate, distortion = gaussians.reverse_water_filling(variances, beta * s2)
    assert pieces.kl.mean().item() == pytest.approx(rate, abs=1e-4)
    assert error == pytest.approx(distortion, abs=1e-4)


def test_a_rotation_of_the_code_leaves_the_law_of_the_data():
    rng = np.random.default_rng(4)
    model, x = vae_of(k=3, d=5), tensor(rng.normal(size=(7, 5)))
    before = linear_log_marginal(model, x).detach().numpy()
    rotation, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    model.W.data = model.W.data @ rotation
    assert linear_log_marginal(model, x).detach().numpy() == pytest.approx(before, abs=1e-12)


def test_samples_have_the_covariance_of_the_model():
    """100,000 draws: each entry of the covariance within 4 standard errors; within 5% in norm."""
    rng = np.random.default_rng(5)
    model, n = vae_of(), 100_000
    x = model.sample(tensor(rng.standard_normal((n, 2))), tensor(rng.standard_normal((n, 4))))
    a, found = arrays(model), np.cov(x.detach().numpy().T)
    expected = a["W"] @ a["W"].T + np.exp(a["log_s2"]) * np.eye(4)
    error = np.sqrt((expected**2 + np.outer(np.diag(expected), np.diag(expected))) / n)
    assert (np.abs(found - expected) < 4 * error).all()
    assert np.linalg.norm(found - expected) < 0.05 * np.linalg.norm(expected)


def test_without_noise_there_is_no_density():
    """As s falls, log p of a point off the plane falls like -distance^2 / (2 s^2); on the plane it
    rises like -(D - K) log s."""
    rng = np.random.default_rng(6)
    model = vae_of()
    a = arrays(model)
    plane = a["m"] + rng.normal(size=(1, 2)) @ a["W"].T
    normal = np.linalg.svd(a["W"])[0][:, 2]  # a unit vector orthogonal to the columns of W
    log_p = {}
    for s in (1e-2, 1e-3):
        model.log_s2.data = np.array(2 * math.log(s))
        on, off = (
            linear_log_marginal(model, tensor(x)).item() for x in (plane, plane + 0.1 * normal)
        )
        log_p[s] = on
        assert off - on == pytest.approx(-(0.1**2) / (2 * s**2), rel=1e-6)
    assert log_p[1e-3] - log_p[1e-2] == pytest.approx(2 * math.log(10), abs=1e-3)
