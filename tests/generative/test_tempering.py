"""Tempering: exact laws of its moves, weights by quadrature, and how its time grows."""

import numpy as np
import pytest

from minidl.generative.langevin import langevin
from minidl.generative.tempering import (
    Ladder,
    Walkers,
    estimate_log_weights,
    parallel_tempering_step,
    simulated_tempering_step,
    switch_probability,
    temperatures,
)
from minidl.oracles import chains
from minidl.oracles.gaussians import Mixture

from .test_langevin import FAR

LEVELS, STEP = temperatures(32.0, 6), 0.1


def log_partition(law, c, reach=80.0):
    """log of the integral of p^(1/c) over the line."""
    x = np.linspace(-reach, reach, 20001)
    return np.log(np.exp(law.log_density(x[:, None]) / c).sum() * (x[1] - x[0]))


EXACT = Ladder(LEVELS, -np.array([log_partition(FAR, c) for c in LEVELS]))


def test_a_switch_leaves_every_level_in_balance():
    """P(x, k) a(k, k') = P(x, k') a(k', k) with P(x, k) = p_k(x) / Z_k."""
    x = np.linspace(-12, 12, 101)[:, None]
    log_p = FAR.log_density(x)
    for k, to in [(0, 1), (2, 3), (5, 2)]:
        ask = lambda k, to: switch_probability(log_p, EXACT, np.full(101, k), np.full(101, to))
        mass = lambda k: np.exp(log_p / LEVELS[k] + EXACT.log_weights[k])
        assert mass(k) * ask(k, to) == pytest.approx(mass(to) * ask(to, k), rel=1e-12)
        assert np.maximum(ask(k, to), ask(to, k)) == pytest.approx(1)


def simulated(seed):
    """200 walkers begun right and cold, 3,000 steps of which the last 2,000 count: the share of
    cold ones that are left, and the shares of the levels."""
    rng = np.random.default_rng(seed)
    walkers = Walkers(np.full((200, 1), 6.0), np.zeros(200, np.int64))
    left, visits = [], np.zeros(6)
    for number in range(3000):
        walkers = simulated_tempering_step(walkers, FAR.log_density, FAR.score, EXACT, STEP, rng)
        if number >= 1000:
            left.append(np.mean(walkers.x[walkers.level == 0] < 0))
            visits += np.bincount(walkers.level, minlength=6)
    return np.mean(left), visits / visits.sum()


def test_both_modes_and_every_level_get_their_share():
    """.493 to .523 left and .159 to .165 at level 0 for five seeds, where no chain without
    temperatures crosses."""
    left, shares = simulated(0)
    assert left == pytest.approx(0.5, abs=0.05)
    assert shares == pytest.approx(np.full(6, 1 / 6), abs=0.02)


def parallel(seed):
    """60 ladders of 6 chains, 2,000 steps of which the last 1,000 count: the share of cold ones
    that are left, and where they end."""
    rng = np.random.default_rng(seed)
    x, left = np.full((6, 60, 1), 6.0), []
    for number in range(2000):
        x = parallel_tempering_step(x, FAR.log_density, FAR.score, LEVELS, STEP, rng)
        if number >= 1000:
            left.append(np.mean(x[0] < 0))
    return np.mean(left), x[0]


def test_swaps_between_neighbours_need_no_weights():
    """.487 to .518 left for five seeds."""
    left, cold = parallel(0)
    assert left == pytest.approx(0.5, abs=0.05)
    assert cold.std() > 5 and np.abs(np.abs(cold) - 6).mean() < 1.5  # they are in the modes


def test_swaps_leave_the_product_of_the_levels_as_it_is():
    """Chains that begin in their laws stay there, the steps between swaps being so short that
    Langevin hardly moves them: means of x^2 of 20,000 ladders on two levels of N(0, 1), 1 and 4, to
    within 5 standard errors."""
    rng, c = np.random.default_rng(1), np.array([1.0, 4.0])
    normal = Mixture(np.ones(1), np.zeros((1, 1)), np.ones(1))
    x = np.sqrt(c)[:, None, None] * rng.standard_normal((2, 20000, 1))
    for _ in range(30):
        x = parallel_tempering_step(x, normal.log_density, normal.score, c, 1e-6, rng)
    assert (x**2).mean(axis=(1, 2)) == pytest.approx(c, rel=5 * np.sqrt(2 / 20000))


def estimated_weights(seed):
    """log r_1 to log r_6, by 100 walkers that begin between the modes."""
    rng = np.random.default_rng(seed)
    start = np.zeros((100, 1))
    return estimate_log_weights(start, FAR.log_density, FAR.score, LEVELS, STEP, 500, rng)


def test_weights_are_found_from_the_hottest_level_on():
    """log Z_k / Z_K against quadrature: the last is off by .04 to .08 of 3.14 for five seeds; steps
    of this size alone bias it by some .03."""
    expected = EXACT.log_weights - EXACT.log_weights[-1]
    assert estimated_weights(0) == pytest.approx(expected, abs=0.2)
    assert expected[0] > 3  # without weights the coldest level would hardly be seen


def balance(half_distance, tempered):
    """Steps until the two modes' weights are within 10% of each other's half, by the oracle."""
    m = half_distance
    law = Mixture(np.array([0.5, 0.5]), np.array([[-m], [m]]), np.ones(2))
    c = temperatures(max(1.0, m**2 / 2), 1 + max(0, int(np.ceil(np.log2(m**2 / 2)))))
    c = c if tempered else np.ones(1)
    reach = m + 5 * np.sqrt(c[-1])
    points = np.arange(0.2, reach, 0.4)
    points = np.concatenate([-points[::-1], points])
    kernel = chains.tempering_kernel(points, law.log_density, law.score, c, STEP)
    start = np.tile(np.exp(-((points - m) ** 2) / 2), len(c)) * (
        np.repeat(np.arange(len(c)), len(points)) == 0
    )
    return chains.steps_until(kernel, start / start.sum(), np.tile(np.sign(points), len(c)), 0.1)


def test_the_time_grows_as_a_power_with_tempering_and_exponentially_without():
    """Modes 2 m apart, m from 3 to 6.  Without: 1641, 39712, 2901780, 607423679 steps, as the
    exponential of the barrier m^2 / 2.  With: 212, 270, 340, 411, as m itself."""
    distances = (3.0, 4.0, 5.0, 6.0)
    plain = np.array([balance(m, tempered=False) for m in distances])
    tempered = np.array([balance(m, tempered=True) for m in distances])
    barrier = np.array(distances) ** 2 / 2
    assert np.all(np.diff(np.log(plain)) > 0.8 * np.diff(barrier))
    assert plain[-1] > 1e8
    slope = np.diff(np.log(tempered)) / np.diff(np.log(distances))
    assert np.all(slope < 2)
    assert tempered[-1] < 1000


def test_simulated_chains_take_the_time_that_the_oracle_says():
    """Two modes 5 apart, 4,000 chains without temperatures: at the oracle's time the weights are
    .45 and .55, to within 3.3 standard errors, .026."""
    m = 2.5
    law = Mixture(np.array([0.5, 0.5]), np.array([[-m], [m]]), np.ones(2))
    rng = np.random.default_rng(4)
    start = m + rng.standard_normal((4000, 1))
    *_, x = langevin(start, law.score, STEP, balance(m, tempered=False), rng.standard_normal)
    assert np.mean(x < 0) == pytest.approx(0.45, abs=0.026)
