"""Support sizes where the support is known; walks of generators that learned by heart."""

import math

import numpy as np
import pytest

from minidl import nn, tensor
from minidl.generative.evaluation import (
    birthday_size,
    collision_chance,
    largest_jump,
    near_pairs,
    support_size,
    walk,
)


def test_the_chance_of_two_alike_among_24_of_400_is_one_half():
    assert collision_chance(365, 23) == pytest.approx(0.507, abs=1e-3)  # the birthdays of a class
    assert collision_chance(400, 23) < 0.5 <= collision_chance(400, 24)
    assert 24 == pytest.approx(1.177 * math.sqrt(400), abs=0.5)
    rng = np.random.default_rng(0)
    found = [len(set(rng.integers(0, 400, 24))) < 24 for _ in range(4000)]
    assert np.mean(found) == pytest.approx(collision_chance(400, 24), abs=0.03)  # 3.8 errors


def test_the_support_of_an_even_law_on_400_points_is_found_within_a_factor_of_2():
    """A median of 400 trials on 600 draws: 350 to 490 for five seeds."""
    assert 200 < estimate(0) < 800


def estimate(seed):
    rng = np.random.default_rng(seed)
    pictures = rng.standard_normal((400, 10))
    draws = pictures[rng.integers(0, 400, 600)] + 1e-3 * rng.standard_normal((600, 10))
    return support_size(birthday_size(near_pairs(draws, 0.1), rng))


def test_a_continuous_law_has_no_two_alike():
    rng = np.random.default_rng(1)
    draws = rng.standard_normal((300, 10))
    assert birthday_size(near_pairs(draws, 0.1), rng) is None
    assert near_pairs(np.zeros((3, 1, 2, 2)), 0.0).sum() == 6


class Memory(nn.Module):
    """A generator that knows ten pictures and shows the one whose noise is nearest."""

    def __init__(self, sharpness):
        rng = np.random.default_rng(2)
        self.keys, self.pictures = rng.standard_normal((10, 4)), rng.standard_normal((10, 25))
        self.sharpness = sharpness

    def forward(self, z):
        weights = nn.functional.softmax(self.sharpness * (z @ tensor(self.keys.T)), dim=1)
        return weights @ tensor(self.pictures)


def test_a_generator_that_learned_by_heart_jumps():
    rng = np.random.default_rng(3)
    layers = nn.Linear(4, 16, rng=rng), nn.Tanh(), nn.Linear(16, 25, rng=rng)
    smooth = nn.Sequential(*layers).double()
    ends = [tuple(map(tensor, rng.standard_normal((2, 4)))) for _ in range(20)]
    jumps = lambda generator: [largest_jump(walk(generator, a, b, 60).numpy()) for a, b in ends]
    assert max(jumps(smooth)) < 5
    assert np.median(jumps(Memory(sharpness=50.0))) > 5
    assert largest_jump(np.array([[0.0], [0.0], [0.0], [0.0], [1.0]])) == math.inf


def test_a_walk_begins_and_ends_where_it_should_and_keeps_to_the_sphere():
    a, b = np.array([3.0, 0.0, 0.0]), np.array([0.0, 3.0, 0.0])
    z = walk(nn.Identity(), tensor(a), tensor(b), 7).numpy()
    assert z[0] == pytest.approx(a) and z[-1] == pytest.approx(b)
    assert np.linalg.norm(z, axis=1) == pytest.approx(np.full(7, 3.0))
    assert largest_jump(z) == pytest.approx(1)
