"""Operations that move elements without changing them."""

from functools import partial

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

import minidl

from .row import Row, case, generator, normal

x = partial(normal, generator("shape"))  # x(shape): new numbers each time
linear = partial(Row, analytic=True, linear=True, rounding=0)


@st.composite
def permuted(choose):
    """An array and an order of its axes, some counted from the end."""
    shape = choose(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
    axes = choose(st.permutations(range(len(shape))))
    axes = tuple(a - len(shape) if choose(st.booleans()) else a for a in axes)
    return case(normal(generator(shape), shape), axes)


@st.composite
def broadcast(choose):
    """An array and a shape to which it broadcasts."""
    shape = choose(hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=3))
    bigger = choose(hnp.broadcastable_shapes(shape, min_dims=len(shape), max_side=3))
    result = np.broadcast_shapes(shape, bigger)
    return case(normal(generator(shape), shape), result)


@st.composite
def joined(choose):
    """Arrays that differ in length on one axis."""
    shape = choose(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3))
    axis = choose(st.integers(-len(shape), len(shape) - 1))
    lengths = choose(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    arrays = []
    for i, n in enumerate(lengths):
        longer = list(shape)
        longer[axis] = n
        arrays.append(normal(generator(shape, i), tuple(longer)))
    return case(arrays, axis=axis)


def on_diagonal(values, shape, offset=0, axis1=0, axis2=1):
    """One element at a time."""
    out = np.zeros(shape)
    view = np.moveaxis(out, (axis1, axis2), (-2, -1))
    for *batch, i in np.ndindex(values.shape):
        view[(*batch, i + max(-offset, 0), i + max(offset, 0))] = values[(*batch, i)]
    return out


ROWS = [
    linear(
        minidl.reshape,
        np.reshape,
        [
            case(x((2, 3)), (3, 2)), case(x((2, 3)), -1), case(x((2, 3)), (6,)),
            case(x(()), (1, 1)), case(x((4, 3)), (2, -1, 3)), case(x((1,)), ()),
            case(x((0, 3)), (0, 2)),
        ],
    ),
    linear(
        minidl.transpose,
        np.transpose,
        [
            case(x((2, 3))), case(x((2, 3, 4))), case(x((2, 3, 4)), (1, 2, 0)), case(x(())),
            case(x((2, 3, 1)), (-1, 0, -2)), case(x((3,))),
        ],
        permuted(),
    ),
    linear(
        minidl.swapaxes,
        np.swapaxes,
        [case(x((2, 3)), 0, 1), case(x((2, 3, 4)), -1, 0), case(x((2, 3)), 1, 1)],
    ),
    linear(
        minidl.expand_dims,
        np.expand_dims,
        [case(x((2, 3)), 0), case(x((2, 3)), -1), case(x((2,)), (0, 2)), case(x(()), 0)],
    ),
    linear(
        minidl.squeeze,
        np.squeeze,
        [
            case(x((1, 3, 1))), case(x((1, 3, 1)), 0), case(x((1, 3, 1)), (0, -1)), case(x((2,))),
            case(x((1, 1))),
        ],
    ),
    linear(
        minidl.broadcast_to,
        np.broadcast_to,
        [
            case(x((3,)), (2, 3)), case(x((2, 1)), (2, 3)), case(x(()), (2, 2)),
            case(x((1,)), (1,)), case(x((1, 3)), (0, 3)), case(x((2, 1, 3)), (4, 2, 5, 3)),
        ],
        broadcast(),
    ),
    Row(
        minidl.astype,
        lambda x, dtype: x.astype(dtype),
        [case(x((2, 3)), np.float64), case(x(()), "float64"), case(np.arange(3), np.float64)],
    ),
    linear(minidl.copy, np.copy, [case(x((2, 3))), case(x(())), case(x((0,)))]),
    linear(minidl.ops.shape.zeros_like, np.zeros_like, [case(x((2, 3))), case(x(()))]),
    Row(minidl.ops.shape.transfer, lambda x, *_: x, [case(x((2, 3)), "cpu", "cpu")]),
    linear(
        minidl.concatenate,
        np.concatenate,
        [
            case([x((2, 3)), x((4, 3))]), case([x((2, 3)), x((2, 1))], axis=1),
            case([x((2, 3)), x((2, 1)), x((2, 0))], -1), case([x((2, 3)), x((3,)), x(())], None),
            case([x((3,))], 0), case([x((2,)), np.arange(3)]),
        ],
        joined(),
    ),
    linear(
        minidl.stack,
        np.stack,
        [
            case([x((2, 3)), x((2, 3))]), case([x((3,)), x((3,)), x((3,))], axis=1),
            case([x((2, 3)), x((2, 3))], -1), case([x(()), x(())]), case([x((2,))], -2),
        ],
    ),
    linear(
        minidl.split,
        np.split,
        [
            case(x((4, 3)), 2), case(x((4, 3)), [1, 3]), case(x((2, 6)), 3, axis=1),
            case(x((2, 6)), (2,), -1), case(x((5,)), [0, 2]), case(x((3, 2)), 1),
        ],
    ),
    linear(
        minidl.flip,
        np.flip,
        [case(x((2, 3))), case(x((2, 3)), 0), case(x((2, 3, 2)), (0, -1)), case(x((3,)), -1)],
    ),
    linear(
        minidl.roll,
        np.roll,
        [
            case(x((2, 3)), 1), case(x((2, 3)), 2, axis=1), case(x((2, 3)), -1, 0),
            case(x((2, 3, 2)), (1, 2), (0, 1)), case(x((3,)), 7), case(x((4, 3)), 1, (0, 1)),
        ],
    ),
    linear(
        minidl.rot90,
        np.rot90,
        [
            case(x((2, 3))), case(x((2, 3)), 2), case(x((2, 3)), -1),
            case(x((2, 3, 4)), 1, (1, 2)), case(x((2, 3, 4)), 3, axes=(-1, 0)),
        ],
    ),
    *(
        linear(function, getattr(np, function.__name__), [
            case(x((3, 3))), case(x((2, 4)), 1), case(x((4, 2)), -1), case(x((2, 3, 2)), k=0),
        ])
        for function in (minidl.tril, minidl.triu)
    ),
    linear(
        minidl.diagonal,
        np.diagonal,
        [
            case(x((3, 3))), case(x((2, 4)), 1), case(x((4, 2)), -2), case(x((2, 3, 4)), 0, 1, 2),
            case(x((2, 3, 4)), offset=1, axis1=-1, axis2=0), case(x((2, 3)), 5),
        ],
    ),
    linear(
        minidl.ops.shape.fill_diagonal,
        on_diagonal,
        [
            case(x((3,)), (3, 3)), case(x((2,)), (2, 4), 1), case(x((2,)), (4, 3), -2),
            case(x((2, 3)), (2, 3, 4), 0, 1, 2), case(x((3, 1)), (2, 3, 4), 1, -1, 0),
        ],
    ),
    linear(minidl.diag, np.diag, [case(x((3,))), case(x((2,)), 1), case(x((2, 3)), -1)]),
    linear(minidl.ravel, np.ravel, [case(x((2, 3))), case(x(())), case(x((0, 2)))]),
    linear(
        minidl.moveaxis,
        np.moveaxis,
        [
            case(x((2, 3, 4)), 0, -1), case(x((2, 3, 4)), (0, 1), (-1, 0)),
            case(x((2, 3, 4)), [2, 0], [0, 1]), case(x((2, 3)), 1, 1),
        ],
    ),
    linear(
        minidl.tile,
        np.tile,
        [
            case(x((2, 3)), 2), case(x((2, 3)), (2, 1)), case(x((3,)), (2, 2)), case(x(()), 3),
            case(x((2, 1)), (1, 2, 3)), case(x((2,)), 0),
        ],
    ),
    linear(
        minidl.meshgrid,
        np.meshgrid,
        [
            case(x((2,)), x((3,))), case(x((2,)), x((3,)), indexing="ij"), case(x((2,))),
            case(x((2,)), x((3,)), x((1,))),
        ],
    ),
    linear(
        minidl.array_split,
        np.array_split,
        [case(x((5, 2)), 3), case(x((2, 5)), 2, axis=1), case(x((4,)), [1]), case(x((2,)), 3)],
    ),
]  # fmt: skip
