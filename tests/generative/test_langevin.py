"""Langevin dynamics: its law after a step is known exactly for a normal law, and so is its bias."""

import numpy as np
import pytest

from minidl import no_grad, tensor
from minidl.generative.langevin import annealed_langevin, langevin, langevin_step, mala_step
from minidl.generative.score_matching import EnergyScore, QuadraticEnergy, noise_levels
from minidl.oracles import chains
from minidl.oracles.gaussians import Mixture

from .exact import standard_normal

NORMAL = standard_normal()
FAR = Mixture(np.array([0.5, 0.5]), np.array([[-6.0], [6.0]]), np.ones(2))
UNEVEN = Mixture(np.array([0.2, 0.8]), np.array([[-5.0, -5.0], [5.0, 5.0]]), np.ones(2))


@pytest.mark.parametrize("step", [0.01, 0.1, 0.5])
def test_the_variance_that_it_ends_in_is_1_over_1_minus_half_the_step(step):
    """Four points +-sd with noise +-1 have the variance of the law; iterate until it stays."""
    sd = 1.0
    for _ in range(int(20 / step)):
        x, z = sd * np.array([[1.0], [1.0], [-1.0], [-1.0]]), np.array([[1.0], [-1.0]] * 2)
        sd = langevin_step(x, NORMAL.score, step, z).std()
    assert sd**2 == pytest.approx(1 / (1 - step / 2), rel=1e-6)


def variance_of_chains(seed, step=0.5, chains=10000):
    """After 20 units of time in N(0, 1)."""
    rng = np.random.default_rng(seed)
    start = rng.standard_normal((chains, 1))
    *_, x = langevin(start, NORMAL.score, step, int(20 / step), rng.standard_normal)
    return x.var()


def test_the_variance_of_chains():
    """10,000 chains: one in a thousand runs is off by more than 4.7%, 3.3 standard errors."""
    assert variance_of_chains(0) == pytest.approx(1 / 0.75, rel=0.047)


def test_the_oracle_knows_the_bias_too():
    points = np.linspace(-9, 9, 73)
    law = chains.stationary(chains.langevin_kernel(points, NORMAL.score, 0.1))
    assert law @ points**2 == pytest.approx(1 / 0.95, rel=1e-9)
    assert law @ points**4 == pytest.approx(3 / 0.95**2, rel=1e-9)


def test_a_metropolis_step_removes_the_bias():
    """On a grid of proposals and chances, the density exp(-x^2/2) is left as it is: detailed
    balance, p(x) q(y|x) a(x, y) the same both ways, to the last digit."""
    step, rng = 0.7, np.random.default_rng(1)
    x, y = rng.normal(size=(2, 200, 1))
    log_density = lambda x: -0.5 * (x**2).sum(axis=1)
    drift = lambda x: x + step * NORMAL.score(x)
    proposal = lambda x, y: np.exp(-((y - drift(x)) ** 2)[:, 0] / (4 * step))

    def flow(x, y):
        """p(x) q(y|x) a(x, y), where a is found as the largest u that is accepted, by halving."""
        z, low, high = (y - drift(x)) / np.sqrt(2 * step), np.zeros(200), np.ones(200)
        for _ in range(50):
            u = (low + high) / 2
            _, went = mala_step(x, log_density, NORMAL.score, step, z, u)
            low, high = np.where(went, u, low), np.where(went, high, u)
        return np.exp(log_density(x)) * proposal(x, y) * low

    assert flow(x, y) == pytest.approx(flow(y, x), rel=1e-9)
    assert 0.02 < np.mean(flow(x, y) < np.exp(log_density(x)) * proposal(x, y) * 0.999) < 0.98


def test_the_variance_of_metropolis_chains():
    """Where Langevin steps alone would end at 1.333; 3.3 standard errors are 4.7%."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((10000, 1))
    for _ in range(40):
        x, went = mala_step(x, NORMAL.log_density, NORMAL.score, 0.5,
                            rng.standard_normal(x.shape), rng.uniform(size=len(x)))  # fmt: skip
    assert x.var() == pytest.approx(1, rel=0.047)
    assert 0.8 < went.mean() < 1


def test_between_modes_at_plus_and_minus_6_no_chain_crosses():
    """200 chains, 5,000 steps.  By the oracle it takes 6e8 steps until the left has .45, so that of
    the million steps taken here one crosses in one of 500 runs."""
    rng = np.random.default_rng(0)
    *_, x = langevin(np.full((200, 1), 6.0), FAR.score, 0.1, 5000, rng.standard_normal)
    assert np.all(x > 0)
    points = np.linspace(-12, 12, 97)
    kernel = chains.langevin_kernel(points, FAR.score, 0.1)
    at_6 = np.exp(-((points - 6) ** 2) / 2)
    assert chains.steps_until(kernel, at_6 / at_6.sum(), np.sign(points), 0.1) > 1e8


def left_of_two_modes(seed):
    """The share of 2,000 chains that end in the mode of weight .2, 14 from the other: annealed,
    and at one temperature."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(-8, 8, (2000, 2))
    score = lambda x, sigma: UNEVEN.with_noise(sigma).score(x)
    sigmas = noise_levels(20.0, 0.2, 10)
    *_, annealed = annealed_langevin(start, score, sigmas, 0.01, 50, rng.standard_normal)
    *_, plain = langevin(start, UNEVEN.score, 0.1, 300, rng.standard_normal)
    return [np.mean(x.sum(axis=1) < 0) for x in (annealed, plain)]


def test_noise_that_shrinks_finds_the_weights_of_both_modes():
    """.22 to .23 for five seeds; without it chains keep the half in which they began."""
    annealed, plain = left_of_two_modes(0)
    assert annealed == pytest.approx(0.2, abs=0.1)
    assert plain > 0.3


def test_the_steps_of_annealing_shrink_as_the_variance_of_the_noise():
    """A score of 1 everywhere and no noise: the way gone is the sum of the steps."""
    one, none = lambda x, sigma: np.ones_like(x), np.zeros
    states = [*annealed_langevin(np.zeros((1, 1)), one, [4.0, 2.0, 1.0], 0.1, 2, none)]
    assert [x.item() for x in states] == pytest.approx([3.2, 4.0, 4.2])


def test_a_models_score_can_be_walked_without_recording():
    rng = np.random.default_rng(3)
    energy = QuadraticEnergy(2)
    draw = lambda shape: tensor(rng.standard_normal(shape).astype(np.float32))
    with no_grad():
        *_, x = langevin(draw((5, 2)), EnergyScore(energy), 0.1, 20, draw)
    assert not x.requires_grad and x.shape == (5, 2)
