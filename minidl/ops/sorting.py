"""Order: sorting and what follows from it.

The order itself has no derivative.  What is sorted is read by index, and passes its gradient back.
"""

from __future__ import annotations

import numpy as np

from .. import backend
from ..complaints import checked_axis
from ..graph import Tensor, op
from .choices import isnan, where
from .indexing import getitem, plain_index, take, take_along_axis
from .reduce import axes_of
from .shape import expand_dims, moveaxis, reshape


@op
def argsort(x, axis=-1):
    """The indices that sort x along `axis`; equal elements keep their order."""
    return np.argsort(x, axis=axis, kind="stable")


def sort(x, axis=-1):
    """x sorted along `axis`, smallest first (a new tensor, also as a method)."""
    if axis is None:
        x, axis = reshape(x, -1), 0
    axis = checked_axis("sort", axis, x.shape)
    return take_along_axis(x, argsort(x, axis), axis)


def topk(x, k, axis=-1, largest=True):
    """The k largest (or smallest) elements along `axis`, in order, and their indices."""
    axis = checked_axis("topk", axis, x.shape)
    n = x.shape[axis]
    if not 0 <= k <= n:
        raise ValueError(f"topk: k = {k}, but axis {axis} has length {n}: k must be 0 to {n}")
    order = argsort(-x if largest else x, axis)
    indices = getitem(order, (slice(None),) * axis + (slice(0, k),))
    return take_along_axis(x, indices, axis), indices


@op
def searchsorted(a, v, side="left"):
    """Where each v would have to go for the sorted a to stay sorted."""
    return np.searchsorted(a, v, side=side)


def unique(x):
    """The different values of x, sorted.  The gradient of each goes to its first occurrence."""
    flat = reshape(x, -1)
    array = flat.data if isinstance(flat, Tensor) else flat
    _, first = np.unique(array, return_index=True)
    return getitem(flat, first)


def quantile(x, q, axis=None, keepdims=False):
    """The value below which a share q of the elements along `axis` lies, 0 <= q <= 1.

    Between two elements it interpolates linearly, as NumPy's default.  q: a number, or an array,
    whose axes come first in the result.  NaN among the elements gives NaN.
    """
    shares = np.asarray(q, dtype=float)
    if shares.size and not (shares.min() >= 0 and shares.max() <= 1):
        raise ValueError(f"quantile: q = {q}, but shares lie between 0 and 1 (not percent)")
    gone = axes_of(axis, x.ndim)
    last = moveaxis(x, gone, tuple(range(-len(gone), 0))) if gone else x
    ordered = sort(reshape(last, (*last.shape[: x.ndim - len(gone)], -1)), -1)
    position = shares * (ordered.shape[-1] - 1)
    below = np.floor(position).astype(int)
    weight = backend.array((position - below).astype(x.dtype), device=backend.device_of(_array(x)))
    lower = take(ordered, below, -1)
    upper = take(ordered, np.minimum(below + 1, ordered.shape[-1] - 1), -1)
    spoilt = isnan(take(ordered, -1, -1))
    for _ in range(shares.ndim):
        spoilt = expand_dims(spoilt, -1)
    result = where(spoilt, np.nan, lower + (upper - lower) * weight)
    if shares.ndim:
        axes = tuple(range(result.ndim))
        result = moveaxis(result, axes[-shares.ndim :], axes[: shares.ndim])
    if keepdims:
        kept = tuple(1 if i in gone else n for i, n in enumerate(x.shape))
        result = reshape(result, shares.shape + kept)
    return result


def median(x, axis=None, keepdims=False):
    """The middle element along `axis`, or the mean of the two in the middle."""
    return quantile(x, 0.5, axis, keepdims)


def _array(x):
    return plain_index(x) if isinstance(x, Tensor) else x
