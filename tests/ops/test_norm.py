"""Normalisation against its formula and its invariances; fused against defined; both orders."""

import math

import numpy as np
import pytest

from minidl import autograd, tensor
from minidl.gradcheck import gradcheck, gradgradcheck
from minidl.nn import functional as F
from minidl.ops import blocks, standardize

rng = np.random.default_rng(0)
BATCHES = [(5, 3), (4, 3, 5), (3, 2, 4, 5), (2, 3, 2, 3, 2)]


def last_channel(x):
    """The same values with the channels last in memory."""
    return np.ascontiguousarray(np.moveaxis(x, 1, -1)).transpose(0, -1, *range(1, x.ndim - 1))


def parameters(shape):
    return rng.standard_normal(shape) + 1, rng.standard_normal(shape)


def by_formula(x, axes, eps=1e-5):
    m = x.mean(axis=axes, keepdims=True)
    return (x - m) / np.sqrt(((x - m) ** 2).mean(axis=axes, keepdims=True) + eps)


def batch_norm(x, weight=None, bias=None):
    return F.batch_norm(x, None, None, weight, bias, training=True)


# ------------------------------------------------------------------------------------- values


@pytest.mark.parametrize("shape", BATCHES)
def test_batch_norm_is_its_formula(shape):
    x = 2 * rng.standard_normal(shape) + 3
    weight, bias = parameters(shape[1])
    axes = (0, *range(2, len(shape)))
    wide = (-1, *[1] * (len(shape) - 2))
    expected = by_formula(x, axes)
    for given in x, last_channel(x), x[::-1].copy()[::-1]:
        np.testing.assert_allclose(batch_norm(tensor(given)).numpy(), expected, atol=1e-13)
    scaled = expected * weight.reshape(wide)
    y = batch_norm(tensor(x), tensor(weight), tensor(bias)).numpy()
    np.testing.assert_allclose(y, scaled + bias.reshape(wide), atol=1e-13)
    np.testing.assert_allclose(batch_norm(tensor(x), tensor(weight)).numpy(), scaled, atol=1e-13)


@pytest.mark.parametrize("shape", BATCHES)
def test_running_statistics_move_and_are_used(shape):
    x = rng.standard_normal(shape) + 2
    m, v = tensor(rng.standard_normal(shape[1])), tensor(rng.uniform(1, 2, shape[1]))
    weight, bias = map(tensor, parameters(shape[1]))
    axes = (0, *range(2, len(shape)))
    wide = (-1, *[1] * (len(shape) - 2))
    expected_m = 0.9 * m.numpy() + 0.1 * x.mean(axis=axes)
    expected_v = 0.9 * v.numpy() + 0.1 * x.var(axis=axes, ddof=1)
    F.batch_norm(tensor(x, requires_grad=True), m, v, weight, bias, training=True)
    np.testing.assert_allclose(m.numpy(), expected_m)
    np.testing.assert_allclose(v.numpy(), expected_v)
    assert not m.requires_grad and not v.requires_grad
    used = F.batch_norm(tensor(x), m, v, weight, bias)
    xhat = (x - expected_m.reshape(wide)) / np.sqrt(expected_v.reshape(wide) + 1e-5)
    expected = xhat * weight.numpy().reshape(wide) + bias.numpy().reshape(wide)
    np.testing.assert_allclose(used.numpy(), expected, atol=1e-13)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_the_kinds_differ_in_what_shares_a_mean(groups):
    x = rng.standard_normal((2, 6, 3, 4))
    weight, bias = map(tensor, parameters(6))
    parts = x.reshape(2, groups, 6 // groups, 3, 4)
    expected = by_formula(parts, (2, 3, 4)).reshape(x.shape)
    np.testing.assert_allclose(F.group_norm(tensor(x), groups).numpy(), expected, atol=1e-13)
    np.testing.assert_allclose(
        F.layer_norm(tensor(x), (6, 3, 4)).numpy(), F.group_norm(x, 1), atol=1e-13
    )
    y = F.instance_norm(tensor(x), weight=weight, bias=bias).numpy()
    np.testing.assert_allclose(
        y, F.group_norm(tensor(x), 6, weight, bias).numpy(), rtol=0, atol=1e-13
    )
    one = batch_norm(tensor(x[:1]), weight, bias).numpy()  # a batch of one example
    np.testing.assert_allclose(y[:1], one, rtol=0, atol=1e-13)


def test_layer_norm_of_any_leading_axes():
    weight, bias = parameters((4, 3))
    x = rng.standard_normal((2, 5, 4, 3))
    expected = by_formula(x, (2, 3)) * weight + bias
    for given, wanted in (x, expected), (x[0], expected[0]), (x[0, 0], expected[0, 0]):
        y = F.layer_norm(tensor(given), (4, 3), tensor(weight), tensor(bias))
        np.testing.assert_allclose(y.numpy(), wanted, rtol=0, atol=1e-13)
    assert F.layer_norm(tensor(x[:0]), (4, 3)).shape == (0, 5, 4, 3)


def test_rms_norm_is_its_formula():
    x, weight = rng.standard_normal((3, 5)) + 1, rng.standard_normal(5)
    expected = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 0.1) * weight
    np.testing.assert_allclose(F.rms_norm(tensor(x), 5, tensor(weight), 0.1).numpy(), expected)
    tiny = np.full((1, 4), 1e-8)  # without eps it would be 1; PyTorch's eps is the dtype's
    expected = 1e-8 / np.sqrt(1e-16 + np.finfo(float).eps)
    np.testing.assert_allclose(F.rms_norm(tensor(tiny), 4).numpy(), np.full((1, 4), expected))


def test_instance_norm_with_running_statistics():
    x = rng.standard_normal((3, 2, 4, 5))
    m, v = tensor(np.zeros(2)), tensor(np.ones(2))
    F.instance_norm(tensor(x), m, v, momentum=0.5)
    np.testing.assert_allclose(m.numpy(), 0.5 * x.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(v.numpy(), 0.5 + 0.5 * x.var(axis=(2, 3), ddof=1).mean(axis=0))
    used = F.instance_norm(tensor(x), m, v, use_input_stats=False).numpy()
    np.testing.assert_allclose(used, F.batch_norm(tensor(x), m, v).numpy())


@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_single_precision_far_from_zero(offset):
    """The variance is that of x - m: x^2 - m^2 would have no digit left at 1e3 in float32."""
    x = (rng.standard_normal((64, 4, 8, 8)) + offset).astype(np.float32)
    expected = by_formula(x.astype(np.float64), (0, 2, 3))
    rounding = np.finfo(np.float32).eps * (8 + offset)  # what rounding x itself does to xhat
    np.testing.assert_allclose(batch_norm(tensor(x)).numpy(), expected, rtol=0, atol=10 * rounding)
    rows = F.layer_norm(tensor(x), (4, 8, 8)).numpy()
    expected = by_formula(x.astype(np.float64), (1, 2, 3))
    np.testing.assert_allclose(rows, expected, rtol=0, atol=10 * rounding)


# ---------------------------------------------------------------------------------- derivatives

FUNCTIONS = [
    ((5, 3), (3,), lambda x, w, b: batch_norm(x, w, b)),
    ((3, 2, 4), (2,), lambda x, w, b: batch_norm(x, w, b)),
    ((2, 3, 3, 2), (3,), lambda x, w, b: batch_norm(x, w, b)),
    ((2, 2, 2, 3, 2), (2,), lambda x, w, b: batch_norm(x, w, b)),
    ((3, 5), (5,), lambda x, w, b: F.layer_norm(x, 5, w, b)),
    ((2, 2, 3, 4), (3, 4), lambda x, w, b: F.layer_norm(x, (3, 4), w, b)),
    ((2, 4, 3, 2), (4,), lambda x, w, b: F.group_norm(x, 2, w, b)),
    ((2, 3, 4), (3,), lambda x, w, b: F.instance_norm(x, weight=w, bias=b)),
    ((3, 5), (5,), lambda x, w, b: F.rms_norm(x, 5, w) + b),
]
each_function = pytest.mark.parametrize("shape, scales, function", FUNCTIONS)


def inputs(shape, scales):
    arrays = rng.standard_normal(shape), *parameters(scales)
    return [tensor(a, requires_grad=True) for a in arrays]


@each_function
def test_gradients_of_both_orders(shape, scales, function):
    three = inputs(shape, scales)
    gradcheck(function, three)
    gradgradcheck(function, three)
    for alone in (
        lambda x: function(x, None, tensor(np.zeros(scales))),
        lambda x: function(x, three[1].detach(), three[2].detach()),
    ):
        gradcheck(alone, three[0])
        gradgradcheck(alone, three[0])
    gradcheck(lambda w, b: function(three[0].detach(), w, b), three[1:])


@each_function
def test_fused_is_the_definition(shape, scales, function):
    """create_graph traces the definition in plain operations: value and gradients agree."""
    x, weight, bias = inputs(shape, scales)
    for layout in lambda a: a, last_channel:
        a = tensor(layout(x.data), requires_grad=True)
        three = a, weight, bias
        y = function(*three)
        g = tensor(rng.standard_normal(y.shape))
        fused = autograd.grad(y, three, g, retain_graph=True)
        defined = autograd.grad(y, three, g, create_graph=True)
        for ours, expected in zip(fused, defined):
            expected = expected.detach().numpy()
            size = np.abs(expected).max()
            np.testing.assert_allclose(ours.numpy(), expected, rtol=0, atol=1e-12 * size)


@pytest.mark.parametrize("axis", [0, 1])
def test_the_gradient_loses_its_mean_and_its_part_along_xhat(axis):
    """With eps = 0, neither adding to x nor multiplying it changes y."""
    x = tensor(rng.standard_normal((8, 7)), requires_grad=True)
    by_row = lambda x: F.layer_norm(x, 7, eps=0.0)
    by_column = lambda x: F.batch_norm(x, None, None, training=True, eps=0.0)
    norm = by_row if axis == 1 else by_column
    y = norm(x)
    (gx,) = autograd.grad(y, x, tensor(rng.standard_normal(y.shape)))
    np.testing.assert_allclose(gx.numpy().sum(axis=axis), 0, atol=1e-13)
    np.testing.assert_allclose((gx.numpy() * x.data).sum(axis=axis), 0, atol=1e-13)
    np.testing.assert_allclose(norm(3 * x + 2).detach().numpy(), y.detach().numpy(), atol=1e-13)


def test_statistics_are_constants():
    x = tensor(rng.standard_normal((4, 3)), requires_grad=True)
    y, m, v = standardize.standardize_batch(x, None, None, 1e-5)
    assert y.requires_grad and not m.requires_grad and not v.requires_grad


def test_a_weight_that_is_computed_from_the_input():
    """f(x, h(x)): the definition is traced on aliases, so that no path counts twice."""
    x = tensor(rng.standard_normal((4, 3)), requires_grad=True)
    function = lambda x: batch_norm(x, (x * x).sum(axis=0), x[0])
    gradcheck(function, x)
    gradgradcheck(function, x)
    function = lambda x: F.layer_norm(x, 3, x[0], x[1])
    gradcheck(function, x)
    gradgradcheck(function, x)


# -------------------------------------------------------------------------- memory, blocks, devices


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_and_memory_order_stay(dtype):
    x = rng.standard_normal((3, 4, 5, 5)).astype(dtype)
    weight, bias = (tensor(p.astype(dtype), requires_grad=True) for p in parameters(4))
    for function in (
        lambda x: batch_norm(x, weight, bias),
        lambda x: F.group_norm(x, 2, weight, bias),
        lambda x: F.instance_norm(x, weight=weight, bias=bias),
    ):
        a = tensor(last_channel(x), requires_grad=True)
        y = function(a)
        y.backward(rng.standard_normal(y.shape).astype(dtype))
        assert {y.dtype, a.grad.dtype, weight.grad.dtype} == {np.dtype(dtype)}
        assert y.data.transpose(0, 2, 3, 1).flags.c_contiguous


@each_function
def test_blocks_do_not_matter(shape, scales, function, monkeypatch):
    arrays = rng.standard_normal(shape), *parameters(scales)

    def compute():
        three = [tensor(a, requires_grad=True) for a in arrays]
        y = function(*three)
        return [y.detach(), *autograd.grad((y * y * y).sum(), three)]

    together = compute()
    monkeypatch.setattr(blocks, "CPU_BLOCK", 1)
    for a, b in zip(together, compute()):
        size = np.abs(a.numpy()).max()
        np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=0, atol=1e-13 * size)


@each_function
def test_on_every_device(shape, scales, function, device):
    """The same values and gradients of both orders as on NumPy."""
    arrays = rng.standard_normal(shape), *parameters(scales)

    def compute(device):
        three = [tensor(a, requires_grad=True, device=device) for a in arrays]
        y = function(*three)
        first = autograd.grad((y**3).sum(), three, create_graph=True)
        second = autograd.grad(sum((g * g).sum() for g in first), three)
        return [t.detach().cpu().numpy() for t in (y, *first, *second)]

    for ours, expected in zip(compute(device), compute("cpu")):
        size = np.abs(expected).max()
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12 * size)


# -------------------------------------------------------------------------------------- errors

x = tensor(np.zeros((2, 4, 3), np.float32))
four, five = (tensor(np.zeros(n, np.float32)) for n in (4, 5))
WRONG = [
    (lambda: batch_norm(x[:1, :, :1]), r"batch_norm: .* at least two values.*\(1, 4, 1\)"),
    (lambda: batch_norm(x, five), r"weight \(5,\) must be \(4,\), for input \(2, 4, 3\)"),
    (lambda: batch_norm(x, four, five), r"bias \(5,\) must be \(4,\)"),
    (lambda: F.batch_norm(x, five, four), r"running_mean \(5,\) must be \(4,\)"),
    (lambda: F.batch_norm(x, None, None), r"without the statistics of a batch, it needs running"),
    (lambda: F.layer_norm(x, 4), r"the last axes of input \(2, 4, 3\) must be \(4,\)"),
    (lambda: F.layer_norm(x, (4, 3), four), r"weight \(4,\) must be \(4, 3\)"),
    (lambda: F.rms_norm(x, (2, 3)), r"rms_norm: the last axes of input"),
    (lambda: F.group_norm(x, 3), r"num_groups=3 must divide the 4 channels of \(2, 4, 3\)"),
    (lambda: F.instance_norm(x[:, :, :1]), r"instance_norm: .*needs at least two values"),
]


@pytest.mark.parametrize("call, message", WRONG)
def test_wrong_calls_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_dtype_that_differs():
    with pytest.raises(TypeError, match=r"input is float32, the weight float64: cast .*astype"):
        batch_norm(x, four.astype("float64"))


def test_a_channel_that_is_constant():
    """v = 0: y is the bias, and eps keeps the gradient finite."""
    x = tensor(np.full((4, 2, 3), 7.0), requires_grad=True)
    y = batch_norm(x, tensor(np.ones(2)), tensor(np.array([1.0, 2.0])))
    np.testing.assert_allclose(y.detach().numpy()[:, 1], 2.0)
    g = rng.standard_normal(y.shape)
    (gx,) = autograd.grad(y, x, tensor(g))
    expected = (g - g.mean(axis=(0, 2), keepdims=True)) / math.sqrt(1e-5)
    np.testing.assert_allclose(gx.numpy(), expected)
