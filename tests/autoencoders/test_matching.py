"""Distances of samples: unbiased where they say so, and equal to closed forms."""

import numpy as np
import pytest

from minidl import oracles, tensor
from minidl.autoencoders.matching import (
    gaussian_kernel,
    inverse_multiquadratic,
    mmd,
    random_directions,
    sliced_cramer,
    sliced_wasserstein,
)


def gaussian_mmd(shift, d):
    """MMD^2 of N(0, I) and N(shift, I) in d dimensions under the Gaussian kernel of bandwidth 1.

    For a difference of two standard normals, E exp(-|t + m|^2 / 2) is 3^(-d/2) exp(-|m|^2 / 6).
    """
    return 2 * 3 ** (-d / 2) * (1 - np.exp(-(shift**2) / 6))


def test_mmd_is_unbiased():
    """2,000 pairs of samples of 10: within 4 standard errors of the truth, under the null (where a
    biased estimate would be off by 20 of them) and under a shift; a false alarm in 8,000 seeds."""
    rng = np.random.default_rng(0)
    for shift in (0.0, 1.5):
        values = [
            mmd(
                tensor(rng.standard_normal((10, 2))),
                tensor(rng.standard_normal((10, 2)) + [shift, 0]),
                gaussian_kernel(1.0),
            ).item()
            for _ in range(2000)
        ]
        error = np.std(values) / np.sqrt(len(values))
        assert abs(np.mean(values) - gaussian_mmd(shift, 2)) < 4 * error


def test_mmd_by_a_double_loop():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((4, 3))
    k = lambda a, b: 6.0 / (6.0 + ((a - b) ** 2).sum())
    among = lambda s: np.mean([k(a, b) for i, a in enumerate(s) for j, b in enumerate(s) if i != j])
    expected = among(x) + among(y) - 2 * np.mean([k(a, b) for a in x for b in y])
    found = mmd(tensor(x), tensor(y), inverse_multiquadratic(6.0)).item()
    assert found == pytest.approx(expected, abs=1e-14)


def test_sliced_wasserstein_of_a_shift():
    """SW_2^2(N(0, I), N(m, I)) = |m|^2 / d; the very shift of a sample gives it up to the average
    of (theta . m)^2 over the directions."""
    rng = np.random.default_rng(2)
    x, m = rng.standard_normal((40, 5)), np.array([3.0, 4.0, 0, 0, 0])
    directions = random_directions(20_000, 5, rng)
    found = sliced_wasserstein(tensor(x), tensor(x + m), directions).item()
    assert found == pytest.approx(((directions @ m) ** 2).mean(), abs=1e-12)
    # (theta . m)^2 has mean 5, and variance 25 (3 / 35 * 25 - 1) for a unit m of length 5
    assert abs(found - 5) < 4 * 5 * np.sqrt((75 / 35 - 1) / 20_000)
    with pytest.raises(ValueError, match=r"\(40, 5\).*\(30, 5\)"):
        sliced_wasserstein(tensor(x), tensor(x[:30]), directions)


def test_sliced_wasserstein_on_a_line_is_the_cost_of_the_best_assignment():
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((8, 1)), rng.standard_normal((8, 1)) + 1
    squares = (x - y.T) ** 2
    found = sliced_wasserstein(tensor(x), tensor(y), np.array([[1.0]])).item()
    assert found == pytest.approx(squares[linear_sum_assignment(squares)].mean(), abs=1e-14)


def test_sliced_cramer_is_the_integral_of_the_squared_difference_of_distribution_functions():
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((6, 2)), rng.standard_normal((9, 2)) + 0.5
    directions = random_directions(3, 2, rng)
    expected = []
    for u in directions:
        a, b = np.sort(x @ u), np.sort(y @ u)
        edges = np.sort(np.concatenate([a, b]))
        middles = (edges[1:] + edges[:-1]) / 2
        F, G = np.searchsorted(a, middles) / len(a), np.searchsorted(b, middles) / len(b)
        expected.append(((F - G) ** 2 * np.diff(edges)).sum())
    found = sliced_cramer(tensor(x), tensor(y), directions).item()
    assert found == pytest.approx(np.mean(expected), abs=1e-14)


def test_a_step_down_each_distance_brings_codes_nearer_to_the_prior():
    """Nearer in the exact cost of transport, which none of the three computes."""
    rng = np.random.default_rng(5)
    prior, directions = rng.standard_normal((60, 2)), random_directions(50, 2, rng)
    distances = {
        "mmd": lambda x, y: mmd(x, y, inverse_multiquadratic(4.0)),
        "sliced Wasserstein": lambda x, y: sliced_wasserstein(x, y, directions),
        "sliced Cramer": lambda x, y: sliced_cramer(x, y, directions),
    }
    even = np.full(60, 1 / 60)
    cost = lambda x: oracles.wasserstein1(np.linalg.norm(x[:, None] - prior, axis=2), even, even)[0]
    start = rng.standard_normal((60, 2)) * [0.3, 2.0] + [1.0, -1.0]
    for distance in distances.values():
        x = tensor(start, requires_grad=True)
        distance(x, tensor(prior)).backward()
        step = 0.2 / np.sqrt((x.grad.numpy() ** 2).sum(axis=1).mean())
        assert cost(start - step * x.grad.numpy()) < cost(start) - 0.1
