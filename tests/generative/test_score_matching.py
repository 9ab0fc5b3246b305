"""Score matching: exact for normal laws; all its forms differ by constants that are known."""

import itertools

import numpy as np
import pytest

from minidl import autograd, nn, no_grad, optim, tensor
from minidl.autoencoders.denoising import score as score_of_denoiser
from minidl.generative.diffusion import Diffusion, diffusion_loss
from minidl.generative.schedules import cosine
from minidl.generative.score_matching import (
    EnergyMLP,
    EnergyScore,
    QuadraticEnergy,
    denoising_loss,
    energy_score,
    explicit_loss,
    implicit_loss,
    multiscale_loss,
    noise_levels,
    random_signs,
    sliced_loss,
)
from minidl.oracles.gaussians import Mixture
from minidl.oracles.quadrature import normal_expectation

from .exact import exact

LINE = Mixture(np.array([0.4, 0.6]), np.array([[-1.5], [1.0]]), np.array([0.1, 0.3]))


def fitted(loss, d=3):
    """The energy of N(m, P^-1) that minimises loss(score), a smooth function of m and P."""
    energy = QuadraticEnergy(d).double()
    optimiser = optim.LBFGS(
        energy.parameters(), max_iter=500, line_search_fn="strong_wolfe", tolerance_grad=1e-13,
        tolerance_change=1e-16,
    )  # fmt: skip

    def closure():
        optimiser.zero_grad()
        value = loss(EnergyScore(energy)).mean()
        value.backward()
        return value

    optimiser.step(closure)
    precision = energy.precision.detach().numpy()
    return energy.mean.detach().numpy(), np.linalg.inv((precision + precision.T) / 2)


def correlated(n=200, d=3):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / 2 + 1


# ---------------------------------------------------------------------------------- the score


def test_the_slope_of_an_energy_is_the_score_and_z_is_gone():
    """-grad E for the energy of a normal law; a constant added to E changes nothing."""
    rng = np.random.default_rng(1)
    x, root = rng.normal(size=(10, 3)), rng.normal(size=(3, 3))
    energy = QuadraticEnergy(3).double()
    energy.precision.data, energy.mean.data = root @ root.T, np.array([1.0, 2.0, 3.0])
    expected = -(x - [1, 2, 3]) @ (root @ root.T)
    assert energy_score(energy, tensor(x)).detach().numpy() == pytest.approx(expected, rel=1e-12)
    shifted = lambda x: energy(x) + 7.0
    assert energy_score(shifted, tensor(x)).detach().numpy() == pytest.approx(expected, rel=1e-12)


def test_the_slope_of_a_mixtures_energy_is_the_slope_of_its_density():
    """-grad E by autodiff, against central differences of the mixture's log density."""
    x, h = np.linspace(-3, 3, 30)[:, None], 1e-5
    means, variances, weights = LINE.means[:, 0], LINE.variances, LINE.weights

    def energy(x):
        parts = weights / np.sqrt(variances) * np.exp(-0.5 * (x - means) ** 2 / variances)
        return -np.log(parts.sum(axis=1))

    slope = (LINE.log_density(x + h) - LINE.log_density(x - h)) / (2 * h)
    assert energy_score(energy, tensor(x)).detach().numpy()[:, 0] == pytest.approx(slope, abs=1e-7)


def test_a_score_can_be_had_where_nothing_is_recorded():
    energy, x = EnergyMLP(2, 4, rng=0), tensor(np.ones((3, 2), np.float32))
    with no_grad():
        inside = energy_score(energy, x).detach().numpy()
    assert inside == pytest.approx(energy_score(energy, x).detach().numpy())
    assert not x.requires_grad


# --------------------------------------------------------------------------- implicit, explicit


def test_the_implicit_loss_finds_mean_and_covariance_of_the_sample():
    x = correlated()
    mean, covariance = fitted(lambda score: implicit_loss(score, tensor(x)))
    assert mean == pytest.approx(x.mean(axis=0), abs=1e-8)
    assert covariance == pytest.approx(np.cov(x.T, bias=True), abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_implicit_and_explicit_loss_differ_by_a_constant_of_the_data(seed):
    """By quadrature over a mixture, for scores of random networks: the difference is
    1/2 E |grad log p|^2, whatever the network."""
    x = np.linspace(-12, 12, 6001)[:, None]
    weights = np.exp(LINE.log_density(x)) * (x[1] - x[0])
    truth = LINE.score(x)
    score = EnergyScore(EnergyMLP(1, 8, rng=seed).double())
    explicit = weights @ explicit_loss(score, tensor(x), tensor(truth)).detach().numpy()
    implicit = weights @ implicit_loss(score, tensor(x)).detach().numpy()
    constant = weights @ (truth[:, 0] ** 2) / 2
    assert explicit == pytest.approx(implicit + constant, rel=1e-9)


def test_the_trace_is_that_of_the_jacobian():
    """For a field that is no gradient: (x y, y^2, x z) has the divergence y + 2 y + x."""
    x = np.random.default_rng(2).normal(size=(5, 3))
    field = lambda p: p * p[:, [1, 1, 0]]
    squares = (x * x[:, [1, 1, 0]]) ** 2
    expected = 3 * x[:, 1] + x[:, 0] + squares.sum(axis=1) / 2
    assert implicit_loss(field, tensor(x)).detach().numpy() == pytest.approx(expected)


# --------------------------------------------------------------------------------------- sliced


def test_slices_have_the_implicit_loss_as_their_mean():
    """All 2^3 vectors of signs in turn."""
    x = np.random.default_rng(3).normal(size=(5, 3))
    score = EnergyScore(EnergyMLP(3, 8, rng=0).double())
    signs = [np.tile(v, (5, 1)) for v in itertools.product([-1.0, 1.0], repeat=3)]
    mean = np.mean([sliced_loss(score, tensor(x), tensor(v)).detach().numpy() for v in signs], 0)
    assert mean == pytest.approx(implicit_loss(score, tensor(x)).detach().numpy(), rel=1e-12)


def test_random_signs_have_covariance_i():
    v = random_signs((20000, 3), np.random.default_rng(4))
    assert set(np.unique(v)) == {-1.0, 1.0}
    assert v.T @ v / 20000 == pytest.approx(np.eye(3), abs=5 / np.sqrt(20000))


# ------------------------------------------------------------------------------------ denoising


def test_denoising_finds_the_covariance_of_the_noisy_data():
    """The design +-sqrt(D) e_i in place of noise has mean 0 and covariance I exactly."""
    x, sigma, d = correlated(), 0.7, 3
    design = np.sqrt(d) * np.concatenate([np.eye(d), -np.eye(d)])
    inputs, z = tensor(np.repeat(x, 2 * d, axis=0)), tensor(np.tile(design, (len(x), 1)))
    mean, covariance = fitted(lambda score: denoising_loss(score, inputs, z, sigma))
    assert mean == pytest.approx(x.mean(axis=0), abs=1e-8)
    assert covariance == pytest.approx(np.cov(x.T, bias=True) + sigma**2 * np.eye(d), abs=1e-8)


def test_denoising_is_explicit_matching_of_the_noisy_law_plus_a_constant():
    """E over x and z by quadrature; the constant is 1/2 (1 / sigma^2 - E |grad log p_sigma|^2)."""
    sigma, noisy = 0.5, LINE.with_noise(0.5)
    score = EnergyScore(EnergyMLP(1, 8, rng=1).double())

    def loss(at):
        means = LINE.means[:, 0] + at[:, :1] * np.sqrt(LINE.variances)  # (M, K)
        values = [
            denoising_loss(score, tensor(x[:, None]), tensor(at[:, 1:]), sigma).detach().numpy()
            for x in means.T
        ]
        return np.stack(values, 1) @ LINE.weights

    y = np.linspace(-12, 12, 6001)[:, None]
    weights, truth = np.exp(noisy.log_density(y)) * (y[1] - y[0]), noisy.score(y)
    explicit = weights @ explicit_loss(score, tensor(y), tensor(truth)).detach().numpy()
    constant = 0.5 * (1 / sigma**2 - weights @ truth[:, 0] ** 2)
    found = normal_expectation(loss, dimension=2, points=48)
    assert found == pytest.approx(explicit + constant, rel=1e-6)


def test_every_noise_level_counts_the_same():
    """The best score of data at 0 is -y / sigma^2.  One that is 10% off costs .005 |z|^2 at every
    level."""
    rng = np.random.default_rng(5)
    z, sigma = rng.normal(size=(6, 2)), np.geomspace(0.01, 10, 6)[:, None]
    off = lambda y, sigma: -1.1 * y / sigma**2
    found = multiscale_loss(off, tensor(np.zeros((6, 2))), tensor(z), tensor(sigma)).numpy()
    assert found == pytest.approx(0.005 * (z**2).sum(axis=1), rel=1e-9)
    assert noise_levels(10, 0.1, 3) == pytest.approx([10, 1, 0.1])


# ---------------------------------------------------------------- one thing under three names


def test_denoiser_score_and_diffusion_predictor_are_one():
    """For a mixture: the residual of the best denoiser, the score, and -epsilon / noise, each from
    a formula of its own.  A diffusion sees its data shrunk by `signal`."""
    schedule, t = cosine(100), 40
    signal, noise = schedule.signal[t], schedule.noise[t]
    sigma = noise / signal
    y = np.random.default_rng(6).normal(size=(20, 1)) * 2
    denoiser = lambda y: tensor(LINE.denoised(y.numpy(), sigma))
    by_denoiser = score_of_denoiser(denoiser, tensor(y), sigma).numpy()
    by_law = LINE.with_noise(sigma).score(y)
    by_diffusion = exact(LINE, schedule).score(tensor(signal * y), t).numpy() * signal
    assert by_denoiser == pytest.approx(by_law, abs=1e-10)
    assert by_diffusion == pytest.approx(by_law, abs=1e-10)


def test_a_diffusions_loss_is_the_multiscale_loss():
    """With s(y, sigma) = -epsilon_theta(signal y, t) / sigma and sigma = noise / signal, half the
    squared error of epsilon."""
    rng, schedule = np.random.default_rng(7), cosine(100)
    x, z, t = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.integers(1, 100, 6)
    network = nn.Linear(3, 3, rng=0).double()
    signal, noise = (tensor(part[t][:, None]) for part in (schedule.signal, schedule.noise))
    score = lambda y, sigma: -network(signal * y) / sigma
    expected = multiscale_loss(score, tensor(x), tensor(z), noise / signal).detach().numpy()
    model = Diffusion(lambda x, t: network(x), schedule)
    found = diffusion_loss(model, tensor(x), tensor(t), tensor(z)).detach().numpy()
    assert found * 3 / 2 == pytest.approx(expected, rel=1e-10)


def test_a_loss_reaches_the_energys_parameters_through_three_derivatives():
    """d/dP of the implicit loss at E = 1/2 P x^2 is E[P x^2 - 1] in one dimension."""
    energy, x = QuadraticEnergy(1).double(), np.array([[1.0], [3.0]])
    energy.precision.data = np.array([[0.5]])
    loss = implicit_loss(EnergyScore(energy), tensor(x)).mean()
    (slope,) = autograd.grad(loss, energy.precision)
    assert slope.item() == pytest.approx(np.mean(0.5 * x**2 - 1))
