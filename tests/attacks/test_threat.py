"""The sets of the threat models, and the projection into them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from minidl.attacks import threat
from minidl.attacks.threat import Threat

from .linear import inputs

NORMS = (math.inf, 2, 1, 0)


def stays_in(model, x, found, tolerance):
    low, high = model.bounds
    assert found.min() >= low and found.max() <= high
    assert threat.norm(found.astype(float) - x.astype(float), model.norm).max() <= (
        model.epsilon + tolerance
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(NORMS), st.floats(0, 5), st.floats(0, 3))
def test_a_projection_is_in_the_set_and_a_second_one_changes_nothing(seed, norm, epsilon, far):
    rng = np.random.default_rng(seed)
    x, model = inputs(seed=seed), Threat(norm, epsilon)
    once = model.project(x, x + far * rng.normal(size=x.shape))
    stays_in(model, x, once, 1e-9)
    assert model.project(x, once) == pytest.approx(once, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([math.inf, 2, 1]), st.floats(0.01, 3))
def test_a_projection_brings_no_two_points_further_apart(seed, norm, epsilon):
    """True of every convex set; of that of norm 0 it is not, as that is none."""
    rng = np.random.default_rng(seed)
    x, model = inputs(seed=seed), Threat(norm, epsilon)
    a, b = (x + rng.normal(size=x.shape) for _ in range(2))
    apart = threat.norm(model.project(x, a) - model.project(x, b), 2)
    assert (apart <= threat.norm(a - b, 2) + 1e-9).all()


@pytest.mark.parametrize("norm", [math.inf, 2, 1])
def test_no_point_of_the_set_is_nearer(norm):
    """The nearest point by a general solver (SLSQP), with delta = up - down, up and down >= 0."""
    x, model, rng = inputs(n=6), Threat(norm, 0.7), np.random.default_rng(3)
    candidate = x + rng.normal(size=x.shape)
    d = x.shape[1]
    for point, start, wanted in zip(model.project(x, candidate), x, candidate):
        size = {
            math.inf: lambda v: 0.7 - (v[:d] + v[d:]),
            2: lambda v: np.array([0.7**2 - ((v[:d] - v[d:]) ** 2).sum()]),
            1: lambda v: np.array([0.7 - v.sum()]),
        }[norm]
        far = lambda v, start=start, wanted=wanted: ((start + v[:d] - v[d:] - wanted) ** 2).sum()
        solved = minimize(
            far, np.zeros(2 * d) + 1e-3, constraints={"type": "ineq", "fun": size},
            bounds=[(0, 1 - s) for s in start] + [(0, s) for s in start],
            options={"ftol": 1e-14, "maxiter": 500},
        )  # fmt: skip
        assert ((point - wanted) ** 2).sum() == pytest.approx(solved.fun, abs=1e-6)


def test_norm_0_keeps_the_changes_that_bring_the_point_nearest():
    x = np.array([[0.0, 0.9, 0.5, 0.5]])
    candidate = np.array([[-3.0, 5.0, 0.9, 0.2]])  # the first two have little room
    np.testing.assert_allclose(
        Threat(0, 1).project(x, candidate), [[0.0, 1.0, 0.5, 0.5]], atol=1e-12
    )
    np.testing.assert_allclose(
        Threat(0, 2).project(x, candidate), [[0.0, 1.0, 0.9, 0.5]], atol=1e-12
    )


def test_a_part_of_a_change_is_none():
    x = np.zeros((1, 3))
    for epsilon, changes in ((0.9, 0), (1.0, 1), (1.5, 1), (2.0, 2)):
        assert np.count_nonzero(Threat(0, epsilon).project(x, x + 1)) == changes


@pytest.mark.parametrize("norm", NORMS)
def test_a_random_start_is_in_the_set_and_fills_it(norm):
    epsilon = {math.inf: 0.3, 2: 1.5, 1: 4.0, 0: 5}[norm]
    x = np.random.default_rng(0).uniform(size=(500, 1, 5, 5)).astype(np.float32)
    x[:100] = 0
    model = Threat(norm, epsilon)
    start = model.random_start(x, np.random.default_rng(1))
    assert start.dtype == np.float32 and start.shape == x.shape
    stays_in(model, x, start, 1e-6)
    # the norm of a uniform point of a ball in 25 dimensions is epsilon u^(1/25), .96 epsilon on
    # average; the box cuts off at most half of the numbers
    assert model.size(start - x)[100:].mean() > 0.5 * epsilon
    assert np.abs((start - x)[100:].mean()) < 0.05


def test_uniform_in_the_ball():
    """P(|delta| <= r epsilon) = r^D.  500 draws: the share at the median is .5 +- .022 (1 SE)."""
    x = np.zeros((500, 3))
    for norm in (math.inf, 2, 1):
        model = Threat(norm, 2.0, (-math.inf, math.inf))
        size = model.size(model.random_start(x, np.random.default_rng(0)))
        assert np.mean(size <= 2.0 * 0.5 ** (1 / 3)) == pytest.approx(0.5, abs=5 * 0.022)


def test_the_budget_0_allows_nothing():
    x, rng = inputs().astype(np.float32), np.random.default_rng(0)
    for norm in NORMS:
        np.testing.assert_array_equal(Threat(norm, 0.0).project(x, x + 1), x)
        np.testing.assert_array_equal(Threat(norm, 0.0).random_start(x, rng), x)


def test_images_of_single_precision_stay_in_to_a_millionth():
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(50, 1, 28, 28)).astype(np.float32)
    for norm, epsilon in ((math.inf, 0.1), (2, 1.5), (1, 10.0), (0, 20)):
        model = Threat(norm, epsilon)
        far = x + rng.normal(size=x.shape).astype(np.float32)
        stays_in(model, x, model.project(x, far), 1e-6)


@pytest.mark.parametrize("norm", NORMS)
def test_a_budget_that_is_numpys_float64_leaves_images_in_single_precision(norm):
    x, model = inputs().astype(np.float32), Threat(norm, np.float64(1.0))
    assert model.project(x, x + np.float64(0.3) * np.ones(x.shape)).dtype == np.float32
    assert model.random_start(x, np.random.default_rng(0)).dtype == np.float32


def test_what_is_no_threat_model_is_refused():
    with pytest.raises(ValueError, match="inf, 2, 1 or 0, not 3"):
        Threat(3, 0.1)
    with pytest.raises(ValueError, match="epsilon must be 0 or more"):
        Threat(2, -0.1)
    with pytest.raises(ValueError, match="epsilon must be 0 or more"):
        Threat(2, math.nan)
    with pytest.raises(ValueError, match="low < high"):
        Threat(2, 0.1, (1, 0))
    with pytest.raises(ValueError, match="from -2 to 3.*bounds are 0.0 and 1.0"):
        Threat(2, 0.1).check_inputs(np.array([[-2.0, 3.0]]))
