"""Initial values: moments and bounds against the formulas, by tests of stated level.

A statistic is compared with its exact distribution or with its normal limit; every such test has a
false-alarm rate below 1e-6, and the seeds are fixed.
"""

import math

import numpy as np
import pytest
from scipy import stats

import minidl
from minidl import nn
from minidl.nn import init


def weight(*shape):
    return minidl.tensor(np.full(shape, np.nan))


def fits(values, distribution):
    """Whether a Kolmogorov-Smirnov test accepts, at level 1e-6."""
    return stats.kstest(np.ravel(values), distribution.cdf).pvalue > 1e-6


def uniform(bound):
    return stats.uniform(-bound, 2 * bound)


# (out, in, kernel) = (30, 20, 5): fan_in 100, fan_out 150
@pytest.mark.parametrize(
    "fill, distribution",
    [
        (lambda w: init.uniform_(w, -1.0, 3.0, generator=0), stats.uniform(-1, 4)),
        (lambda w: init.normal_(w, 2.0, 0.5, generator=0), stats.norm(2, 0.5)),
        (lambda w: init.trunc_normal_(w, 1.0, 2.0, 0.0, 2.5, 0), stats.truncnorm(-0.5, 0.75, 1, 2)),
        (lambda w: init.xavier_uniform_(w, 2.0, 0), uniform(2 * math.sqrt(6 / 250))),
        (lambda w: init.xavier_normal_(w, generator=0), stats.norm(0, math.sqrt(2 / 250))),
        (lambda w: init.kaiming_uniform_(w, generator=0), uniform(math.sqrt(6 / 100))),
        (
            lambda w: init.kaiming_uniform_(w, 0.5, "fan_out", generator=0),
            uniform(math.sqrt(3 * 2 / (1 + 0.25) / 150)),
        ),
        (
            lambda w: init.kaiming_normal_(w, nonlinearity="relu", generator=0),
            stats.norm(0, math.sqrt(2 / 100)),
        ),
    ],
)
def test_distribution(fill, distribution):
    w = weight(30, 20, 5)
    assert fill(w) is w
    assert fits(w.data, distribution)


def test_default_of_linear():
    """Uniform on 1/sqrt(in), weight and bias alike, in PyTorch's layout."""
    layer = nn.Linear(64, 500, rng=0)
    assert layer.weight.shape == (500, 64) and layer.weight.dtype == np.float32
    assert fits(layer.weight.data, uniform(1 / 8)) and fits(layer.bias.data, uniform(1 / 8))
    assert not np.array_equal(layer.weight.data[0, :10], layer.bias.data[:10])


def test_seed_and_rng():
    minidl.seed(5)
    a, b = nn.Linear(3, 3), nn.Linear(3, 3)
    minidl.seed(5)
    c = nn.Linear(3, 3)
    np.testing.assert_array_equal(a.weight.data, c.weight.data)
    assert not np.array_equal(a.weight.data, b.weight.data)
    d, e = (nn.Linear(3, 3, rng=np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(d.weight.data, e.weight.data)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (3, 2, 5)])
def test_orthogonal(shape):
    w = init.orthogonal_(weight(*shape), gain=3.0, generator=0).data.reshape(shape[0], -1)
    rows, columns = w.shape
    product = w @ w.T if rows <= columns else w.T @ w
    np.testing.assert_allclose(product, 9 * np.eye(min(rows, columns)), atol=1e-12)


def test_orthogonal_is_uniform():
    """The entries of a Haar orthogonal 2 x 2 matrix are cosines of a uniform angle."""
    draws = np.stack([init.orthogonal_(weight(2, 2), generator=s).data for s in range(2000)])
    for i in range(2):
        for j in range(2):
            assert fits(np.arccos(draws[:, i, j]), stats.uniform(0, math.pi))


def test_constants_and_identities():
    assert (init.constant_(weight(2, 3), 0.3).data == 0.3).all()
    assert (init.ones_(weight(2)).data == 1).all() and (init.zeros_(weight(2)).data == 0).all()
    np.testing.assert_array_equal(init.eye_(weight(2, 3)).data, np.eye(2, 3))
    w = init.dirac_(weight(4, 2, 3, 3), groups=2).data
    expected = np.zeros((4, 2, 3, 3))
    expected[[0, 1, 2, 3], [0, 1, 0, 1], 1, 1] = 1
    np.testing.assert_array_equal(w, expected)


def test_sparse():
    w = init.sparse_(weight(10, 2000), 0.25, std=2.0, generator=0).data
    assert ((w == 0).sum(axis=0) == 3).all()  # a quarter of 10, rounded up
    assert fits(w[w != 0], stats.norm(0, 2))


@pytest.mark.parametrize("name, param, gain", [
    ("linear", None, 1), ("conv_transpose2d", None, 1), ("sigmoid", None, 1), ("tanh", None, 5 / 3),
    ("relu", None, math.sqrt(2)), ("leaky_relu", None, math.sqrt(2 / 1.0001)),
    ("leaky_relu", 3.0, math.sqrt(0.2)), ("selu", None, 0.75),
])  # fmt: skip
def test_gain(name, param, gain):
    assert init.calculate_gain(name, param) == pytest.approx(gain, rel=1e-15)


def test_dtype_stays_and_gradients_stay_required():
    layer = nn.Linear(2, 2)
    init.normal_(layer.weight)
    assert layer.weight.dtype == np.float32 and layer.weight.requires_grad


@pytest.mark.parametrize("call, message", [
    (lambda: init.xavier_uniform_(weight(3)), r"need a weight \(out, in, ...\).*\(3,\)"),
    (lambda: init.calculate_gain("swish"), "no gain is known for 'swish'"),
    (lambda: init.kaiming_normal_(weight(2, 2), mode="fan"), "mode must be"),
    (lambda: init.eye_(weight(2, 2, 2)), "eye_ needs a matrix"),
    (lambda: init.dirac_(weight(3, 2, 1), groups=2), "dirac_ does not suit"),
    (lambda: init.orthogonal_(weight(3)), "orthogonal_ needs two axes"),
    (lambda: init.sparse_(weight(3), 0.5), "sparse_ needs a matrix"),
])  # fmt: skip
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
