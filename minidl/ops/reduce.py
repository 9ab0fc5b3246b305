"""Reductions: many elements to one, along axes.

The rule of each puts the gradient back on the axes that went away.  `axis` is None (all), a number
or a tuple; `keepdims` leaves axes of length 1 in place of those that went.
"""

from __future__ import annotations

import math

import numpy as np

from ..graph import op
from .elementwise import exp, where
from .shape import broadcast_to, reshape


def axes_of(axis: int | tuple[int, ...] | None, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction removes, as numbers from 0."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,))) if ndim else ()


def kept_shape(shape: tuple[int, ...], axis: int | tuple[int, ...] | None) -> tuple[int, ...]:
    """The shape that the result would have with keepdims=True."""
    gone = axes_of(axis, len(shape))
    return tuple(1 if i in gone else n for i, n in enumerate(shape))


def count(shape: tuple[int, ...], axis: int | tuple[int, ...] | None) -> int:
    """How many elements are reduced to one."""
    return math.prod(shape[i] for i in axes_of(axis, len(shape)))


def spread(g, shape, axis):
    """g back on the axes that a reduction of `shape` removed, each element repeated."""
    return broadcast_to(reshape(g, kept_shape(shape, axis)), shape)


@op
def sum(x, axis=None, keepdims=False):
    """The sum along `axis`."""
    return np.sum(x, axis=axis, keepdims=keepdims)


sum.vjp(x=lambda g, x_shape, axis: spread(g, x_shape, axis))


@op
def mean(x, axis=None, keepdims=False):
    """The mean along `axis`."""
    return np.mean(x, axis=axis, keepdims=keepdims)


mean.vjp(x=lambda g, x_shape, axis: spread(g / float(count(x_shape, axis)), x_shape, axis))


@op
def var(x, axis=None, ddof=0, keepdims=False):
    """The variance: the sum of squared deviations from the mean, divided by n - ddof.

    ddof = 0 as in NumPy; PyTorch's default is 1.
    """
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _var_x(g, x, axis, ddof):
    # d/dx_i sum_j (x_j - m)^2 / (n - ddof) = 2 (x_i - m) / (n - ddof)
    scale = 2.0 / (count(x.shape, axis) - ddof)
    return spread(g, x.shape, axis) * (scale * (x - mean(x, axis, True)))


var.vjp(x=_var_x)


@op
def std(x, axis=None, ddof=0, keepdims=False):
    """The square root of the variance, with ddof = 0 (PyTorch: 1).  At 0 its gradient is 0."""
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _std_x(g, x, y, axis, ddof):
    # d sqrt(v)/dx = dv/dx / (2 sqrt(v)), and 0 where the deviation is 0
    flat = y == 0
    factor = where(flat, 0.0, g / where(flat, 1.0, y))
    deviation = x - mean(x, axis, True)
    return spread(factor, x.shape, axis) * deviation / float(count(x.shape, axis) - ddof)


std.vjp(x=_std_x)


def _extreme_rule(g, x, y, axis):
    """The gradient of max or min: shared evenly by all elements that equal it."""
    hit = x == spread(y, x.shape, axis)
    share = sum(where(hit, 1.0, 0.0).astype(g.dtype), axis, True)
    return where(hit, spread(g, x.shape, axis) / share, 0.0)


@op
def max(x, axis=None, keepdims=False):
    """The largest element along `axis`.  Equal ones share the gradient evenly."""
    return np.max(x, axis=axis, keepdims=keepdims)


max.vjp(x=_extreme_rule)


@op
def min(x, axis=None, keepdims=False):
    """The smallest element along `axis`.  Equal ones share the gradient evenly."""
    return np.min(x, axis=axis, keepdims=keepdims)


min.vjp(x=_extreme_rule)


@op
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(e^x)) along `axis`, without overflow; -inf where all are -inf."""
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    with np.errstate(divide="ignore"):
        y = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return (
        y
        if keepdims
        else np.reshape(y, [n for i, n in enumerate(x.shape) if i not in axes_of(axis, x.ndim)])
    )


# The gradient is the softmax: e^(x - y)
logsumexp.vjp(x=lambda g, x, y, axis: spread(g, x.shape, axis) * exp(x - spread(y, x.shape, axis)))


@op
def argmax(x, axis=None, keepdims=False):
    """The index of the first largest element along `axis`.  It has no derivative."""
    return np.argmax(x, axis=axis, keepdims=keepdims)


@op
def argmin(x, axis=None, keepdims=False):
    """The index of the first smallest element along `axis`.  It has no derivative."""
    return np.argmin(x, axis=axis, keepdims=keepdims)


@op
def all(x, axis=None, keepdims=False):
    """Whether all elements along `axis` are true."""
    return np.all(x, axis=axis, keepdims=keepdims)


@op
def any(x, axis=None, keepdims=False):
    """Whether any element along `axis` is true."""
    return np.any(x, axis=axis, keepdims=keepdims)
