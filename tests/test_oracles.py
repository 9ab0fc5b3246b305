"""The oracles: each against another of them, or against a number that is known otherwise."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from minidl import oracles
from minidl.oracles import gaussians


def covariance(rng, d):
    a = rng.standard_normal((d, d))
    return a @ a.T / d + 0.5 * np.eye(d)


# ------------------------------------------------------------------------------------ enumeration


def test_states_are_all_bit_vectors_in_order():
    states = oracles.binary_states(3)
    assert states.tolist()[:3] == [[0, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert len(np.unique(states, axis=0)) == 8
    assert oracles.binary_states(0).shape == (1, 0)
    with pytest.raises(ValueError, match="20 bits"):
        oracles.binary_states(21)


def test_sum_over_states_of_independent_bits_is_a_product():
    b = np.array([0.3, -1.2, 2.0])  # sum_s e^(b.s) = prod_i (1 + e^b_i)
    found = oracles.log_sum_over_states(lambda s: s @ b, 3)
    assert found == pytest.approx(np.log1p(np.exp(b)).sum(), abs=1e-13)
    several = oracles.log_sum_over_states(lambda s: np.stack([s @ b, 2 * s @ b], axis=1), 3)
    assert several.shape == (2,) and several[0] == pytest.approx(found)


# ------------------------------------------------------------------------------------- quadrature


def test_normal_expectation_of_what_has_a_closed_form():
    assert oracles.normal_expectation(lambda z: z[:, 0] ** 8) == pytest.approx(105)  # 7!!
    a = np.array([0.7, -0.4, 1.1])  # E e^(a.z) = e^(|a|^2 / 2)
    found = oracles.normal_expectation(lambda z: np.exp(z @ a), dimension=3, points=24)
    assert found == pytest.approx(math.exp(0.5 * a @ a), rel=1e-12)
    moments = oracles.normal_expectation(lambda z: z[:, :, None] * z[:, None, :], dimension=2)
    assert moments == pytest.approx(np.eye(2), abs=1e-12)


# -------------------------------------------------------------------------------------- transport


def test_three_ways_to_the_wasserstein_distance_agree():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=9), rng.normal(1.5, 2, size=7)
    points = np.concatenate([x, y])
    p = np.concatenate([rng.dirichlet(np.ones(9)), np.zeros(7)])
    q = np.concatenate([np.zeros(9), rng.dirichlet(np.ones(7))])
    distance = np.abs(points[:, None] - points)
    primal, plan = oracles.wasserstein1(distance, p, q)
    dual, f = oracles.wasserstein1_dual(distance, p, q)
    area = oracles.wasserstein1_line(x, y, p[:9], q[9:])
    assert primal == pytest.approx(area, abs=1e-9) and dual == pytest.approx(area, abs=1e-9)
    assert plan.sum(axis=1) == pytest.approx(p) and plan.sum(axis=0) == pytest.approx(q)
    assert np.all(np.abs(f[:, None] - f) <= distance + 1e-9)


def test_wasserstein_of_a_shift_is_its_length():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(12, 2))
    y = rng.permutation(x + [3.0, 4.0])
    even = np.full(12, 1 / 12)
    value, _ = oracles.wasserstein1(np.linalg.norm(x[:, None] - y, axis=2), even, even)
    assert value == pytest.approx(5)
    assert oracles.wasserstein1_line(x[:, 0], y[:, 0]) == pytest.approx(3)
    assert oracles.wasserstein1_samples(x, y) == pytest.approx(5)
    z = rng.normal(size=(12, 2))
    value, _ = oracles.wasserstein1(np.linalg.norm(x[:, None] - z, axis=2), even, even)
    assert oracles.wasserstein1_samples(x, z) == pytest.approx(value, abs=1e-9)


# -------------------------------------------------------------------------------------- Gaussians


def test_log_density_is_scipys():
    rng = np.random.default_rng(2)
    mean, cov, x = rng.normal(size=3), covariance(rng, 3), rng.normal(size=(5, 3))
    expected = multivariate_normal(mean, cov).logpdf(x)
    assert gaussians.log_density(x, mean, cov) == pytest.approx(expected, abs=1e-12)


def test_kl_is_the_expected_log_ratio():
    rng = np.random.default_rng(3)
    (m0, m1), (s0, s1) = rng.normal(size=(2, 2)), (covariance(rng, 2), covariance(rng, 2))
    root = np.linalg.cholesky(s0)

    def log_ratio(z):
        x = m0 + z @ root.T
        return gaussians.log_density(x, m0, s0) - gaussians.log_density(x, m1, s1)

    by_quadrature = oracles.normal_expectation(log_ratio, dimension=2, points=8)
    assert gaussians.kl(m0, s0, m1, s1) == pytest.approx(by_quadrature, abs=1e-12)
    assert gaussians.kl(m0, s0, m0, s0) == pytest.approx(0, abs=1e-12)


def test_wasserstein2_on_a_line_is_the_distance_of_quantiles():
    # on a line W2^2 = (m0 - m1)^2 + (s0 - s1)^2
    one = lambda v: np.array([[v**2]])
    found = gaussians.wasserstein2_squared(np.array([1.0]), one(2.0), np.array([4.0]), one(0.5))
    assert found == pytest.approx(9 + 2.25)


def test_probabilistic_pca_has_the_likelihood_of_its_own_parameters_and_is_a_maximum():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 5)) + 0.3 * rng.normal(size=(200, 5))
    fit = gaussians.probabilistic_pca(x, 2)

    def likelihood(W, sigma2):
        return gaussians.log_density(x, x.mean(axis=0), W @ W.T + sigma2 * np.eye(5)).mean()

    assert likelihood(fit.W, fit.sigma2) == pytest.approx(fit.log_likelihood, abs=1e-12)
    for _ in range(20):
        step = 1e-3 * rng.normal(size=(5, 2))
        assert likelihood(fit.W + step, fit.sigma2) < fit.log_likelihood
    for factor in (0.99, 1.01):
        assert likelihood(fit.W, factor * fit.sigma2) < fit.log_likelihood


def test_reverse_water_filling_is_the_best_code_among_gaussian_channels():
    """Direct minimisation of error / (2 level) + rate over what each component's channel keeps."""
    variances, level = np.array([4.0, 1.0, 0.3, 0.05]), 0.2
    rate, error = gaussians.reverse_water_filling(variances, level)
    assert rate == pytest.approx(0.5 * (math.log(20) + math.log(5) + math.log(1.5)))
    assert error == pytest.approx(3 * 0.2 + 0.05)
    best = minimize(  # a component of variance v that is left with error d costs log(v / d) / 2
        lambda d: (d / (2 * level) + 0.5 * np.log(variances / d)).sum(), variances / 2,
        bounds=[(1e-6, v) for v in variances], tol=1e-14,
    )  # fmt: skip
    assert best.fun == pytest.approx(error / (2 * level) + rate, abs=1e-9)


def test_total_correlation_is_the_kl_to_the_product_of_marginals():
    cov, zero = covariance(np.random.default_rng(5), 4), np.zeros(4)
    expected = gaussians.kl(zero, cov, zero, np.diag(np.diag(cov)))
    assert gaussians.total_correlation(cov) == pytest.approx(expected, abs=1e-12)


MIXTURE = gaussians.Mixture(
    np.array([0.3, 0.5, 0.2]),
    np.array([[-2.0, 0.5], [1.0, 1.0], [0.0, -3.0]]),
    np.array([0.4, 1.0, 0.1]),
)


def test_mixture_score_is_the_slope_of_its_log_density():
    x, h = np.random.default_rng(6).normal(size=(5, 2)), 1e-6
    for axis, step in enumerate(h * np.eye(2)):
        slope = (MIXTURE.log_density(x + step) - MIXTURE.log_density(x - step)) / (2 * h)
        assert MIXTURE.score(x)[:, axis] == pytest.approx(slope, abs=1e-7)


def test_mixture_density_integrates_to_one_and_denoising_is_the_posterior_mean():
    line = gaussians.Mixture(np.array([0.4, 0.6]), np.array([[-1.0], [2.0]]), np.array([0.5, 0.2]))
    density = lambda x: float(np.exp(line.log_density(np.array([[x]])))[0])
    assert quad(density, -12, 12, points=[-1, 2])[0] == pytest.approx(1, abs=1e-9)
    y, sigma = 0.7, 0.8
    joint = lambda x: density(x) * math.exp(-0.5 * ((y - x) / sigma) ** 2)
    mean = quad(lambda x: x * joint(x), -12, 12)[0] / quad(joint, -12, 12)[0]
    assert line.denoised(np.array([[y]]), sigma)[0, 0] == pytest.approx(mean, abs=1e-8)


def test_mixture_samples_have_its_moments():
    n = 100_000
    x = MIXTURE.sample(n, np.random.default_rng(7))
    mean = MIXTURE.weights @ MIXTURE.means
    second = MIXTURE.weights @ (MIXTURE.means**2 + MIXTURE.variances[:, None])
    errors = np.concatenate([x.mean(axis=0) - mean, (x**2).mean(axis=0) - second])
    spread = np.concatenate([x.std(axis=0), (x**2).std(axis=0)]) / math.sqrt(n)
    assert np.all(np.abs(errors) < 4 * spread)  # four numbers: a false alarm in 4,000 seeds
