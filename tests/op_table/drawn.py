"""Further calls, which hypothesis draws: shapes, axes, indices and windows that nobody thought of.

A family's file says so itself where all its rows are drawn alike; here is what each needs to have
drawn in a way of its own.
"""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

from minidl.ops.windows import window

from .row import Case, between, case, distinct, either_sign, generator, normal, on_grid, values

DRAWN: dict[str, st.SearchStrategy] = {}  # name of an operation -> its calls


def calls(*names):
    """Decorates what makes a call of the operations of these names from choices."""

    def register(build):
        DRAWN.update(dict.fromkeys(names, st.composite(build)()))
        return build

    return register


# ------------------------------------------------------------------------------------ choices


def new(choose, shape, draw=normal):
    """Numbers that depend on the shape and on a choice."""
    return draw(generator(shape, choose(st.integers(0, 999))), tuple(shape))


def lengths(choose, low=1, high=3, least=1, most=3):
    """A shape of `low` to `high` axes, `least` to `most` long."""
    return choose(hnp.array_shapes(min_dims=low, max_dims=high, min_side=least, max_side=most))


def number(choose, low, high):
    return choose(st.integers(low, high))


def axis_of(choose, shape):
    return number(choose, -len(shape), len(shape) - 1)


def together(choose, count):
    """Shapes that broadcast."""
    strategy = hnp.mutually_broadcastable_shapes(num_shapes=count, min_side=0, max_side=3)
    return choose(strategy).input_shapes


def replaced(shape, axis, length):
    """The shape with another length on one axis."""
    shape = list(shape)
    shape[axis] = length
    return tuple(shape)


# ---------------------------------------------------------------- element by element, and along


@calls("power")
def _(choose):
    a, b = together(choose, 2)
    return case(new(choose, a, between(0.5, 2)), new(choose, b))


@calls("xlogy")
def _(choose):
    a, b = together(choose, 2)
    return case(new(choose, a, either_sign(0.3, 2)), new(choose, b, between(0.3, 2)))


@calls("polygamma")
def _(choose):
    return case(number(choose, 0, 3), new(choose, lengths(choose, 0), between(0.3, 4)))


@calls("clip")
def _(choose):
    shape = lengths(choose, least=0)
    bound = lambda value: choose(st.sampled_from([None, value, np.full(shape[-1:], value)]))
    low, high = bound(-0.5), bound(0.5)
    return case(new(choose, shape, on_grid(0.2)), low, 1.0 if low is None else high)


@calls("where")
def _(choose):
    condition, a, b = together(choose, 3)
    return case(new(choose, condition) > 0, new(choose, a), new(choose, b))


@calls("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
@calls("logical_and", "logical_or", "logical_xor")
def _(choose):
    few = lambda rng, shape: np.array(rng.integers(0, 2, shape) + 0.0)
    return values(*(new(choose, shape, few) for shape in together(choose, 2)))


@calls("all", "any", "count_nonzero")
def _(choose):
    shape = lengths(choose, least=0)
    axis = choose(st.none() | st.just(axis_of(choose, shape)))
    return case(new(choose, shape) > 0, axis=axis, keepdims=choose(st.booleans()))


@calls("cumsum", "cumprod")
def _(choose):
    shape = lengths(choose, least=0)
    return case(new(choose, shape), axis=choose(st.none() | st.just(axis_of(choose, shape))))


@calls("sort", "argsort")
def _(choose):
    shape = lengths(choose)
    return case(new(choose, shape, distinct), axis_of(choose, shape))


@calls("topk")
def _(choose):
    shape = lengths(choose)
    axis = axis_of(choose, shape)
    k = number(choose, 1, shape[axis])
    return case(new(choose, shape, distinct), k, axis, choose(st.booleans()))


@calls("median")
def _(choose):
    shape = lengths(choose)
    axis = choose(st.none() | st.just(axis_of(choose, shape)))
    return case(new(choose, shape, distinct), axis, keepdims=choose(st.booleans()))


@calls("quantile")
def _(choose):
    shape = lengths(choose)
    axis = choose(st.none() | st.just(axis_of(choose, shape)))
    q = choose(st.sampled_from([0.0, 0.3, 1.0, [0.1, 0.77]]))
    return case(new(choose, shape, distinct), q, axis, keepdims=choose(st.booleans()))


@calls("unique")
def _(choose):
    return case(new(choose, lengths(choose, 1, 2), distinct))


# ------------------------------------------------------------------------------------- shapes


@calls("reshape")
def _(choose):
    shape = lengths(choose, 0, 4)
    return case(new(choose, shape), tuple(choose(st.permutations(shape))))


@calls("ravel", "copy", "zeros_like")
def _(choose):
    return case(new(choose, lengths(choose, 0, 3, 0)))


@calls("swapaxes", "moveaxis")
def _(choose):
    shape = lengths(choose, least=0)
    return case(new(choose, shape), axis_of(choose, shape), axis_of(choose, shape))


@calls("expand_dims")
def _(choose):
    shape = lengths(choose, 0, 3, 0)
    return case(new(choose, shape), number(choose, -len(shape) - 1, len(shape)))


@calls("squeeze")
def _(choose):
    shape = lengths(choose)
    axis = axis_of(choose, shape)
    return case(new(choose, replaced(shape, axis, 1)), choose(st.sampled_from([None, axis])))


@calls("flip")
def _(choose):
    shape = lengths(choose, least=0)
    return case(new(choose, shape), choose(st.none() | hnp.valid_tuple_axes(len(shape))))


@calls("roll")
def _(choose):
    shape = lengths(choose)
    axis = choose(st.none() | st.just(axis_of(choose, shape)))
    return case(new(choose, shape), number(choose, -5, 5), axis)


@calls("rot90")
def _(choose):
    shape = lengths(choose, 2)
    axes = choose(st.permutations(range(len(shape))))[:2]
    return case(new(choose, shape), number(choose, -3, 5), tuple(axes))


@calls("tril", "triu")
def _(choose):
    return case(new(choose, lengths(choose, 2)), number(choose, -3, 3))


@calls("diag")
def _(choose):
    return case(new(choose, lengths(choose, 1, 2)), number(choose, -1, 1))


@calls("diagonal", "trace")
def _(choose):
    shape = lengths(choose, 2)
    first, second = choose(st.permutations(range(len(shape))))[:2]
    return case(new(choose, shape), number(choose, -1, 1), first, second)


@calls("tile")
def _(choose):
    repeats = choose(st.lists(st.integers(0, 2), min_size=1, max_size=3))
    return case(new(choose, lengths(choose, 0)), tuple(repeats))


@calls("repeat")
def _(choose):
    shape = lengths(choose)
    axis = axis_of(choose, shape)
    n = shape[axis]
    count = choose(st.integers(0, 3) | st.lists(st.integers(0, 3), min_size=n, max_size=n))
    return case(new(choose, shape), count, axis)


@calls("stack")
def _(choose):
    shape = lengths(choose, 0, 2, 0)
    arrays = [new(choose, shape) for _ in range(number(choose, 1, 3))]
    return case(arrays, number(choose, -len(shape) - 1, len(shape)))


@calls("split", "array_split")
def _(choose):
    shape = lengths(choose, 1, 3, 2, 4)
    axis = axis_of(choose, shape)
    places = choose(st.lists(st.integers(1, shape[axis]), min_size=1, max_size=2))
    return case(new(choose, shape), sorted(places), axis)


@calls("meshgrid")
def _(choose):
    arrays = [new(choose, (number(choose, 1, 3),)) for _ in range(number(choose, 1, 3))]
    return case(*arrays, indexing=choose(st.sampled_from(["xy", "ij"])))


@calls("pad")
def _(choose):
    shape = lengths(choose, least=2)
    widths = tuple((number(choose, 0, 2), number(choose, 0, 2)) for _ in shape)
    mode = choose(st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap"]))
    return case(new(choose, shape), widths, mode=mode)


# ------------------------------------------------------------------------------------ indices


@calls("take")
def _(choose):
    shape = lengths(choose)
    axis = axis_of(choose, shape)
    indices = hnp.arrays(int, lengths(choose, 0), elements=st.integers(-1, shape[axis] - 1))
    return case(new(choose, shape), choose(indices), axis)


@calls("take_along_axis")
def _(choose):
    shape = lengths(choose)
    axis = axis_of(choose, shape)
    where = replaced(shape, axis, number(choose, 1, 4))
    indices = hnp.arrays(int, where, elements=st.integers(-1, shape[axis] - 1))
    return case(new(choose, shape), choose(indices), axis)


@calls("add_along_axis")
def _(choose):
    shape = lengths(choose)
    axis = axis_of(choose, shape)
    target = replaced(shape, axis, number(choose, 1, 4))
    indices = hnp.arrays(int, shape, elements=st.integers(0, target[axis] - 1))
    return case(new(choose, shape), choose(indices), axis, target)


@calls("put_along_axis")
def _(choose):
    shape = lengths(choose)
    axis = axis_of(choose, shape)
    order = np.argsort(new(choose, shape), axis=axis)  # each place once
    indices = np.take(order, range(number(choose, 1, shape[axis])), axis)
    return case(new(choose, shape), indices, new(choose, indices.shape), axis)


@calls("index_put", "index_add")
def _(choose):
    shape = lengths(choose, 1, 3, 1, 4)
    index = choose(hnp.basic_indices(shape, allow_newaxis=False))
    x = new(choose, shape)
    return case(x, index, new(choose, x[index].shape))


# ----------------------------------------------------------------------------------- products


@calls("dot")
def _(choose):
    n, first, second = number(choose, 0, 3), lengths(choose, 0, 2), lengths(choose, 1, 2)
    return case(new(choose, (*first, n)), new(choose, (*second[:-1], n, second[-1])))


@calls("inner")
def _(choose):
    n = number(choose, 0, 3)
    return case(*(new(choose, (*lengths(choose, 0, 2), n)) for _ in range(2)))


@calls("outer", "kron")
def _(choose):
    return case(new(choose, lengths(choose, 1, 2)), new(choose, lengths(choose, 1, 2)))


@calls("tensordot")
def _(choose):
    shared, a, b = lengths(choose, 0, 2), lengths(choose, 0, 2), lengths(choose, 0, 2)
    return case(new(choose, a + shared), new(choose, shared + b), len(shared))


@calls("einsum")
def _(choose):
    size = dict(zip("abc", (2, 3, 1)))
    label = st.lists(st.sampled_from("abc"), max_size=3).map("".join)
    operands = choose(st.lists(label, min_size=1, max_size=3))
    named = sorted(set("".join(operands)))
    out = choose(st.permutations(named))[: number(choose, 0, len(named))]
    arrays = [new(choose, [size[c] for c in names]) for names in operands]
    return case(f"{','.join(operands)}->{''.join(out)}", *arrays)


@calls("linear")
def _(choose):
    batch, (out, into) = lengths(choose, 0, 3, 0), lengths(choose, 2, 2)
    bias = [new(choose, (out,))] if choose(st.booleans()) else []
    return case(new(choose, (*batch, into)), new(choose, (out, into)), *bias)


def regular(choose, m, n, batch):
    """Matrices with the singular values 1, 1.7, 2.4, ..."""
    u, _, vh = np.linalg.svd(new(choose, (*batch, m, n)), full_matrices=False)
    return u * (1 + 0.7 * np.arange(min(m, n))) @ vh


@calls("inv", "det", "slogdet")
def _(choose):
    n = number(choose, 1, 3)
    return case(regular(choose, n, n, lengths(choose, 0, 2)))


@calls("solve")
def _(choose):
    n, k, batch = number(choose, 1, 3), number(choose, 1, 3), lengths(choose, 0, 1)
    return case(regular(choose, n, n, batch), new(choose, (*batch, n, k)))


@calls("matrix_power")
def _(choose):
    n = number(choose, 1, 3)
    return case(regular(choose, n, n, lengths(choose, 0, 1)), number(choose, -2, 4))


@calls("pinv", "qr", "svd")
def _(choose):
    m, n = lengths(choose, 2, 2)
    return case(regular(choose, m, n, lengths(choose, 0, 1)))


@calls("cholesky", "eigh")
def _(choose):
    """Of X + X^T, whose eigenvalues are 1, 1.7, 2.4, ..., where X is not symmetric."""
    n, batch = number(choose, 1, 3), lengths(choose, 0, 1)
    q, skew = np.linalg.qr(new(choose, (*batch, n, n)))[0], new(choose, (*batch, n, n))
    half = 0.5 * (q * (1 + 0.7 * np.arange(n))) @ np.swapaxes(q, -1, -2)
    return case(half + skew - np.swapaxes(skew, -1, -2))


# ------------------------------------------------------------------------------------- layers


@calls("standardize_batch")
def _(choose):
    shape = (number(choose, 2, 4), number(choose, 1, 3), *lengths(choose, 0, 2))
    weight, bias = (
        new(choose, shape[1:2], between(0.5, 1.5)) if choose(st.booleans()) else None
        for _ in range(2)
    )
    return case(new(choose, shape), weight, bias, choose(st.sampled_from([1e-5, 0.1])))


@calls("standardize")
def _(choose):
    shape = (number(choose, 0, 3), *lengths(choose, 1, 2, 2))
    weight, bias = (
        new(choose, shape[1:], between(0.5, 1.5)) if choose(st.booleans()) else None
        for _ in range(2)
    )
    axes = tuple(range(1, len(shape)))
    return case(new(choose, shape), weight, bias, axes, 0.1, choose(st.booleans()))


@calls("attention")
def _(choose):
    batch, (queries, keys, d, width) = lengths(choose, 0, 2), lengths(choose, 4, 4)
    shapes = (queries, d), (keys, d), (keys, width)
    bias = [new(choose, (queries, keys))] if choose(st.booleans()) else []
    return case(*(new(choose, batch + shape) for shape in shapes), *bias, scale=0.6)


@calls("rnn")
def _(choose):
    t, n, h = lengths(choose, 3, 3)
    return case(new(choose, (t, n, h)), new(choose, (n, h)), new(choose, (h, h)))


@calls("lstm")
def _(choose):
    t, n, h = lengths(choose, 3, 3)
    return case(*(new(choose, s) for s in ((t, n, 4 * h), (n, h), (n, h), (4 * h, h))))


@calls("gru")
def _(choose):
    t, n, h = lengths(choose, 3, 3)
    return case(*(new(choose, s) for s in ((t, n, 3 * h), (n, h), (3 * h, h), (3 * h,))))


@calls("mse")
def _(choose):
    shape = lengths(choose, 0)
    how = choose(st.sampled_from(["none", "sum", "mean"]))
    return case(new(choose, shape), new(choose, shape), how)


@calls("softmax_cross_entropy")
def _(choose):
    n, classes, size = number(choose, 1, 4), number(choose, 2, 4), lengths(choose, 0, 2)
    # The first is never ignored: a mean over none is none.
    t = choose(hnp.arrays(int, (n, *size), elements=st.integers(0, classes - 1)))
    ignored = int(choose(st.sampled_from([-100, (t.flat[0] + 1) % classes])))
    weight = new(choose, (classes,), between(0.5, 1.5)) if choose(st.booleans()) else None
    how, smoothing = choose(st.sampled_from(["none", "sum", "mean"])), number(choose, 0, 1) * 0.2
    return case(new(choose, (n, classes, *size)), t, weight, ignored, how, smoothing)


@calls("bernoulli_nll", "bernoulli_nll_of_logits")
def _(choose):
    shape = lengths(choose, 0, 3, 0)
    return case(*(new(choose, shape, between(0.1, 0.9)) for _ in range(2)))


# ------------------------------------------------------------------------------------ windows


def windows(choose, most_padding):
    """A window over images of one or two axes, and their shape."""
    size, shape = [], []
    for _ in range(number(choose, 1, 2)):
        kernel, dilation, stride = number(choose, 1, 3), number(choose, 1, 2), number(choose, 1, 3)
        span = (kernel - 1) * dilation + 1
        padding = number(choose, 0, most_padding(kernel))
        shape.append(number(choose, max(span - 2 * padding, dilation), span + 3))
        size.append((kernel, stride, padding, dilation))
    return tuple(shape), window("test", *map(tuple, zip(*size)))


def pooling(choose):
    """The shape of images, a window, and the shape of what it gives."""
    size, w = windows(choose, lambda kernel: kernel // 2)
    channels = lengths(choose, 2, 2, 1, 2)
    return channels, size, w, (*channels, *w.places(size))


@calls("max_pool")
def _(choose):
    channels, size, w, _ = pooling(choose)
    return case(new(choose, channels + size, distinct), w)


@calls("window_sum", "unfold_windows")
def _(choose):
    channels, size, w, _ = pooling(choose)
    return case(new(choose, channels + size), w)


@calls("window_spread")
def _(choose):
    _, size, w, places = pooling(choose)
    return case(new(choose, places), size, w)


@calls("fold_windows")
def _(choose):
    (n, c), size, w, places = pooling(choose)
    columns = (n, c * int(np.prod(w.kernel)), int(np.prod(places[2:])))
    return case(new(choose, columns), size, w)


def layer(choose) -> tuple[Case, ...]:
    """Calls of the form's three operations, for one layer."""
    size, w = windows(choose, lambda kernel: 2)
    n, c, f, groups = lengths(choose, 4, 4, 1, 2)
    x, z = new(choose, (n, c * groups, *size)), new(choose, (n, f * groups, *w.places(size)))
    weight = new(choose, (f * groups, c, *w.kernel))
    bias = new(choose, (f * groups,)) if choose(st.booleans()) else None
    return (
        case(x, weight, bias, w, groups),
        case(z, weight, size, w, groups),
        case(x, z, w, groups),
    )


for _number, _name in enumerate(("correlation", "correlation_input", "correlation_weight")):
    calls(_name)(lambda choose, number=_number: layer(choose)[number])


@calls("convolve", "correlate")
def _(choose):
    mode = choose(st.sampled_from(["full", "same", "valid"]))
    return case(new(choose, (number(choose, 1, 4),)), new(choose, (number(choose, 1, 4),)), mode)
