"""Operations that move elements without changing them: shapes, axes, joins, pieces.

Each is linear, so its rule is its adjoint: the move undone, with a sum wherever an element was used
more than once.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from .. import backend
from ..complaints import checked_axis, complete
from ..graph import op


@op
def reshape(x, shape):
    """The elements in another shape; one length may be -1, to be worked out."""
    return np.reshape(x, shape)


reshape.vjp(x=lambda g, x_shape: reshape(g, x_shape))


@op
def transpose(x, axes=None):
    """The axes in another order; reversed if none is given."""
    return np.transpose(x, axes)


def _inverse(axes):
    """The permutation that undoes `axes`."""
    return (
        None if axes is None else tuple(sorted(range(len(axes)), key=lambda i: axes[i] % len(axes)))
    )


transpose.vjp(x=lambda g, axes: transpose(g, _inverse(axes)))


@op
def swapaxes(x, axis1, axis2):
    """Two axes exchanged."""
    return np.swapaxes(x, axis1, axis2)


swapaxes.vjp(x=lambda g, axis1, axis2: swapaxes(g, axis1, axis2))


@op
def expand_dims(x, axis):
    """New axes of length 1 at the places `axis` of the result."""
    return np.expand_dims(x, axis)


expand_dims.vjp(x=lambda g, x_shape: reshape(g, x_shape))


@op
def squeeze(x, axis=None):
    """Without the axes of length 1, or without those of `axis`."""
    return np.squeeze(x, axis)


squeeze.vjp(x=lambda g, x_shape: reshape(g, x_shape))


@op
def broadcast_to(x, shape):
    """x repeated along new axes and axes of length 1, as a read-only view."""
    return np.broadcast_to(x, shape)


broadcast_to.vjp(x=lambda g: g)  # the engine sums what was stretched


def ravel(x):
    """All elements along one axis."""
    return reshape(x, -1)


def moveaxis(x, source, destination):
    """The axes `source` moved to the places `destination`, the others left in order."""
    given = [source, destination]
    source, target = (
        [checked_axis("moveaxis", a, x.shape) for a in (v if isinstance(v, list | tuple) else [v])]
        for v in given
    )
    order = [a for a in range(x.ndim) if a not in source]
    for place, axis in sorted(zip(target, source)):
        order.insert(place, axis)
    return transpose(x, tuple(order))


def tile(x, reps):
    """x repeated as a whole, reps[k] times along axis k."""
    reps = tuple(reps) if isinstance(reps, list | tuple) else (reps,)
    ndim = max(len(reps), x.ndim)
    reps = (1,) * (ndim - len(reps)) + reps
    shape = (1,) * (ndim - x.ndim) + tuple(x.shape)
    # (n,) -> (1, n) -> (r, n) -> (r n,), on every axis at once
    pairs = [1 if i % 2 == 0 else shape[i // 2] for i in range(2 * ndim)]
    many = [reps[i // 2] if i % 2 == 0 else shape[i // 2] for i in range(2 * ndim)]
    return reshape(
        broadcast_to(reshape(x, tuple(pairs)), tuple(many)),
        tuple(r * n for r, n in zip(reps, shape)),
    )


def meshgrid(*arrays, indexing="xy"):
    """A grid from its axes: one array of coordinates for each of them.  Returns a tuple."""
    lengths = [a.size for a in arrays]
    swap = indexing == "xy" and len(arrays) > 1
    if swap:
        lengths[:2] = lengths[1], lengths[0]
    grids = []
    for i, a in enumerate(arrays):
        axis = 1 - i if swap and i < 2 else i
        along = [a.size if k == axis else 1 for k in range(len(arrays))]
        grids.append(broadcast_to(reshape(a, tuple(along)), tuple(lengths)))
    return tuple(grids)


@op
def astype(x, dtype):
    """The elements in another dtype.  To integers there is no derivative."""
    if np.dtype(dtype).kind not in "fiub":
        raise complete(TypeError(f"a tensor holds floats, whole numbers or bools, not {dtype}"))
    return x.astype(dtype)


astype.vjp(x=lambda g: g)  # the engine casts the gradient back


@op
def copy(x):
    """The same values in memory of their own."""
    return x.copy()


copy.vjp(x=lambda g: g)


@op
def transfer(x, device, source):
    """x on another device, `source` being the one it is on."""
    return backend.array(x, device=device)


transfer.vjp(x=lambda g, device, source: transfer(g, source, device))


@op
def zeros_like(x):
    """Zeros of the shape and dtype of x."""
    return backend.zeros(x.shape, x.dtype, x)


zeros_like.vjp(x=lambda g: g * 0.0)


@op(list_of="arrays")
def concatenate(arrays, axis=0):
    """The arrays one after another along an axis that exists; axis=None flattens them first."""
    return np.concatenate(arrays, axis=axis)


def _concatenate_rule(g, arrays_shape, axis):
    if axis is None:
        ends = list(itertools.accumulate(math.prod(s) for s in arrays_shape))
        return [reshape(part, s) for part, s in zip(split(g, ends[:-1]), arrays_shape)]
    ends = list(itertools.accumulate(s[axis] for s in arrays_shape))
    return list(split(g, ends[:-1], axis))


concatenate.vjp(arrays=_concatenate_rule)


@op(list_of="arrays")
def stack(arrays, axis=0):
    """The arrays, all of one shape, one after another along a new axis."""
    return np.stack(arrays, axis=axis)


stack.vjp(arrays=lambda g, axis: [squeeze(part, axis) for part in split(g, g.shape[axis], axis)])


@op
def split(x, indices_or_sections, axis=0):
    """Pieces along an axis: so many equal ones, or cut before the given indices.  Returns a tuple.

    As in NumPy, split(x, 2) gives two pieces; in PyTorch it gives pieces of length two.
    """
    return tuple(np.split(x, indices_or_sections, axis))


def _split_rule(g, y, axis):
    # A piece that nothing used has no gradient: zeros stand in for it.
    return concatenate([zeros_like(y_i) if g_i is None else g_i for g_i, y_i in zip(g, y)], axis)


split.vjp(x=_split_rule)


def array_split(x, indices_or_sections, axis=0):
    """As split, but so many pieces need not be equal: the first ones are longer by one."""
    axis = checked_axis("array_split", axis, x.shape)
    if isinstance(indices_or_sections, int):
        short, longer = divmod(x.shape[axis], indices_or_sections)
        lengths = [short + (i < longer) for i in range(indices_or_sections)]
        indices_or_sections = list(itertools.accumulate(lengths))[:-1]
    return split(x, indices_or_sections, axis)


@op
def flip(x, axis=None):
    """The order of the elements reversed along `axis`, or along all axes."""
    return np.flip(x, axis)


flip.vjp(x=lambda g, axis: flip(g, axis))


@op
def roll(x, shift, axis=None):
    """The elements moved on by `shift`; what leaves at the end comes back at the beginning."""
    return np.roll(x, shift, axis)


def _roll_back(g, shift, axis):
    return roll(g, tuple(-n for n in shift) if isinstance(shift, tuple) else -shift, axis)


roll.vjp(x=_roll_back)


@op
def rot90(x, k=1, axes=(0, 1)):
    """Turned by k right angles, from the first of `axes` towards the second."""
    return np.rot90(x, k, axes)


rot90.vjp(x=lambda g, k, axes: rot90(g, -k, axes))


@op
def tril(x, k=0):
    """The lower triangle of the last two axes, up to diagonal k; zeros above."""
    return np.tril(x, k)


tril.vjp(x=lambda g, k: tril(g, k))


@op
def triu(x, k=0):
    """The upper triangle of the last two axes, from diagonal k; zeros below."""
    return np.triu(x, k)


triu.vjp(x=lambda g, k: triu(g, k))


@op
def diagonal(x, offset=0, axis1=0, axis2=1):
    """The diagonal of two axes, as the last axis of the result."""
    return np.diagonal(x, offset, axis1, axis2)


@op
def fill_diagonal(x, shape, offset=0, axis1=0, axis2=1):
    """Zeros of `shape` with x on the diagonal of two axes: the adjoint of `diagonal`."""
    out = backend.zeros(shape, x.dtype, x)
    rows = backend.xp(x).arange(x.shape[-1])
    view = np.moveaxis(out, (axis1, axis2), (-2, -1))
    view[..., rows + max(-offset, 0), rows + max(offset, 0)] = x
    return out


diagonal.vjp(
    x=lambda g, x_shape, offset, axis1, axis2: fill_diagonal(g, x_shape, offset, axis1, axis2)
)
fill_diagonal.vjp(x=lambda g, offset, axis1, axis2: diagonal(g, offset, axis1, axis2))


def diag(x, k=0):
    """A matrix with the vector x on diagonal k; of a matrix, its diagonal k."""
    if x.ndim == 2:
        return diagonal(x, k)
    n = x.shape[0] + abs(k)
    return fill_diagonal(x, (n, n), k)
