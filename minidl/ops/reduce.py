"""Reductions: many elements to one, along axes.

The rule of each puts the gradient back on the axes that went away.  `axis` is None (all), a number
or a tuple; `keepdims` leaves axes of length 1 in place of those that went.
"""

from __future__ import annotations

import math

import numpy as np

from .. import backend
from ..graph import Tensor, op
from .choices import isnan, where
from .elementwise import exp
from .shape import broadcast_to, concatenate, flip, reshape, transpose


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
    if axis is not None or isinstance(g, Tensor):
        return broadcast_to(reshape(g, kept_shape(shape, axis)), shape)
    # Of all elements there is one number.  NumPy takes longer to make a small view than to fill it.
    return backend.xp(g).full(shape, g)


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
    # d sqrt(v)/dx = dv/dx / (2 sqrt(v)).  It is 0 where all are equal, which y may not show:
    # the mean of three times 0.1 is rounded, and their deviation from it is 1e-17.
    if x.size == 0:
        return x
    flat = reshape(max(x, axis) == min(x, axis), y.shape)
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
def norm2(x, axis=None, keepdims=False):
    """The Euclidean norm along `axis`: sqrt(sum x^2).  Where it is 0, its derivatives are 0."""
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


def _norm2_x(g, x, y, axis):
    # dy/dx = x / y; at y = 0 the quotient is never formed, so that it spoils no second derivative
    zero = y == 0
    return spread(where(zero, 0.0, g / where(zero, 1.0, y)), x.shape, axis) * x


norm2.vjp(x=_norm2_x)


@op
def prod(x, axis=None, keepdims=False):
    """The product along `axis`.  Zeros are no exception for its derivatives, of any order."""
    return np.prod(x, axis=axis, keepdims=keepdims)


def _product_of_others(x):
    """For each element along the last axis, the product of the others; no division.

    Pair up neighbours: the others of an element are its partner and the others of its pair.
    """
    n = x.shape[-1]
    if n < 2:
        return x * 0.0 + 1.0
    half = n // 2
    left, right, odd = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    pairs = concatenate([left * right, odd], -1)
    others = _product_of_others(pairs)
    of_pairs, of_odd = others[..., :half], others[..., half:]
    return concatenate([of_pairs * right, of_pairs * left, of_odd], -1)


def _prod_x(g, x, axis):
    gone = axes_of(axis, x.ndim)
    stay = tuple(i for i in range(x.ndim) if i not in gone)
    moved = transpose(x, stay + gone)
    others = _product_of_others(reshape(moved, (*moved.shape[: len(stay)], count(x.shape, axis))))
    back = tuple(sorted(range(x.ndim), key=(stay + gone).__getitem__))
    return spread(g, x.shape, axis) * transpose(reshape(others, moved.shape), back)


prod.vjp(x=_prod_x)


def nansum(x, axis=None, keepdims=False):
    """The sum along `axis` of what is not NaN."""
    return sum(where(isnan(x), 0.0, x), axis, keepdims)


# ------------------------------------------------------------------------------ running totals


@op
def cumsum(x, axis=None):
    """The sums of the first 1, 2, ... elements along `axis`; of all, flattened, if it is None."""
    return np.cumsum(x, axis=axis)


def _sums_from_the_end(g, x_shape, axis):
    total = flip(cumsum(flip(g, axis or 0), axis or 0), axis or 0)
    return reshape(total, x_shape)


cumsum.vjp(x=_sums_from_the_end)


@op
def cumprod(x, axis=None):
    """The products of the first 1, 2, ... elements along `axis`, or of all, flattened."""
    return np.cumprod(x, axis=axis)


def _cumprod_x(g, x, y, axis):
    """dL/dx_k = (product of all before k) r_k, where r_k = g_k + x_{k+1} r_{k+1}: no division.

    The recurrence is unrolled by doubling: after s steps r_k holds the terms up to g_{k+s-1}, and
    a_k the product of x_{k+1} ... x_{k+s}.
    """
    shape = x.shape
    x, axis = (x, axis % x.ndim) if axis is not None and x.ndim else (reshape(x, -1), 0)

    def shifted(t, s, fill):
        """t moved s places towards the front along the axis, or -s towards the end."""
        border = t[_along(axis, slice(0, abs(s)))] * 0.0 + fill
        kept = t[_along(axis, slice(s, None) if s > 0 else slice(None, s))]
        return concatenate([kept, border] if s > 0 else [border, kept], axis)

    n = x.shape[axis]
    r, a, s = g, shifted(x, 1, 0.0), 1
    while s < n:
        r = r + a * shifted(r, s, 0.0)
        a = a * shifted(a, s, 0.0)
        s *= 2
    return reshape(shifted(y, -1, 1.0) * r if n else g, shape)


def _along(axis, index):
    return (slice(None),) * axis + (index,)


cumprod.vjp(x=_cumprod_x)


# ------------------------------------------------------------------ questions: no derivative


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


@op
def count_nonzero(x, axis=None, keepdims=False):
    """How many elements along `axis` are not zero."""
    return np.sum(np.not_equal(x, 0), axis=axis, keepdims=keepdims)  # CuPy's has no keepdims
