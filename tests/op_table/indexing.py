"""Reading and writing by index."""

from functools import partial

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

import minidl
from minidl.ops import indexing

from .row import Row, case, generator, normal

x = partial(normal, generator("indexing"))
linear = partial(Row, analytic=True, linear=True)
ints = lambda *values: np.array(values)

# shape, index
READS = [
    ((3,), 1),
    ((3,), -1),
    ((3,), slice(None, None, -1)),
    ((), ()),
    ((), Ellipsis),
    ((3, 4), 0),
    ((3, 4), (0, -2)),
    ((3, 4), (slice(1, None), slice(None, None, 2))),
    ((3, 4), (Ellipsis, None, 1)),
    ((3, 4), (None, slice(0, 0))),
    ((3, 4), ints(0, 2, 0, 0)),
    ((3, 4), ints(-1, 2)),
    ((3, 4), (slice(None), ints(1, 1, 3))),
    ((3, 4), (slice(None), ints((0, 1), (1, -1)))),
    ((3, 4), (ints(0, 2, 0), ints(1, 1, 1))),
    ((3, 4), (ints(0, 2)[:, None], ints(1, 1, 3))),
    ((2, 3, 4), (ints(0, 1, 1), slice(None), ints(0, 0, 0))),
    ((2, 3, 4), (0, slice(1, None), ints(0, 3, 3))),
    ((2, 3, 4), (Ellipsis, ints(0, 0), slice(None, 2))),
    ((3, 4), ints(0, 2).reshape(1, 2, 1)),
    ((3,), np.array([True, False, True])),
    ((3, 2), np.array([[True, False], [False, False], [True, True]])),
    ((3, 4), (np.array([True, False, True]), slice(1, 3))),
    ((3, 4), (np.array([True, False, True]), ints(0, 0))),
    ((3,), np.zeros(0, int)),
    ((0, 2), slice(None)),
]


@st.composite
def reads(choose):
    """An array and a basic index, or one with integer arrays."""
    shape = choose(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    basic = hnp.basic_indices(shape, allow_newaxis=True)
    arrays = hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3))
    return case(normal(generator(shape), shape), choose(basic | arrays))


def scattered(values, indices, shape):
    """np.add.at into zeros."""
    out = np.zeros(shape)
    for value, index in zip(values, indices):
        np.add.at(out, index, value)
    return out


def written(array, index, values):
    """Assignment by index, into a copy."""
    out = array.copy()
    out[index] = values
    return out


def added_along(values, indices, axis, shape):
    """One element at a time."""
    out = np.zeros(shape)
    for place in np.ndindex(indices.shape):
        target = list(place)
        target[axis] = indices[place]
        out[tuple(target)] += values[place]
    return out


def put_along(array, indices, values, axis):
    """NumPy's, which writes in place, into a copy."""
    out = array.copy()
    np.put_along_axis(out, indices, values, axis)
    return out


def added(array, index, values):
    """np.add.at into a copy."""
    out = array.copy()
    np.add.at(out, index, values)
    return out


ORDER = generator("order").permuted(np.tile(np.arange(4), (3, 1)), axis=1)  # (3, 4)
TWICE = ints((0, 0, 2), (1, 0, 1))  # (2, 3), with places named twice

ROWS = [
    linear(
        indexing.getitem,
        lambda x, index: x[index],
        [case(x(shape), index) for shape, index in READS],
        reads(),
        rounding=0,
    ),
    linear(
        indexing.scatter,
        scattered,
        [
            case([x((2, 4))], [slice(0, 2)], (3, 4)),
            case([x(()), x((4,)), x((3,))], [(0, 1), 2, (slice(None), -1)], (3, 4)),
            case([x((4, 2)), x((2,))], [ints(0, 0, 2, 0), ints(0, 1)[1]], (3, 2)),
            case([x((5,))], [ints(0, 3, 3, 0, 3)], (4,)),
            case([x((3, 5))], [(slice(None), ints(0, 1, 1, 1, -1))], (3, 4)),
            case([x((2, 3))], [(ints(0, 0), slice(None), ints(1, 1))], (2, 3, 4)),
            case([x((2, 2, 2, 3))], [(slice(None), ints((0, 1), (1, 1)))], (2, 4, 3)),
        ],
    ),
    linear(
        minidl.index_put,
        written,
        [
            case(x((3, 4)), 0, x((4,))),
            case(x((3, 4)), (slice(None), 1), x(())),
            case(x((3, 4)), slice(0, 2), x((1, 4))),
            case(x((3, 4)), ints(0, 2), x((2, 4))),
            case(x((3, 4)), (ints(0, 2, 0), ints(1, 1, 3)), x((3,))),
            case(x((3,)), np.array([True, False, True]), x((2,))),
            case(x((3,)), 1, 2.5),
            case(x((3,)), ints(0, 2, 0), x((3,))),
            case(x((3, 2)), ints(1, 1), x((2, 2))),
            case(x((3, 4)), ints(1, 1), x((4,))),
        ],
        rounding=0,
    ),
    linear(
        minidl.take_along_axis,
        np.take_along_axis,
        [
            case(x((3, 4)), ORDER, 1),
            case(x((3, 4)), ORDER[:, :1], axis=-1),
            case(x((3, 3)), TWICE, 0),
            case(x((5, 2, 3)), ORDER[:2, :3].reshape(1, 2, 3), 0),
        ],
        rounding=0,
    ),
    linear(
        indexing.add_along_axis,
        added_along,
        [
            case(x((3, 4)), ORDER, 1, (3, 5)),
            case(x((2, 3)), TWICE, 0, (3, 3)),
            case(x((2, 3)), TWICE, -1, (2, 4)),
        ],
    ),
    linear(
        minidl.take,
        np.take,
        [
            case(x((3, 4)), ints(0, 2, 0)), case(x((3, 4)), ints(0, 2, 0), axis=0),
            case(x((3, 4)), ints((0, 3), (3, -1)), axis=-1), case(x((3, 4)), 2, axis=1),
            case(x((3, 4)), -1),
        ],
        rounding=0,
    ),
    linear(
        minidl.put_along_axis,
        put_along,
        [
            case(x((3, 4)), ORDER[:, :2], x((3, 2)), 1), case(x((3, 4)), ORDER[:, :1], x(()), -1),
            case(x((3, 3)), TWICE[:1, :], x((1, 3)), axis=0),
        ],
        rounding=0,
    ),
    linear(
        minidl.index_add,
        added,
        [
            case(x((3, 4)), ints(0, 2, 0), x((3, 4))), case(x((3, 4)), 1, x((4,))),
            case(x((3, 4)), (slice(None), ints(1, 1)), x((3, 2))),
            case(x((3,)), slice(1, 3), x((2,))),
        ],
    ),
    linear(
        minidl.repeat,
        np.repeat,
        [
            case(x((2, 3)), 2), case(x((2, 3)), 2, axis=0), case(x((2, 3)), [1, 0, 2], axis=-1),
            case(x((2,)), [2, 1], 0), case(x(()), 3),
        ],
        rounding=0,
    ),
    linear(
        minidl.pad,
        np.pad,
        [
            case(x((2, 3)), 1), case(x((2, 3)), (1, 2)), case(x((2, 3)), ((0, 1), (2, 0))),
            case(x((3,)), 2, mode="edge"), case(x((3, 4)), ((2, 1), (0, 3)), mode="reflect"),
            case(x((3, 4)), ((2, 1), (0, 3)), mode="symmetric"),
            case(x((2, 3)), (3, 1), mode="wrap"),
        ],
        rounding=0,
    ),
    Row(
        minidl.pad,
        np.pad,
        [case(x((2, 3)), 1, constant_values=2.5), case(x((0, 2)), 1, constant_values=-1.0)],
        analytic=True,
    ),
]  # fmt: skip
