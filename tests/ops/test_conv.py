"""Convolution against loops, NumPy and SciPy; its adjoints by their identities; both orders."""

import itertools
import math

import numpy as np
import pytest
import scipy.signal

from minidl import autograd, tensor
from minidl.gradcheck import gradcheck, gradgradcheck
from minidl.ops import blocks, conv, correlation
from minidl.ops.correlation import correlation_input, correlation_weight
from minidl.ops.windows import Window, window

rng = np.random.default_rng(0)
CONV = {1: conv.conv1d, 2: conv.conv2d, 3: conv.conv3d}
TRANSPOSED = {1: conv.conv_transpose1d, 2: conv.conv_transpose2d, 3: conv.conv_transpose3d}

# size, channels in and out, kernel, stride, padding, dilation, groups
CASES = [
    ((7,), 1, 1, (3,), (1,), (0,), (1,), 1),
    ((9,), 4, 6, (2,), (3,), (1,), (2,), 2),
    ((6,), 5, 5, (3,), (4,), (0,), (1,), 5),
    ((5, 6), 1, 3, (3, 3), (1, 1), (1, 1), (1, 1), 1),
    ((5, 6), 3, 1, (3, 2), (1, 1), (0, 1), (1, 1), 1),
    ((7, 5), 5, 4, (3, 3), (2, 1), (1, 2), (1, 2), 1),
    ((5, 6), 2, 3, (1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((5, 6), 8, 3, (1, 1), (2, 3), (1, 0), (1, 1), 1),
    ((6, 7), 8, 4, (3, 3), (1, 1), (1, 1), (1, 1), 2),
    ((6, 7), 4, 8, (3, 3), (1, 1), (1, 1), (2, 1), 4),
    ((4, 5), 4, 2, (4, 5), (1, 1), (0, 0), (1, 1), 1),
    ((4, 4), 5, 2, (2, 2), (3, 3), (0, 0), (1, 1), 1),
    ((3, 3), 2, 2, (2, 2), (1, 1), (3, 3), (1, 1), 1),
    ((4, 3, 5), 2, 3, (2, 3, 2), (1, 1, 1), (1, 1, 0), (1, 1, 1), 1),
    ((4, 5, 4), 4, 2, (2, 2, 3), (2, 1, 3), (0, 1, 1), (2, 1, 1), 2),
]
each_case = pytest.mark.parametrize("size, c, f, kernel, stride, padding, dilation, groups", CASES)


def by_loops(x, weight, stride, padding, dilation, groups):
    """The definition, an element at a time."""
    kernel, d = weight.shape[2:], weight.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    places = [
        range(0, n - q * (k - 1), s) for n, k, s, q in zip(x.shape[2:], kernel, stride, dilation)
    ]
    f, c = weight.shape[:2]
    y = np.zeros((len(x), f, *map(len, places)))
    for image, i in np.ndindex(len(x), f):
        first = i // (f // groups) * c  # the group's first channel
        for place in np.ndindex(*y.shape[2:]):
            for j, *tap in np.ndindex(c, *kernel):
                at = tuple(o * s + k * q for o, s, k, q in zip(place, stride, tap, dilation))
                y[(image, i, *place)] += weight[(i, j, *tap)] * x[(image, first + j, *at)]
    assert d == len(places)
    return y


def draw(size, c, f, kernel, groups, n=3, dtype=np.float64):
    """An input, a weight and a bias."""
    shapes = (n, c, *size), (f, c // groups, *kernel), (f,)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


# ------------------------------------------------------------------------------------- values


@each_case
def test_conv_is_its_definition(size, c, f, kernel, stride, padding, dilation, groups):
    x, weight, bias = draw(size, c, f, kernel, groups)
    expected = by_loops(x, weight, stride, padding, dilation, groups)
    function = CONV[len(size)]
    y = function(tensor(x), tensor(weight), None, stride, padding, dilation, groups)
    np.testing.assert_allclose(y.numpy(), expected, rtol=0, atol=1e-13)
    with_bias = function(x, weight, bias, stride, padding, dilation, groups)  # arrays to arrays
    expected += bias.reshape(-1, *[1] * len(size))
    np.testing.assert_allclose(with_bias, expected, rtol=0, atol=1e-13)


@each_case
def test_the_three_are_one_form(size, c, f, kernel, stride, padding, dilation, groups):
    """<correlation(x, w), z> = <x, correlation_input(z, w)> = <w, correlation_weight(x, z)>."""
    x, weight, _ = draw(size, c, f, kernel, groups)
    sliding = window("conv", kernel, stride, padding, dilation)
    z = rng.standard_normal((3, f, *sliding.places(size)))
    form = np.vdot(correlation.correlation(x, weight, None, sliding, groups), z)
    assert math.isclose(form, np.vdot(x, correlation_input(z, weight, size, sliding, groups)))
    assert math.isclose(form, np.vdot(weight, correlation_weight(x, z, sliding, groups)))


@each_case
def test_the_reversed_window_gives_what_the_taps_give(
    size, c, f, kernel, stride, padding, dilation, groups, monkeypatch
):
    _, weight, _ = draw(size, c, f, kernel, groups)
    sliding = window("conv", kernel, stride, padding, dilation)
    z = rng.standard_normal((3, f, *sliding.places(size)))
    x = correlation_input(z, weight, size, sliding, groups)
    monkeypatch.setattr(correlation, "_reversed", lambda window: None)
    by_taps = correlation_input(z, weight, size, sliding, groups)
    np.testing.assert_allclose(x, by_taps, rtol=0, atol=1e-13)


@each_case
def test_conv_transpose_is_the_adjoint_of_conv(
    size, c, f, kernel, stride, padding, dilation, groups
):
    """For every output_padding: these sizes, and only these, give z's."""
    _, weight, bias = draw(size, c, f, kernel, groups)
    sliding = window("conv", kernel, stride, padding, dilation)
    z = rng.standard_normal((3, f, *sliding.places(size)))
    sizes = set()
    for extra in itertools.product(*map(range, stride)):
        how = stride, padding, extra, groups, dilation
        y = TRANSPOSED[len(size)](z, weight, None, *how)
        x = rng.standard_normal(y.shape)
        again = CONV[len(size)](x, weight, None, stride, padding, dilation, groups)
        assert again.shape == z.shape
        assert math.isclose(np.vdot(y, x), np.vdot(z, again))
        shift = rng.standard_normal(c)
        moved = TRANSPOSED[len(size)](z, weight, shift, *how)
        np.testing.assert_allclose(moved, y + shift.reshape(-1, *[1] * len(size)))
        sizes.add(y.shape[2:])
    assert size in sizes and len(sizes) == math.prod(stride)


@pytest.mark.parametrize("kernel", [(3, 3), (2, 3), (4, 1)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_padding(kernel, dilation):
    """As many places as elements; if an odd number of zeros is needed, the end gets one more."""
    x, weight, _ = draw((6, 5), 2, 3, kernel, 1)
    reach = [dilation * (k - 1) for k in kernel]
    padded = np.pad(x, [(0, 0), (0, 0), *((r // 2, r - r // 2) for r in reach)])
    y = conv.conv2d(x, weight, padding="same", dilation=dilation)
    assert y.shape == (3, 3, 6, 5)
    np.testing.assert_allclose(y, conv.conv2d(padded, weight, dilation=dilation))
    np.testing.assert_array_equal(
        conv.conv2d(x, weight, padding="valid"), conv.conv2d(x, weight, padding=0)
    )


def test_an_input_without_batch():
    x, weight, bias = draw((5, 6), 4, 3, (3, 3), 1, n=1)
    y = conv.conv2d(x, weight, bias, padding=1)
    np.testing.assert_array_equal(conv.conv2d(x[0], weight, bias, padding=1), y[0])
    z = conv.conv_transpose2d(y, weight, stride=2)
    np.testing.assert_array_equal(conv.conv_transpose2d(y[0], weight, stride=2), z[0])


def test_an_empty_batch():
    weight = tensor(rng.standard_normal((3, 4, 3, 3)), requires_grad=True)
    x = tensor(np.zeros((0, 4, 5, 5)), requires_grad=True)
    y = conv.conv2d(x, weight)
    assert y.shape == (0, 3, 3, 3)
    y.sum().backward()
    assert x.grad.shape == x.shape
    np.testing.assert_array_equal(weight.grad.numpy(), np.zeros(weight.shape))


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (0, 2, 3, 1), (3, 2, 1, 0)])
@pytest.mark.parametrize("c", [2, 8])
def test_any_layout_of_the_input(axes, c):
    """The order of the axes in memory, and steps in them, do not matter to the values."""
    x, weight, _ = draw((8, 6), c, 3, (3, 3), 1, n=4)
    z = rng.standard_normal((4, 3, 4, 3))
    strange = x.transpose(axes).copy().transpose(np.argsort(axes))
    assert strange.strides != x.strides or axes == (0, 1, 2, 3)
    sliding = window("conv", (3, 3), 2, 1, 1)
    for a, b in (x, strange), (x[::2, :, ::-1], strange[::2, :, ::-1]):
        y = correlation.correlation(b, weight, None, sliding, 1)
        np.testing.assert_allclose(correlation.correlation(a, weight, None, sliding, 1), y)
        expected = correlation_weight(a, z[: len(a)], sliding, 1)
        np.testing.assert_allclose(correlation_weight(b, z[: len(a)], sliding, 1), expected)
    turned = z.transpose(axes).copy().transpose(np.argsort(axes))
    expected = correlation_input(z, weight, (8, 6), sliding, 1)
    np.testing.assert_allclose(correlation_input(turned, weight, (8, 6), sliding, 1), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_stays_and_channels_are_last_in_memory(dtype):
    x, weight, bias = (
        tensor(a, requires_grad=True) for a in draw((6, 6), 4, 5, (3, 3), 1, 2, dtype)
    )
    y = conv.conv2d(x, weight, bias, padding=1)
    assert y.dtype == dtype
    assert y.data.transpose(0, 2, 3, 1).flags.c_contiguous
    y.sum().backward()
    assert {x.grad.dtype, weight.grad.dtype, bias.grad.dtype} == {np.dtype(dtype)}
    assert weight.grad.data.flags.c_contiguous  # as the weight, which an optimiser adds it to


# ---------------------------------------------------------------------------------- derivatives


@each_case
def test_gradients_of_both_orders(size, c, f, kernel, stride, padding, dilation, groups):
    inputs = [tensor(a, requires_grad=True) for a in draw(size, c, f, kernel, groups, n=2)]
    function = lambda *three: CONV[len(size)](*three, stride, padding, dilation, groups)
    gradcheck(function, inputs)
    gradgradcheck(function, inputs)


@each_case
def test_gradients_of_the_transposed(size, c, f, kernel, stride, padding, dilation, groups):
    _, weight, _ = draw(size, c, f, kernel, groups)
    sliding = window("conv", kernel, stride, padding, dilation)
    z = rng.standard_normal((2, f, *sliding.places(size)))
    inputs = [tensor(a, requires_grad=True) for a in (z, weight, rng.standard_normal(c))]
    function = lambda *three: TRANSPOSED[len(size)](*three, stride, padding, 0, groups, dilation)
    gradcheck(function, inputs)
    gradgradcheck(function, inputs)


def test_an_input_that_is_its_own_kernel():
    x = tensor(rng.standard_normal((3, 3, 4, 4)), requires_grad=True)
    function = lambda x: conv.conv2d(x, x, padding=2)
    gradcheck(function, (x,))
    gradgradcheck(function, (x,))


def test_a_third_derivative():
    """(d/dt)^3 of sum conv(x, w + t v)^3 is 6 sum conv(x, v)^3."""
    x, w, _ = draw((5, 4), 2, 2, (3, 2), 1)
    v = rng.standard_normal(w.shape)
    t = tensor(0.3, requires_grad=True, dtype="float64")
    y = (conv.conv2d(x, w + t * v, padding=1) ** 3).sum()
    for _ in range(3):
        (y,) = autograd.grad(y, t, create_graph=True)
    assert math.isclose(y.item(), 6 * (conv.conv2d(x, v, padding=1) ** 3).sum())


@pytest.mark.parametrize("c, stride, groups", [(1, 1, 1), (8, 1, 2), (8, 2, 1)])
def test_on_every_device(device, c, stride, groups):
    """The same gradients of both orders as on NumPy."""
    arrays = draw((6, 7), c, 4, (3, 2), groups)

    def gradients(device):
        inputs = [tensor(a, requires_grad=True, device=device) for a in arrays]
        y = (conv.conv2d(*inputs, stride, 1, 1, groups) ** 3).sum()
        first = autograd.grad(y, inputs, create_graph=True)
        second = autograd.grad(sum((g * g).sum() for g in first), inputs)
        return [g.detach().cpu().numpy() for g in (*first, *second)]

    for ours, expected in zip(gradients(device), gradients("cpu")):
        # a number that is what is left of large ones has their rounding
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-14 * abs(expected).max())


# -------------------------------------------------------------------------- blocks and threads


class _Blas:
    """A BLAS with three threads, that notes what it was told."""

    def __init__(self):
        self.told = []

    def threads(self):
        return 3

    def set_threads(self, number):
        self.told.append(number)


@pytest.fixture
def three_threads(monkeypatch):
    blas = _Blas()
    monkeypatch.setattr(blocks, "_blas", blas)
    monkeypatch.setattr(blocks, "CPU_BLOCK", 1)  # an image a block
    monkeypatch.setattr(blocks, "SHARE", 1)
    monkeypatch.setattr(blocks, "SHARE_OF_PRODUCTS", 1)
    return blas


@pytest.mark.parametrize("groups", [1, 2])
def test_blocks_and_threads_do_not_matter(groups, three_threads, monkeypatch):
    x, weight, bias = draw((6, 6), 8, 4, (3, 3), groups, n=8)
    sliding = window("conv", (3, 3), 2, 1, 1)
    z = rng.standard_normal((8, 4, *sliding.places((6, 6))))
    compute = lambda: (
        correlation.correlation(x, weight, bias, sliding, groups),
        correlation_input(z, weight, (6, 6), sliding, groups),
        correlation_weight(x, z, sliding, groups),
    )
    shared = compute()
    assert three_threads.told == [1, 3] * 3
    for a, b in zip(shared, compute()):
        np.testing.assert_array_equal(a, b)  # the same bits each time
    monkeypatch.undo()
    for a, b in zip(shared, compute()):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-13)


@each_case
def test_strips_of_an_image_do_not_matter(
    size, c, f, kernel, stride, padding, dilation, groups, monkeypatch
):
    x, weight, bias = draw(size, c, f, kernel, groups, n=2)
    sliding = window("conv", kernel, stride, padding, dilation)
    z = rng.standard_normal((2, f, *sliding.places(size)))
    together = (
        correlation.correlation(x, weight, bias, sliding, groups),
        correlation_weight(x, z, sliding, groups),
    )
    monkeypatch.setattr(blocks, "CPU_BLOCK", 1)  # a row of places at a time
    y = correlation.correlation(x, weight, bias, sliding, groups)
    np.testing.assert_allclose(y, together[0], rtol=0, atol=1e-13)
    w = correlation_weight(x, z, sliding, groups)
    np.testing.assert_allclose(w, together[1], rtol=0, atol=1e-13)


def test_an_error_in_a_thread_arrives_and_blas_is_let_go(three_threads):
    def work(share):
        if share[0].start == 1:  # not the caller's own share
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        blocks.in_blocks(work, 6, 1, np.zeros(1))
    assert three_threads.told == [1, 3]


def test_work_within_work_stays_in_its_thread(three_threads):
    inner = lambda share: blocks.in_blocks(lambda s: [b.start for b in s], 3, 1, np.zeros(1))
    result = blocks.in_blocks(inner, 3, 1, np.zeros(1))
    assert result == [[[0], [1], [2]]] * 3
    assert three_threads.told == [1, 3]


def test_little_work_is_not_shared(three_threads, monkeypatch):
    monkeypatch.setattr(blocks, "SHARE", 100)
    monkeypatch.setattr(blocks, "SHARE_OF_PRODUCTS", 10)
    number = lambda *how: len(blocks.in_blocks(len, 8, *how))
    assert [number(each, np.zeros(1)) for each in (12, 13, 24, 25, 1000)] == [1, 2, 2, 3, 3]
    assert [number(each, np.zeros(1), True) for each in (1, 2, 3)] == [1, 2, 3]


def test_blas_is_held_and_let_go():
    """NumPy's own wheels bring OpenBLAS."""
    before = blocks._blas.threads()
    blocks._blas.set_threads(1)
    assert blocks._blas.threads() == 1
    blocks._blas.set_threads(before)
    assert blocks._blas.threads() == before >= 1


def test_every_example_is_in_one_block():
    for count, each in itertools.product([0, 1, 2, 5, 64], [0, 1, 1 << 18, 1 << 20, 1 << 24]):
        shares = blocks.in_blocks(lambda share: share, count, each, np.zeros(1))
        seen = [i for share in shares for block in share for i in range(count)[block]]
        assert sorted(seen) == list(range(count))


# --------------------------------------------------------------------------- true convolution


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_sequences_as_numpy(mode):
    for m, n in itertools.product(range(1, 7), repeat=2):
        a, v = rng.standard_normal(m), rng.standard_normal(n)
        for ours, theirs in (conv.convolve, np.convolve), (conv.correlate, np.correlate):
            y, expected = ours(tensor(a), tensor(v), mode).numpy(), theirs(a, v, mode)
            assert y.shape == expected.shape
            np.testing.assert_allclose(y, expected, rtol=0, atol=1e-14)
    assert np.array_equal(
        np.convolve(tensor(a), tensor(v), mode).numpy(), conv.convolve(a, v, mode)
    )


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 2), (4, 4)])
def test_images_as_scipy(mode, shape):
    a, v = rng.standard_normal((4, 5)), rng.standard_normal(shape)
    expected = scipy.signal.convolve2d(a, v, mode)
    y = conv.convolve2d(tensor(a), tensor(v), mode).numpy()
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-14)


def test_convolution_is_cross_correlation_with_the_kernel_turned():
    a, v = rng.standard_normal((6, 7)), rng.standard_normal((3, 2))
    turned = v[::-1, ::-1][None, None]
    np.testing.assert_allclose(
        conv.convolve2d(a, v, "valid"), conv.conv2d(a[None, None], turned)[0, 0], rtol=0, atol=1e-14
    )
    b = rng.standard_normal(5)
    np.testing.assert_allclose(conv.convolve(a[0], b), conv.convolve(b, a[0]))  # it commutes
    assert not np.allclose(conv.correlate(a[0], b, "full"), conv.correlate(b, a[0], "full"))


def test_gradients_of_true_convolution():
    a, v = (tensor(rng.standard_normal(n), requires_grad=True) for n in (5, 3))
    for mode in ("full", "same", "valid"):
        gradcheck(lambda a, v, mode=mode: conv.convolve(a, v, mode), (a, v))
        gradgradcheck(lambda a, v, mode=mode: conv.correlate(a, v, mode), (a, v))
    a, v = (tensor(rng.standard_normal(n), requires_grad=True) for n in ((4, 5), (3, 2)))
    gradgradcheck(lambda a, v: conv.convolve2d(a, v, "same"), (a, v))


# -------------------------------------------------------------------------------------- errors

x, w = np.zeros((2, 3, 8, 8), np.float32), np.zeros((4, 3, 3, 3), np.float32)
WRONG = [
    (lambda: conv.conv2d(x[0, 0], w), r"conv2d: input must be \(N, C, H, W\).*not \(8, 8\)"),
    (lambda: conv.conv2d(x, w[0]), r"weight must be \(F, C / groups, \*kernel\), not \(3, 3, 3\)"),
    (lambda: conv.conv2d(x[:, :2], w), r"\(2, 2, 8, 8\) has 2 channels, but weight .* is for 3"),
    (lambda: conv.conv2d(x, w, groups=3), r"groups=3 must divide F, but weight is \(4, 3, 3, 3\)"),
    (lambda: conv.conv2d(x, w, groups=0), r"groups must be a whole number from 1 on, not 0"),
    (lambda: conv.conv2d(x, w, x[0, 0, 0]), r"bias \(8,\) must be \(4,\), as weight is"),
    (lambda: conv.conv2d(x, w, stride=0), r"stride must be a whole number from 1 on, or 2 of them"),
    (lambda: conv.conv2d(x, w, stride=(1, 2, 3)), r"or 2 of them, not \(1, 2, 3\)"),
    (lambda: conv.conv2d(x, w, padding=0.5), r"padding must be a whole number from 0 on"),
    (lambda: conv.conv2d(x, w, padding="full"), r"padding must be .*, not 'full'"),
    (lambda: conv.conv2d(x, w, padding="same", stride=2), r"padding='same' needs stride 1"),
    (
        lambda: conv.conv2d(x, w, dilation=4),
        r"kernel of 3 with dilation 4 spans 9 elements, but the axis of 8 has 8 with its padding",
    ),
    (lambda: conv.conv_transpose2d(x, w), r"has 3 channels; there must be 4, as in weight"),
    (
        lambda: conv.conv_transpose2d(x[:, :1].repeat(4, 1), w, stride=2, output_padding=2),
        r"output_padding \(2, 2\) must be below stride \(2, 2\)",
    ),
    (
        lambda: conv.conv_transpose2d(x[:, :1].repeat(4, 1), w, padding=6),
        r"the result would have axes \(-2, -2\): there is too much padding",
    ),
    (lambda: conv.convolve(x, x), r"convolve: inputs need 1 axes and elements, not \(2, 3, 8, 8\)"),
    (lambda: conv.convolve(w[0, 0, 0], w[0, 0, 0], "wide"), r"mode must be 'full', 'same' or"),
]


@pytest.mark.parametrize("call, message", WRONG)
def test_wrong_calls_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_dtype_that_differs():
    with pytest.raises(TypeError, match=r"input is float64, the weight float32: cast .*astype"):
        conv.conv2d(x.astype(np.float64), w)


def test_the_window_says_where_it_is():
    """The drawing at the head of windows.py."""
    sliding = Window((3,), (2,), ((1, 1),), (1,))
    assert sliding.places((7,)) == (4,)
    padded = sliding.pad(np.arange(7.0)[None, :, None], first=1, value=np.nan)
    views = sliding.views(padded, (4,))[0, ..., 0]
    drawn = [[np.nan, 0, 1], [1, 2, 3], [3, 4, 5], [5, 6, np.nan]]
    np.testing.assert_array_equal(views, drawn)
    for k, (seen,) in enumerate(sliding.taps((4,))):
        np.testing.assert_array_equal(padded[0, seen, 0], views[:, k])
