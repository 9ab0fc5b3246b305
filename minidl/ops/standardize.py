"""Standardised to mean 0 and variance 1 over some axes, then scaled and shifted by what is learned.

    m = E x    v = E (x - m)^2    r = 1 / sqrt(v + eps)    xhat = (x - m) r    y = w xhat + b

E is the mean over the elements that share m and v, and which these are is all that tells the kinds
apart.  Of images (N, C, H, W) they are

    batch norm       over N, H, W     for each channel: statistics of the batch
    layer norm       over C, H, W     for each example
    instance norm    over H, W        for each example and channel
    group norm       over H, W and a group of channels, for each example

RMS norm is layer norm without m.

The derivative is the same for all.  If x changes by dx, then m by E dx, and v by 2 E (x - m) dx, as
E (x - m) = 0.  So r, which is (v + eps)^(-1/2), changes by -r^3 E (x - m) dx, and xhat by

    dxhat = r (dx - E dx) - (x - m) r^3 E (x - m) dx = r (dx - E dx - xhat E xhat dx)

This map of dx is symmetric, hence it is its own adjoint.  With h = w g, what arrives at xhat,

    dL/dx = r (h - E h - xhat E xhat h)        dL/dw = sum xhat g        dL/db = sum g

In words: h loses its mean, and its part along xhat.  It must, for adding to x, or (but for eps)
multiplying it, does not change xhat.  For RMS norm the term E h is absent.

Ioffe & Szegedy 2015 (arXiv:1502.03167); Ba, Kiros & Hinton 2016 (arXiv:1607.06450); Ulyanov et al.
2016 (arXiv:1607.08022); Wu & He 2018 (arXiv:1803.08494); Zhang & Sennrich 2019 (arXiv:1910.07467).
Notes: `batchnorm`.
"""

from __future__ import annotations

import math

import numpy as np

from ..graph import op
from .blocks import in_blocks
from .elementwise import rsqrt, square
from .reduce import mean
from .shape import reshape

# ------------------------------------------------------------------------- across the batch


@op(aux=True, constant_outputs=(1, 2))
def standardize_batch(x, weight, bias, eps):
    """Standardised over all axes but axis 1: (y, means, variances); only y has a gradient.

    x: (N, C, ...), weight and bias: (C,) or None.  Means and variances (divided by n): (C,).
    """
    axes = (0, *range(2, x.ndim))
    n = math.prod(x.shape[axis] for axis in axes)
    m = _over_blocks(x, lambda block: _sum(axes, x[block])) / n
    centre = _spelled(m, x)

    def squares(block):
        centred = x[block] - centre
        return _sum(axes, centred, centred)

    v = _over_blocks(x, squares) / n
    r = 1.0 / np.sqrt(v + eps)

    # y = w (x - m) r + b = x scale + (b - m scale)
    scale = r if weight is None else r * by_channel(weight, x)
    shift = -m * scale if bias is None else by_channel(bias, x) - m * scale
    y, scale, shift = np.empty_like(x), _spelled(scale, x), _spelled(shift, x)

    def work(blocks):
        for block in blocks:
            out = np.multiply(x[block], scale, out=y[block])
            out += shift

    in_blocks(work, len(x), _bytes(x), x)
    return (y, m.reshape(-1), v.reshape(-1)), (m, r)


@standardize_batch.composite
def _standardize_batch(x, weight, bias, eps):
    axes = (0, *range(2, x.ndim))
    m = mean(x, axes, True)
    v = mean(square(x - m), axes, True)
    y = (x - m) * rsqrt(v + eps)
    y = y if weight is None else y * by_channel(weight, x)
    y = y if bias is None else y + by_channel(bias, x)
    return y, reshape(m, -1), reshape(v, -1)


@standardize_batch.backward("x", "weight", "bias")
def _standardize_batch_backward(g, x, weight, aux, needs):
    (g, _, _), (m, r) = g, aux
    axes, centre = (0, *range(2, x.ndim)), _spelled(m, x)
    n = math.prod(x.shape[axis] for axis in axes)
    sum_g = _over_blocks(x, lambda block: _sum(axes, g[block]))
    sum_xhat_g = r * _over_blocks(x, lambda block: _sum(axes, x[block] - centre, g[block]))
    if not needs[0]:
        return None, sum_xhat_g.reshape(-1), sum_g.reshape(-1)

    # r (h - E h - xhat E xhat h) with h = w g is  a g + c (x - m) + d
    a = r if weight is None else r * by_channel(weight, x)
    c = -a * r * sum_xhat_g / n
    d = -a * sum_g / n
    gx, a, c, d = np.empty_like(x), _spelled(a, x), _spelled(c, x), _spelled(d - c * m, x)

    def work(blocks):
        for block in blocks:
            out = np.multiply(g[block], a, out=gx[block])
            rest = x[block] * c
            rest += d
            out += rest

    in_blocks(work, len(x), _bytes(x), x)
    return gx, sum_xhat_g.reshape(-1), sum_g.reshape(-1)


# ---------------------------------------------------------------------- within each example


@op(aux=True)
def standardize(x, weight, bias, axes, eps, centre=True):
    """Each example standardised over `axes`, with a mean or without, then scaled and shifted.

    x: (N, ...), axes: some of 1, 2, ...; weight and bias: None, or of a shape that broadcasts to
    an example's.  centre: whether to subtract the mean.
    """
    n = math.prod(x.shape[axis] for axis in axes)
    kept = tuple(1 if axis in axes else length for axis, length in enumerate(x.shape))
    y, m, r = np.empty_like(x), np.zeros_like(x, shape=kept), np.empty_like(x, shape=kept)
    w, b = _spelled(weight, x), _spelled(bias, x)

    def work(blocks):
        for block in blocks:
            if centre:
                m[block] = _sum(axes, x[block]) / n
            out = np.subtract(x[block], m[block], out=y[block])
            r[block] = 1.0 / np.sqrt(_sum(axes, out, out) / n + eps)
            out *= r[block]
            if w is not None:
                out *= w
            if b is not None:
                out += b

    in_blocks(work, len(x), _bytes(x), x)
    return y, (m, r)


@standardize.composite
def _standardize(x, weight, bias, axes, eps, centre):
    centred = x - mean(x, axes, True) if centre else x
    y = centred * rsqrt(mean(square(centred), axes, True) + eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


@standardize.backward("x", "weight", "bias")
def _standardize_backward(g, x, weight, axes, centre, aux, needs):
    m, r = aux
    n = math.prod(x.shape[axis] for axis in axes)
    gx, w = np.empty_like(x), _spelled(weight, x)
    zeros = np.zeros_like(x, shape=(1, *x.shape[1:]))

    def work(blocks):
        gw, gb = zeros.copy(), zeros.copy()
        for block in blocks:
            xhat = x[block] - m[block]
            xhat *= r[block]
            if needs[1]:
                gw += _sum((0,), g[block], xhat)
            if needs[2]:
                gb += _sum((0,), g[block])
            if needs[0]:  # r (h - E h - xhat E xhat h)
                h = g[block] if w is None else g[block] * w
                xhat *= _sum(axes, xhat, h) / n
                out = np.subtract(h, xhat, out=gx[block])
                if centre:
                    out -= _sum(axes, h) / n
                out *= r[block]
        return gw, gb

    shares = in_blocks(work, len(x), _bytes(x), x)
    gw, gb = (sum((share[i] for share in shares), zeros) for i in (0, 1))
    return gx, gw[0], gb[0]  # the engine sums over axes along which a weight was broadcast


# ----------------------------------------------------------------------------- for both of them


def _sum(axes, *factors):
    """The sum of a product of arrays over `axes`, which stay with length 1.

    einsum multiplies and adds in one sweep, and never has an array of products.
    """
    letters = "abcdefgh"[: factors[0].ndim]
    left = "".join(letter for axis, letter in enumerate(letters) if axis not in axes)
    total = np.einsum(",".join([letters] * len(factors)) + "->" + left, *factors)
    shape = factors[0].shape
    return total.reshape([1 if axis in axes else n for axis, n in enumerate(shape)])


def _over_blocks(x, part):
    """The sum of part(block) over all blocks of x."""
    work = lambda blocks: sum(part(block) for block in blocks)
    return sum(in_blocks(work, len(x), _bytes(x), x))


def _bytes(x):
    """The memory of one example, in three arrays."""
    return 3 * math.prod(x.shape[1:]) * x.itemsize


def by_channel(values, x):
    """(C,) in a shape that broadcasts to x (N, C, ...)."""
    return reshape(values, (-1, *[1] * (x.ndim - 2)))


def _spelled(values, x):
    """Values that broadcast to an example, spelled out for one, in memory as x; None stays.

    NumPy combines them with each example in one long run, where it would do many short ones.
    """
    if values is None:
        return None
    out = np.empty_like(x, shape=(1, *x.shape[1:]))
    out[...] = values
    return out
