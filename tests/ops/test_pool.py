"""Pooling against loops; unfold and fold against convolution; adjoints, ties, both orders."""

import itertools
import math

import numpy as np
import pytest

from minidl import autograd, tensor
from minidl.gradcheck import gradcheck, gradgradcheck
from minidl.ops import adaptive_pool, blocks, conv, pool, sliding
from minidl.ops.windows import window

rng = np.random.default_rng(0)
MAX = {1: pool.max_pool1d, 2: pool.max_pool2d, 3: pool.max_pool3d}
AVG = {1: pool.avg_pool1d, 2: pool.avg_pool2d, 3: pool.avg_pool3d}
ADAPTIVE_AVG = {d: getattr(adaptive_pool, f"adaptive_avg_pool{d}d") for d in (1, 2, 3)}
ADAPTIVE_MAX = {d: getattr(adaptive_pool, f"adaptive_max_pool{d}d") for d in (1, 2, 3)}

# size, kernel, stride, padding, dilation, ceil_mode
CASES = [
    ((7,), (2,), (2,), (0,), (1,), False),
    ((7,), (2,), (2,), (0,), (1,), True),
    ((9,), (3,), (1,), (1,), (2,), False),
    ((9,), (2,), (4,), (1,), (1,), True),  # the last place would begin in the padding
    ((4, 6), (2, 2), (2, 2), (0, 0), (1, 1), False),
    ((5, 7), (2, 3), (2, 3), (0, 0), (1, 1), False),
    ((5, 7), (2, 3), (2, 3), (1, 1), (1, 1), True),
    ((6, 7), (3, 3), (2, 2), (1, 1), (1, 1), False),
    ((6, 7), (3, 2), (1, 3), (1, 0), (1, 2), True),
    ((4, 5), (4, 5), (1, 1), (0, 0), (1, 1), False),
    ((3, 3), (1, 1), (2, 2), (0, 0), (1, 1), False),
    ((4, 5, 4), (2, 2, 3), (2, 1, 3), (1, 0, 1), (1, 2, 1), True),
]
each_case = pytest.mark.parametrize("size, kernel, stride, padding, dilation, ceil", CASES)


def ranges(size, kernel, stride, padding, dilation, ceil):
    """For each axis and each place on it, the indices seen, also those beyond the ends."""
    axes = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        reach, begins, begin = d * (k - 1), [], -p
        while begin + reach < n + p:
            begins.append(begin)
            begin += s
        if ceil and begins[-1] + reach < n + p - 1 and begin < n:
            begins.append(begin)
        axes.append([range(begin, begin + reach + 1, d) for begin in begins])
    return axes


def places_of(axes):
    """Each place, with the indices that it sees."""
    for place in np.ndindex(*map(len, axes)):
        yield place, [*itertools.product(*(axis[o] for axis, o in zip(axes, place)))]


def within(index, size, padding=None):
    padding = padding or (0,) * len(size)
    return all(-p <= i < n + p for i, n, p in zip(index, size, padding))


def last_channel(x):
    """The same values with the channels last in memory."""
    return np.ascontiguousarray(np.moveaxis(x, 1, -1)).transpose(0, -1, *range(1, x.ndim - 1))


# ------------------------------------------------------------------------------------- values


@each_case
def test_max_pool_is_its_definition(size, kernel, stride, padding, dilation, ceil):
    x = rng.standard_normal((3, 2, *size)) - 3  # below zero: the padding must not win
    axes = ranges(size, kernel, stride, padding, dilation, ceil)
    how = kernel, stride, padding, dilation, ceil
    for given in x, last_channel(x), x[::-1].copy()[::-1]:
        y, index = MAX[len(size)](tensor(given), *how, return_indices=True)
        assert y.shape == index.shape == (3, 2, *map(len, axes))
        for place, seen in places_of(axes):
            seen = [i for i in seen if within(i, size)]
            values = np.stack([x[(..., *i)] for i in seen])
            np.testing.assert_array_equal(y.numpy()[(..., *place)], values.max(axis=0))
            first = [np.ravel_multi_index(seen[k], size) for k in values.argmax(axis=0).ravel()]
            np.testing.assert_array_equal(index.numpy()[(..., *place)].ravel(), first)
        np.testing.assert_array_equal(MAX[len(size)](given, *how), y.numpy())  # arrays to arrays


@each_case
@pytest.mark.parametrize("include", [True, False])
def test_avg_pool_is_its_definition(size, kernel, stride, padding, dilation, ceil, include):
    x = rng.standard_normal((2, 3, *size))
    axes = ranges(size, kernel, stride, padding, (1,) * len(size), ceil)
    y = AVG[len(size)](tensor(x), kernel, stride, padding, ceil, include).numpy()
    assert y.shape == (2, 3, *map(len, axes))
    for place, seen in places_of(axes):
        total = sum(x[(..., *i)] for i in seen if within(i, size))
        count = sum(within(i, size, padding if include else None) for i in seen)
        np.testing.assert_allclose(y[(..., *place)], total / count, rtol=1e-13)
        if len(size) > 1:
            fifth = AVG[len(size)](x, kernel, stride, padding, ceil, include, 5)
            np.testing.assert_allclose(fifth[(..., *place)], total / 5, rtol=1e-13)


@pytest.mark.parametrize(
    "size, bins",
    [((7,), 3), ((5,), 7), ((6, 8), (3, 2)), ((5, 7), (3, 7)), ((6, 7), 1), ((4, 3, 5), (3, 2, 5))],
)
def test_adaptive_pools_are_their_definition(size, bins):
    x = rng.standard_normal((2, 3, *size))
    counts = bins if isinstance(bins, tuple) else (bins,) * len(size)
    axes = [
        [range(math.floor(i * n / o), math.ceil((i + 1) * n / o)) for i in range(o)]
        for n, o in zip(size, counts)
    ]
    mean = ADAPTIVE_AVG[len(size)](tensor(x), bins).numpy()
    y, index = ADAPTIVE_MAX[len(size)](tensor(x), bins, return_indices=True)
    assert mean.shape == y.shape == index.shape == (2, 3, *counts)
    for place, seen in places_of(axes):
        values = np.stack([x[(..., *i)] for i in seen])
        np.testing.assert_allclose(mean[(..., *place)], values.mean(axis=0), rtol=1e-13)
        np.testing.assert_array_equal(y.numpy()[(..., *place)], values.max(axis=0))
        first = [np.ravel_multi_index(seen[k], size) for k in values.argmax(axis=0).ravel()]
        np.testing.assert_array_equal(index.numpy()[(..., *place)].ravel(), first)


def test_none_leaves_an_axis_as_it_is():
    x = rng.standard_normal((2, 3, 4, 5))
    y = adaptive_pool.adaptive_avg_pool2d(x, (None, 1))
    np.testing.assert_allclose(y, x.mean(axis=3, keepdims=True))
    np.testing.assert_array_equal(adaptive_pool.adaptive_max_pool2d(x, (4, None)), x)


WITHOUT_BATCH = [
    lambda x: pool.max_pool2d(x, 2),
    lambda x: pool.max_pool2d(x, 2, return_indices=True)[1],
    lambda x: pool.avg_pool2d(x, 2),
    lambda x: pool.unfold(x, 2),
    lambda x: adaptive_pool.adaptive_avg_pool2d(x, 3),
    lambda x: adaptive_pool.adaptive_max_pool2d(x, 3),
]


@pytest.mark.parametrize("function", WITHOUT_BATCH)
def test_an_input_without_batch(function):
    x = rng.standard_normal((3, 5, 5))
    np.testing.assert_array_equal(function(x), function(x[None])[0])


# -------------------------------------------------------------------------------- unfold and fold


@each_case
def test_unfold_is_the_matrix_of_a_convolution(size, kernel, stride, padding, dilation, ceil):
    x, weight = rng.standard_normal((2, 3, *size)), rng.standard_normal((4, 3, *kernel))
    function = {1: conv.conv1d, 2: conv.conv2d, 3: conv.conv3d}[len(size)]
    y = function(x, weight, None, stride, padding, dilation)
    columns = pool.unfold(x, kernel, dilation, padding, stride)
    np.testing.assert_allclose((weight.reshape(4, -1) @ columns).reshape(y.shape), y, atol=1e-13)


@each_case
def test_adjoints(size, kernel, stride, padding, dilation, ceil):
    """<A x, z> = <x, A* z> for unfold, for the sum and for the choice of taps."""
    x = rng.standard_normal((2, 3, *size))
    columns = pool.unfold(x, kernel, dilation, padding, stride)
    z = rng.standard_normal(columns.shape)
    back = pool.fold(z, size, kernel, dilation, padding, stride)
    assert math.isclose(np.vdot(columns, z), np.vdot(x, back))

    seen = window("pool", kernel, stride, padding, dilation)
    total = sliding.window_sum(x, seen)
    z = rng.standard_normal(total.shape)
    assert math.isclose(np.vdot(total, z), np.vdot(x, sliding.window_spread(z, size, seen)))
    taps = rng.integers(0, math.prod(kernel), total.shape)
    chosen = sliding.at_taps(x, taps, seen)
    assert math.isclose(np.vdot(chosen, z), np.vdot(x, sliding.to_taps(z, taps, size, seen)))


def test_fold_of_unfold_counts_the_places():
    """Each element comes back as often as it was seen."""
    ones = np.ones((1, 1, 3, 4))
    back = pool.fold(pool.unfold(ones, 2), (3, 4), 2)
    np.testing.assert_array_equal(back[0, 0], [[1, 2, 2, 1], [2, 4, 4, 2], [1, 2, 2, 1]])


# ---------------------------------------------------------------------------------- derivatives


@each_case
def test_gradients_of_both_orders(size, kernel, stride, padding, dilation, ceil):
    count = 2 * math.prod(size)
    x = rng.permutation(count).reshape(2, 1, *size) / count  # no two within a step of each other
    x = tensor(x, requires_grad=True)
    d = len(size)
    for function in (
        lambda x: MAX[d](x, kernel, stride, padding, dilation, ceil) ** 2,
        lambda x: AVG[d](x, kernel, stride, padding, ceil, False) ** 2,
        lambda x: pool.unfold(x, kernel, dilation, padding, stride) ** 2,
        lambda x: ADAPTIVE_AVG[d](x, 2) ** 2,
        lambda x: ADAPTIVE_MAX[d](x, 2) ** 2,
    ):
        gradcheck(function, x)
        gradgradcheck(function, x)


def test_gradients_of_fold():
    z = tensor(rng.standard_normal((2, 12, 6)), requires_grad=True)
    function = lambda z: pool.fold(z, (3, 4), 2) ** 2
    gradcheck(function, z)
    gradgradcheck(function, z)


@pytest.mark.parametrize("kernel, stride", [(2, 2), (3, 1), (3, 2)])
def test_of_equal_elements_the_first_has_the_gradient(kernel, stride):
    x = tensor(np.ones((1, 1, 5, 5)), requires_grad=True)
    y, index = pool.max_pool2d(x, kernel, stride, return_indices=True)
    y.sum().backward()
    n = y.shape[-1]
    corners = [5 * stride * i + stride * j for i in range(n) for j in range(n)]
    np.testing.assert_array_equal(index.numpy().ravel(), corners)
    expected = np.bincount(corners, minlength=25).reshape(5, 5)
    np.testing.assert_array_equal(x.grad.numpy()[0, 0], expected)


def test_a_bin_that_repeats_its_last_element_takes_it_once():
    x = tensor(np.array([[[1.0, 2.0, 3.0, 4.0, 5.0]]]), requires_grad=True)
    adaptive_pool.adaptive_max_pool1d(x, 3).sum().backward()  # bins 0..1, 1..3, 3..4
    np.testing.assert_array_equal(x.grad.numpy(), [[[0, 1, 0, 1, 1]]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_and_memory_order_stay(dtype):
    x = rng.standard_normal((2, 4, 6, 6)).astype(dtype)
    for function in (
        lambda x: pool.max_pool2d(x, 2),
        lambda x: pool.avg_pool2d(x, 3, 2, 1, True, False),
    ):
        a, b = (tensor(v, requires_grad=True) for v in (last_channel(x), x))
        y = function(a)
        assert y.data.transpose(0, 2, 3, 1).flags.c_contiguous
        y.sum().backward()
        function(b).sum().backward()
        assert y.dtype == a.grad.dtype == dtype
        np.testing.assert_array_equal(a.grad.numpy(), b.grad.numpy())


def test_the_gradient_of_the_maximum_is_in_memory_as_the_input():
    """Even if what arrives is not, as from a Flatten: the operations before it run faster so."""
    x = tensor(last_channel(rng.standard_normal((2, 4, 6, 6))), requires_grad=True)
    y = pool.max_pool2d(x, 2)
    y.backward(np.ones(y.shape))
    assert x.grad.data.transpose(0, 2, 3, 1).flags.c_contiguous


def test_a_window_of_more_than_256_taps():
    x = rng.standard_normal((2, 1, 20, 20))
    y, index = pool.max_pool2d(tensor(x, requires_grad=True), 20, return_indices=True)
    np.testing.assert_array_equal(index.numpy().ravel(), x.reshape(2, -1).argmax(axis=1))


def test_an_empty_batch():
    x = tensor(np.zeros((0, 2, 4, 4)), requires_grad=True)
    (pool.max_pool2d(x, 2).sum() + pool.avg_pool2d(x, 2).sum()).backward()
    assert x.grad.shape == x.shape


def test_blocks_do_not_matter(monkeypatch):
    x = rng.standard_normal((7, 2, 6, 6))
    compute = lambda: [
        *pool.max_pool2d(x, 3, 2, 1, return_indices=True),
        pool.avg_pool2d(x, 3, 2, 1),
        sliding.window_spread(x, (8, 8), window("pool", (3, 3), 1, 0, 1)),
        sliding.to_taps(x, x > 0, (8, 8), window("pool", (3, 3), 1, 0, 1)),
    ]
    together = compute()
    monkeypatch.setattr(blocks, "CPU_BLOCK", 1)
    for a, b in zip(together, compute()):
        np.testing.assert_array_equal(a, b)


def test_on_every_device(device):
    """The same values and gradients of both orders as on NumPy."""
    x = rng.permutation(2 * 2 * 5 * 7).reshape(2, 2, 5, 7) / 140

    def compute(device):
        a = tensor(x, requires_grad=True, device=device)
        y, index = pool.max_pool2d(a, 2, 2, 1, return_indices=True)
        parts = [y, pool.avg_pool2d(a, 3, 2, 1, True, False), pool.unfold(a, 2)]
        parts += [adaptive_pool.adaptive_avg_pool2d(a, 3), adaptive_pool.adaptive_max_pool2d(a, 3)]
        loss = sum((part**3).sum() for part in parts)
        (first,) = autograd.grad(loss, a, create_graph=True)
        (second,) = autograd.grad((first * first).sum(), a)
        return [t.detach().cpu().numpy() for t in (index, *parts, first, second)]

    for ours, expected in zip(compute(device), compute("cpu")):
        np.testing.assert_allclose(ours, expected, rtol=1e-12)


# -------------------------------------------------------------------------------------- errors

x = np.zeros((2, 3, 8, 8), np.float32)
WRONG = [
    (lambda: pool.max_pool2d(x[0, 0], 2), r"max_pool2d: input must be \(N, C, H, W\).* \(8, 8\)"),
    (lambda: pool.max_pool2d(x, 9), r"kernel of 9 with dilation 1 spans 9 .*: pad more, or take"),
    (lambda: pool.max_pool2d(x, 2, padding=2), r"padding 2 is more than half of kernel \(2, 2\)"),
    (
        lambda: pool.avg_pool2d(x, (2, 2, 2)),
        r"kernel_size must be .* or 2 of them, not \(2, 2, 2\)",
    ),
    (lambda: pool.avg_pool2d(x, 2, 0), r"stride must be a whole number from 1 on"),
    (lambda: adaptive_pool.adaptive_avg_pool2d(x, 0), r"output_size must be a whole number from 1"),
    (lambda: adaptive_pool.adaptive_max_pool2d(x, (1, 2, 3)), r"output_size .* \(1, 2, 3\)"),
    (lambda: pool.unfold(x, 9), r"unfold: a kernel of 9"),
    (
        lambda: pool.fold(x[0], (8, 8), 2),
        r"fold: input must be \(N, C \* 4, 49\), not \(3, 8, 8\): a kernel \(2, 2\) has 4 elements",
    ),
]


@pytest.mark.parametrize("call, message", WRONG)
def test_wrong_calls_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
