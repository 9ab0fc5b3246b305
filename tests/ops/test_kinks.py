"""Where there is no derivative: at each kink the one that is documented, and the second is 0."""

import numpy as np
import pytest

import minidl
from minidl import autograd, tensor
from minidl.nn import functional as F

INF = np.inf
norm = minidl.linalg.norm
KINKS = {
    "relu at 0": (F.relu, [0.0], [0.0]),
    "relu6 at 0 and 6": (F.relu6, [0.0, 6.0], [0.0, 0.0]),
    "leaky_relu at 0": (F.leaky_relu, [0.0], [0.01]),
    "hardtanh at its bounds": (F.hardtanh, [-1.0, 1.0], [0.0, 0.0]),
    "absolute at 0": (minidl.absolute, [0.0], [0.0]),
    "sign at 0": (minidl.sign, [0.0], [0.0]),
    "clip at its bounds": (lambda x: minidl.clip(x, -1.0, 1.0), [-1.0, 1.0, 2.0], [1.0, 1.0, 0.0]),
    "max of equals": (minidl.max, [2.0, 1.0, 2.0], [0.5, 0.0, 0.5]),
    "min of equals": (minidl.min, [1.0, 1.0, 2.0, 1.0], [1 / 3, 1 / 3, 0.0, 1 / 3]),
    "maximum at a tie": (lambda x: minidl.maximum(x, 1.0), [1.0], [0.5]),
    "minimum at a tie": (lambda x: minidl.minimum(x, 1.0), [1.0], [0.5]),
    "max_pool1d of equals": (
        lambda x: F.max_pool1d(x[None], 2),
        [3.0, 3.0, 1.0, 2.0],
        [1, 0, 0, 1],
    ),
    "norm at 0": (norm, [0.0, 0.0], [0.0, 0.0]),
    "1-norm at 0": (lambda x: norm(x, 1), [0.0, 2.0], [0.0, 1.0]),
    "3-norm at 0": (lambda x: norm(x, 3), [0.0, 0.0], [0.0, 0.0]),
    "hypot at 0": (lambda x: minidl.hypot(x, x), [0.0], [0.0]),
    "std of zeros": (minidl.std, [0.0, 0.0], [0.0, 0.0]),
    # The mean of three times 0.1 is not quite 0.1: what is left of their deviation is rounding.
    "std of equals": (minidl.std, [0.1, 0.1, 0.1], [0.0, 0.0, 0.0]),
    "xlogy at 0": (lambda x: minidl.xlogy(0.0, x), [0.0], [0.0]),
    "prod with a 0": (minidl.prod, [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
}


@pytest.mark.parametrize("name", KINKS)
def test_the_derivative_is_the_documented_one(name):
    function, at, expected = KINKS[name]
    x = tensor(np.array(at), requires_grad=True)
    (g,) = autograd.grad(function(x).sum(), x)
    np.testing.assert_allclose(g.numpy(), expected, rtol=1e-15)


@pytest.mark.parametrize("name", [name for name in KINKS if "prod" not in name])
def test_the_second_derivative_is_zero(name):
    function, at, _ = KINKS[name]
    h = minidl.hessian(lambda x: function(x).sum())(np.array(at))
    np.testing.assert_array_equal(h.numpy(), np.zeros((len(at), len(at))))


def test_the_root_of_zero_is_infinitely_steep():
    with np.errstate(divide="ignore"):
        (g,) = autograd.grad(minidl.sqrt(x := tensor([0.0], requires_grad=True)).sum(), x)
    assert g.item() == INF


@pytest.mark.parametrize(
    "function",
    [lambda x: F.softmax(x, 0)[0], lambda x: F.log_softmax(x, 0)[0], minidl.logsumexp],
    ids=["softmax", "log_softmax", "logsumexp"],
)
def test_minus_infinity_beside_numbers(function):
    x = tensor(np.array([0.0, -INF, 1.0]), requires_grad=True)
    (g,) = autograd.grad(function(x), x)
    assert np.isfinite(g.numpy()).all() and g.numpy()[1] == 0
