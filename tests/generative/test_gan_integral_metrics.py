"""Distances between laws, against linear programs, enumeration and closed forms."""

import itertools
import math

import numpy as np
import pytest

from minidl import nn, optim, oracles, tensor
from minidl.generative.gan_losses import value
from minidl.generative.integral_metrics import (
    bounded_metric,
    generalisation_gap,
    linear_metric,
    linear_witness,
)

from .laws import POINTS, P, Q

DISTANCE = np.abs(POINTS[:, None] - POINTS)


def test_the_least_cost_the_best_critic_and_the_area_between_are_one_number():
    """The yardstick on eight points: 1.79499 three times."""
    primal, plan = oracles.wasserstein1(DISTANCE, P, Q)
    dual, critic = oracles.wasserstein1_dual(DISTANCE, P, Q)
    area = oracles.wasserstein1_line(POINTS, POINTS, P, Q)
    assert primal == pytest.approx(1.79499, abs=5e-6)
    assert dual == pytest.approx(primal, abs=1e-9) and area == pytest.approx(primal, abs=1e-9)
    assert plan.sum(axis=1) == pytest.approx(P) and plan.sum(axis=0) == pytest.approx(Q)
    # complementary slackness: mass moves only where the critic's slope is 1
    moved = plan > 1e-9
    assert (critic[:, None] - critic)[moved] == pytest.approx(DISTANCE[moved], abs=1e-7)


@pytest.mark.parametrize("k", [0.5, 3.0])
def test_a_k_lipschitz_critic_finds_k_times_the_distance(k):
    w1, _ = oracles.wasserstein1_dual(DISTANCE, P, Q)
    assert oracles.wasserstein1_dual(k * DISTANCE, P, Q)[0] == pytest.approx(k * w1, abs=1e-8)


def test_functions_bounded_by_1_find_twice_the_total_variation():
    """The largest of all 256 functions with values -1 and 1, against 2 max |p(A) - q(A)|."""
    signs = np.array([*itertools.product([-1, 1], repeat=8)])
    events = (signs + 1) / 2
    tv = (events @ (P - Q)).max()
    found = bounded_metric(tensor(P), tensor(Q)).item()
    assert found == pytest.approx((signs @ (P - Q)).max(), abs=1e-12)
    assert found == pytest.approx(2 * tv, abs=1e-12) == pytest.approx(0.906, abs=1e-3)


def test_the_linear_metric_is_the_best_of_all_directions():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 2)), rng.standard_normal((20, 2)) + 1
    angles = np.linspace(0, 2 * np.pi, 10_001)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    best = (x.mean(axis=0) @ directions - y.mean(axis=0) @ directions).max()
    assert linear_metric(tensor(x), tensor(y)).item() == pytest.approx(best, abs=1e-6)
    w = linear_witness(x, y)
    assert np.linalg.norm(w) == pytest.approx(1)
    assert (x @ w).mean() - (y @ w).mean() == pytest.approx(best, abs=1e-6)
    assert linear_metric(tensor(x), tensor(x)).item() < 1e-11


def test_linear_discriminators_do_not_see_that_a_law_was_learned_by_heart():
    """m draws of N(0, I) in 20 dimensions.  The distance that linear discriminators see falls as
    (20 / m)^1/2: 200 repetitions give the mean within 1.2%, and the bar is 4 of these.  W1 stays
    above the mean distance from a new draw to the nearest learned one, which is more than 3."""
    rng = np.random.default_rng(0)
    for m in (100, 400):
        zero = tensor(np.zeros((1, 20)))
        seen = [linear_metric(tensor(rng.standard_normal((m, 20))), zero).item()
                for _ in range(200)]  # fmt: skip
        mean_length = math.sqrt(2) * math.gamma(10.5) / math.gamma(10)  # of a draw from N(0, I)
        assert np.mean(seen) == pytest.approx(mean_length / math.sqrt(m), rel=0.05)
        learned, new = rng.standard_normal((m, 20)), rng.standard_normal((200, 20))
        nearest = np.linalg.norm(new[:, None] - learned, axis=2).min(axis=1)
        assert nearest.mean() > 3 > 6 * np.mean(seen)


def test_for_a_law_that_is_moved_the_linear_distance_is_w1():
    """Generators N(a, C) with C fixed: |a - b| is both, here on 30 draws moved by a and by b."""
    rng = np.random.default_rng(1)
    shape = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 3))
    x, y = shape + [1.0, 2.0, 0.5], shape + [-1.0, 0.0, 1.5]
    even = np.full(30, 1 / 30)
    w1, _ = oracles.wasserstein1(np.linalg.norm(x[:, None] - y, axis=2), even, even)
    assert linear_metric(tensor(x), tensor(y)).item() == pytest.approx(3, abs=1e-12)
    assert w1 == pytest.approx(3, abs=1e-9)


def test_the_gap_between_seen_and_new_examples_grows_with_the_features():
    """Two samples of 50 from one law.  With D features of variance 1 the best linear discriminator
    sees (2 D / 50)^1/2 on them and 0 on new ones; the mean of 100 repetitions is within 5%."""
    rng = np.random.default_rng(2)
    for d in (10, 40, 160):
        draw = lambda d=d: tuple(rng.standard_normal((2, 50, d)))
        gaps = [generalisation_gap(draw(), draw()) for _ in range(100)]
        assert np.mean(gaps) == pytest.approx(math.sqrt(2 * d / 50), rel=0.15)


def test_a_wider_network_overfits_more():
    """Trained as a GAN's discriminator between two samples of 40 from one law: value on them less
    value on 2,000 new ones.  Five seeds: .08 to .21 for width 2, .8 to 1.2 for 16, 2.6 to 3.3."""
    gaps = [overfit(width, seed=0) for width in (2, 16, 128)]
    assert gaps[0] < gaps[1] < gaps[2]


def overfit(width, seed):
    rng = np.random.default_rng(seed)
    draw = lambda n: [tensor(rng.standard_normal((n, 2)).astype(np.float32)) for _ in range(2)]
    seen, new = draw(40), draw(2000)
    critic = nn.Sequential(nn.Linear(2, width, rng=rng), nn.ReLU(), nn.Linear(width, 1, rng=rng))
    optimiser = optim.Adam(critic.parameters(), lr=2e-2)
    for _ in range(300):
        optimiser.zero_grad()
        (-value(*map(critic, seen))).backward()
        optimiser.step()
    return (value(*map(critic, seen)) - value(*map(critic, new))).item()
