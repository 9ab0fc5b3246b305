"""Order, and what follows from it.  The values are distinct, so that no order changes in a step."""

import numpy as np

import minidl

from .row import Row, case, distinct, generator, values

rng = generator("sorting")
x = lambda *shape: distinct(rng, shape)
SHARES = [[0.0, 0.3], [0.77, 1.0]]
REPEATED = np.array([3.0, 1.0, 3.0, 2.0, 1.0])


def best(x, k, axis=-1, largest=True):
    """The first k of the sorted elements, and where they were."""
    order = np.argsort(-x if largest else x, axis=axis)
    order = np.take(order, np.arange(k), axis)
    return np.take_along_axis(x, order, axis), order


ROWS = [
    Row(
        minidl.sort,
        np.sort,
        [case(x(4)), case(x(2, 3)), case(x(2, 3), 0), case(x(2, 3), None), case(x(2, 1, 3), -1)],
        linear=True,
    ),
    Row(minidl.sort, np.sort, [values(REPEATED)]),
    Row(minidl.argsort, np.argsort, [case(x(2, 3)), case(x(2, 3), axis=0)]),
    Row(
        minidl.topk,
        best,
        [case(x(5), 2), case(x(2, 4), 3, axis=1), case(x(4, 2), 1, 0, largest=False)],
    ),
    Row(
        minidl.searchsorted,
        np.searchsorted,
        [
            case(np.array([1.0, 2.0, 2.0, 5.0]), np.array([[2.0, 0.0], [9.0, 3.0]])),
            case(np.array([1.0, 2.0, 2.0]), np.array([2.0, 2.5]), side="right"),
        ],
    ),
    Row(minidl.unique, np.unique, [case(x(4)), case(x(2, 3)), values(REPEATED)]),
    Row(
        minidl.quantile,
        np.quantile,
        [
            case(x(5), 0.3), case(x(2, 4), 0.5, axis=1), case(x(2, 4), SHARES[0], axis=0),
            case(x(3, 4), SHARES), case(x(3, 2, 2), 0.9, axis=(0, -1), keepdims=True),
            case(x(4), 1.0), case(x(1), 0.5), case(x(3, 4), SHARES[1], axis=1, keepdims=True),
        ],
    ),
    Row(
        minidl.median,
        np.median,
        [case(x(5)), case(x(4)), case(x(2, 3), axis=1), case(x(2, 3), 0, keepdims=True)],
    ),
]  # fmt: skip
