"""Operations that move elements without changing them: shapes, axes, joins, pieces.

Each is linear, so its rule is its adjoint: the move undone, with a sum wherever an element was used
more than once.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from .. import backend
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


@op
def astype(x, dtype):
    """The elements in another dtype.  To integers there is no derivative."""
    return x.astype(dtype)


astype.vjp(x=lambda g: g)  # the engine casts the gradient back


@op
def copy(x):
    """The same values in memory of their own."""
    return x.copy()


copy.vjp(x=lambda g: g)


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


@op
def flip(x, axis=None):
    """The order of the elements reversed along `axis`, or along all axes."""
    return np.flip(x, axis)


flip.vjp(x=lambda g, axis: flip(g, axis))
