"""Faster ways to compute what a plain definition says: the two must agree."""

import numpy as np
import pytest
import scipy.special

from minidl.ops.activations import _distribution, gelu_erf, log_1_plus, logistic
from minidl.ops.indexing import SHORT, add_rows


def normal_distribution(x):
    return _distribution(x, np.exp(-0.5 * x * x))


@pytest.mark.parametrize("shape", [(200_001,), (0,), (0, 3), (5, 7, 11)])
def test_the_normal_distribution_in_float32(shape):
    """The formula is good to 1.5e-7 for erf, that is .75e-7 here, and float32 rounds at 1 by .6e-7
    in each of its last operations."""
    x = np.linspace(-12, 12, int(np.prod(shape))).reshape(shape).astype(np.float32)
    p = normal_distribution(x)
    assert p.dtype == np.float32 and p.shape == shape
    np.testing.assert_allclose(p, scipy.special.ndtr(x.astype(np.float64)), rtol=0, atol=4e-7)


def test_the_normal_distribution_at_its_ends():
    p = normal_distribution(np.array([-np.inf, -40, 0, 40, np.inf, np.nan], np.float32))
    assert p[:5].tolist() == [0, 0, 0.5, 1, 1] and np.isnan(p[5])


@pytest.mark.parametrize("shape", [(100_001,), (0, 3), (5, 7, 11), ()])
def test_gelu_in_float32_and_the_slope_that_it_keeps(shape):
    """Beside float64; x Phi(x) has x times the error of Phi, and 6 ulps of rounding."""
    x = np.asarray(np.linspace(-9, 9, int(np.prod(shape))).reshape(shape), np.float32)
    y, slope = gelu_erf.op.forward(x)
    exact = x.astype(np.float64)
    p, bell = scipy.special.ndtr(exact), np.exp(-0.5 * exact**2) / np.sqrt(2 * np.pi)
    assert y.dtype == slope.dtype == np.float32 and y.shape == slope.shape == shape
    np.testing.assert_allclose(y, exact * p, rtol=4e-7, atol=4e-6)
    np.testing.assert_allclose(slope, p + exact * bell, rtol=4e-7, atol=1e-6)


def test_the_logistic_function_in_float32():
    """Each of four operations rounds by at most half an ulp, the exponential by two more."""
    x = np.linspace(-87, 87, 100_001).astype(np.float32)
    expected = scipy.special.expit(x.astype(np.float64))
    np.testing.assert_allclose(logistic(x), expected, rtol=4 * 2.0**-23, atol=0)
    ends = np.repeat(np.array([-np.inf, -1000, 0, 1000, np.inf, np.nan], np.float32), 1000)
    with np.errstate(all="raise", under="ignore"):
        assert np.array_equal(logistic(ends), scipy.special.expit(ends), equal_nan=True)


def test_the_logarithm_of_one_plus_in_float32():
    """Small as e may be: log, the quotient and their sum round by half an ulp each, log by one."""
    e = np.concatenate([np.logspace(-44, 0, 50_000), [0.0]]).astype(np.float32)
    np.testing.assert_allclose(log_1_plus(e), np.log1p(e.astype(np.float64)), rtol=3 * 2.0**-23)


def test_gelu_keeps_the_order_in_memory():
    x = np.zeros((4, 6, 5, 3), np.float32).transpose(0, 3, 1, 2)
    assert all(array.strides == x.strides for array in gelu_erf.op.forward(x))


def test_rows_are_added_one_by_one_however_often_each_comes():
    rng = np.random.default_rng(0)
    times = [0, 1, 2, SHORT - 1, SHORT, SHORT + 1, 3 * SHORT, 0, 1]
    rows = rng.permutation(np.repeat(np.arange(len(times)), times))
    rows[rows == 4] -= len(times)  # counted from the end
    values = rng.integers(-9, 10, (len(rows), 2, 3)).astype(np.float64)
    out = rng.integers(-9, 10, (len(times), 2, 3)).astype(np.float64)
    expected = out.copy()
    for row, value in zip(rows, values):
        expected[row] += value
    add_rows(out, rows, values)
    assert np.array_equal(out, expected)
