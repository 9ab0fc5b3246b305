"""Reading by index, and its adjoint: adding into zeros by index.

`getitem` and `scatter` are each other's rule, so the pair is closed under differentiation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import backend
from ..accumulate import Scattered
from ..complaints import checked_axis
from ..graph import Tensor, op
from .choices import where
from .shape import moveaxis, reshape


def plain_index(index: Any) -> Any:
    """An index without Tensors or lists in it."""
    if isinstance(index, tuple):
        return tuple(plain_index(i) for i in index)
    if isinstance(index, Tensor):
        index = index.data
    if isinstance(index, list | range):
        index = np.asarray(index, dtype=None if len(index) else np.int64)
    return index


@op
def getitem(x, index):
    """x[index], for every kind of index that NumPy has."""
    return x[index]


getitem.vjp(x=lambda g, x_shape, index: Scattered(g, index, x_shape))


@op(list_of="values")
def scatter(values, indices, shape):
    """Zeros of `shape`, plus values[k] at indices[k] for each k; a place named twice gets both."""
    out = backend.zeros(shape, values[0].dtype, values[0])
    for value, index in zip(values, indices):
        add_at(out, index, value)
    return out


scatter.vjp(values=lambda g, indices: [getitem(g, index) for index in indices])
Scattered.add_up = staticmethod(scatter)


def add_at(out: Any, index: Any, value: Any) -> None:
    """out[index] += value on arrays, where a place named twice receives both."""
    parts = _parts(index)
    arrays = [i for i in parts if backend.is_array(i) and i.dtype.kind in "iu"]
    if not arrays:  # slices, numbers and masks name no place twice
        out[index] += value
        return
    before = parts[:-1]
    whole = all(isinstance(i, slice) and i == slice(None) for i in before)
    if whole and len(arrays) == 1 and parts[-1] is arrays[0]:
        # x[:, :, rows]: bring the indexed axis, and those of `rows`, to the front
        rows, k = arrays[0], len(before)
        moved = np.moveaxis(value, range(k, k + rows.ndim), range(rows.ndim))
        add_rows(
            np.moveaxis(out, k, 0),
            rows.ravel(),
            moved.reshape(rows.size, *moved.shape[rows.ndim :]),
        )
    else:
        backend.scatter_add(out, index, value)


SHORT = 8  # a run of equal rows that is not longer


def add_rows(out: Any, rows: Any, value: Any) -> None:
    """out[rows[i]] += value[i].

    `np.add.at` takes an element at a time.  Sorted, equal rows are neighbours.  Runs of a few are
    added up all at once: the first value of each, the second of each that has one, and so on.
    `reduceat`, which is slow to begin a run, adds up the long ones.
    """
    if backend.xp(out) is not np or out.ndim == 1:
        backend.scatter_add(out, rows, value)
    elif rows.size:
        rows = rows % len(out)  # -1 and the last row are the same place
        order = np.argsort(rows, kind="stable")
        places = rows[order]
        starts = np.flatnonzero(np.concatenate([[True], places[1:] != places[:-1]]))
        lengths = np.diff(starts, append=len(places))
        sums = value[order[starts]]
        for k in range(1, min(SHORT, lengths.max())):
            has = np.flatnonzero(lengths > k)
            sums[has] += value[order[starts[has] + k]]
        long = np.flatnonzero(lengths > SHORT)
        if long.size:
            all_of_them = value[order[np.repeat(lengths > SHORT, lengths)]]
            begin = np.cumsum(lengths[long]) - lengths[long]
            sums[long] = np.add.reduceat(all_of_them, begin, axis=0)
        out[places[starts]] += sums


@op
def index_put(x, index, values):
    """A copy of x with `values` at x[index]; where a place is named twice, the last stays."""
    if backend.xp(x) is np:
        out = x.copy()
        out[index] = values
        return out
    # On a GPU the order of writing is not defined: read, at each place, the value that stays.
    writer = last_writer(x, index)
    flat = (backend.zeros(x[index].shape, x.dtype, x) + values).ravel()
    return np.where(writer < 0, x, flat[writer])


def last_writer(x: Any, index: Any) -> Any:
    """For each place of the array x, which of the values put at `index` stays there; -1: none."""
    library = backend.xp(x)
    writer = library.full(x.shape, -1)
    shape = writer[index].shape
    numbers = library.arange(math.prod(shape)).reshape(shape)
    if any(backend.is_array(i) and i.dtype.kind != "b" for i in _parts(index)):
        library.maximum.at(writer, index, numbers)
    else:
        writer[index] = numbers
    return writer


def _parts(index):
    return index if isinstance(index, tuple) else (index,)


def _index_put_values(g, index):
    # A value that another one replaced has no influence.
    array = getattr(g, "_data", g)
    writer = last_writer(array, index)[index]
    stays = writer == backend.xp(array).arange(writer.size).reshape(writer.shape)
    return where(stays, getitem(g, index), 0.0)


index_put.vjp(x=lambda g, index: index_put(g, index, 0.0), values=_index_put_values)


@op
def take_along_axis(x, indices, axis=-1):
    """Along `axis`, the elements that `indices` names: y[i][j] = x[indices[i][j]][j] for axis 0."""
    return np.take_along_axis(x, indices, axis)


@op
def add_along_axis(x, indices, axis, shape):
    """The adjoint of take_along_axis: zeros of `shape`, plus x at the places `indices` names."""
    out = backend.zeros(shape, x.dtype, x)
    backend.scatter_add(out, _along_axis(indices, axis), x)
    return out


def _along_axis(indices, axis):
    """The index that reads along one axis what `indices` names, and stays in place on others."""
    indices = plain_index(indices)
    place = [
        backend.xp(indices).arange(n).reshape([n if j == i else 1 for j in range(indices.ndim)])
        for i, n in enumerate(indices.shape)
    ]
    place[axis] = indices
    return tuple(place)


take_along_axis.vjp(x=lambda g, x_shape, indices, axis: add_along_axis(g, indices, axis, x_shape))
add_along_axis.vjp(x=lambda g, indices, axis: take_along_axis(g, indices, axis))


def take(x, indices, axis=None):
    """The elements of x, or its slices along `axis`, that `indices` names."""
    if not isinstance(indices, int):
        array = plain_index(indices)
        library = backend.xp(x.data if isinstance(x, Tensor) else x)
        indices = array if backend.is_array(array) and library is not np else library.asarray(array)
    if axis is None:
        return getitem(reshape(x, -1), indices)
    return getitem(x, (slice(None),) * checked_axis("take", axis, x.shape) + (indices,))


def put_along_axis(x, indices, values, axis):
    """A copy of x with `values` at the places that take_along_axis would read.

    np.put_along_axis writes into x; this returns a new tensor.
    """
    return index_put(x, _along_axis(indices, axis), values)


def index_add(x, index, values):
    """A copy of x with `values` added at x[index]; a place that is named twice receives both."""
    return x + scatter([values], [plain_index(index)], tuple(x.shape))


def repeat(x, repeats, axis=None):
    """Each element repeated along `axis`, so many times (one number, or one for each element)."""
    x, axis = (reshape(x, -1), 0) if axis is None else (x, checked_axis("repeat", axis, x.shape))
    return take(x, np.repeat(np.arange(x.shape[axis]), repeats), axis)


def sliding_window_view(x, window_shape, axis=None):
    """All windows of x: along each of the axes as many places as fit, and an axis more, at the end,
    for the entries of a window.  NumPy's returns a view, this a copy."""
    lengths = (window_shape,) if isinstance(window_shape, int) else tuple(window_shape)
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = [checked_axis("sliding_window_view", k, x.shape) for k in axes]
    for k, length in zip(axes, lengths, strict=True):
        places = np.arange(x.shape[k] - length + 1)
        windows = take(x, places[:, None] + np.arange(length), k)
        x = moveaxis(windows, k + 1, -1)
    return x


# ------------------------------------------------------------------------------------- padding


@op
def pad_constant(x, pad_width, value=0.0):
    """x inside a border of `value`, pad_width[k] = (before, after) elements wide on axis k."""
    return np.pad(x, pad_width, mode="constant", constant_values=value)


def _cut(g, x_shape, pad_width):
    return getitem(g, tuple(slice(b, b + n) for (b, _), n in zip(pad_width, x_shape)))


pad_constant.vjp(x=_cut)


def pad(x, pad_width, mode="constant", constant_values=0.0):
    """x with a border, as np.pad: a number, a pair, or a pair (before, after) for each axis.

    mode: 'constant', 'edge', 'reflect', 'symmetric' or 'wrap'.  All but the first copy elements of
    x into the border, which is a reading by index.
    """
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise ValueError(
            f"pad: mode must be 'constant', 'edge', 'reflect', 'symmetric' or 'wrap', not {mode!r}"
        )
    if np.shape(pad_width) not in ((), (1,), (2,), (1, 2), (x.ndim, 1), (x.ndim, 2)):
        raise ValueError(
            f"pad: pad_width is a number, a pair (before, after), or such a pair for each of the "
            f"{x.ndim} axes of shape {x.shape}, not of shape {np.shape(pad_width)}"
        )
    widths = tuple((int(b), int(a)) for b, a in np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)))
    if mode == "constant":
        return pad_constant(x, widths, constant_values)
    for axis, (before, after) in enumerate(widths):
        if before or after:
            x = take(x, np.pad(np.arange(x.shape[axis]), (before, after), mode=mode), axis)
    return x
