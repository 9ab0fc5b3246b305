"""Correlation over any number of axes, and its two adjoints: one form, read in three ways.

Take images x (N, C, *size), kernels w (F, C, *kernel), and z with the shape that the result will
have, (N, F, *places).  With stride s, dilation d and padding p, and x = 0 beyond its ends, let

    T(x, w, z) = sum over n, f, o, c, k of  z[n, f, o]  w[f, c, k]  x[n, c, s o + d k - p]

where o runs over the places of the window and k over the taps of the kernel.  T is linear in each
of its three arguments, so the gradient in one of them is a function of the other two:

    correlation(x, w)        = dT/dz    what networks call convolution
    correlation_input(z, w)  = dT/dx    its adjoint in x, the transposed convolution
    correlation_weight(x, z) = dT/dw    its adjoint in w

All derivatives follow.  Let y = correlation(x, w), and let g = dL/dy arrive.  If x or w changes, L
changes by <g, change of y>, which is the change of T(x, w, g); so dL/dx = correlation_input(g, w)
and dL/dw = correlation_weight(x, g).  The same holds for the other two: whichever of the three is
computed, the gradient that arrives takes its place in T, and the rules are the other two.

The sum over c and k is a product of matrices.  Each place of the window gives a row, the elements
that are seen from there (im2col), and each kernel a column:

    place 0    x x x x x x x x x         w w
    place 1    x x x x x x x x x    @    w w    =    y (places, F)
    ...                                  . .

The rows repeat each element of x as often as it is seen, so they are made for a few images at a
time and used while they are in the cache.  In memory the channels are the last axis, both in the
rows and in what is returned (whose shape is (N, F, *places) nevertheless): then rows are copied in
long runs, and the product comes out in the order in which it is kept.

Chellapilla et al. 2006, "High performance convolutional neural networks for document processing".
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from ..graph import op
from .blocks import block_bytes, in_blocks

# ------------------------------------------------------------------- the form, open at each end


@op
def correlation(x, weight, bias, window, groups):
    """y[n, f, o] = bias[f] + sum over c, k of weight[f, c, k] x[n, c, s o + d k - p].

    x: (N, C, *size), weight: (F, C / groups, *kernel), bias: (F,) or None.  With groups, so many
    correlations stand side by side, each from its share of the C channels to its share of the F.
    Returns (N, F, *places), channels last in memory.
    """
    places = window.places(x.shape[2:])
    images, matrix = np.moveaxis(x, 1, -1), _matrix(weight, groups)
    y = np.empty_like(x, order="C", shape=(len(x), *places, len(weight)))
    if bias is not None:  # spelled out for a whole image, it is added in one long run
        bias = np.broadcast_to(bias, y.shape[1:]).copy()

    def work(blocks):
        for block, strip, seen in _seen(images, blocks, window, places, groups):
            out = y[block][:, strip]
            np.matmul(seen, matrix, out=_rows(out, groups))
            if bias is not None:
                out += bias[strip]

    bytes_each = _bytes(x.shape[1], len(weight), window, places, x)
    in_blocks(work, len(x), bytes_each, x, products=True)
    return np.moveaxis(y, -1, 1)


@op
def correlation_input(z, weight, size, window, groups):
    """x[n, c, s o + d k - p] += sum over f of z[n, f, o] weight[f, c, k], for all o and k.

    z: (N, F, *places), weight: (F, C / groups, *kernel), size: the lengths of x's axes.
    Returns (N, C, *size), channels last in memory.
    """
    reverse = _reversed(window)
    if reverse is not None:
        return correlation(z, _flipped(weight, groups), None, reverse, groups)
    places, channels = z.shape[2:], weight.shape[1] * groups
    results, matrices = np.moveaxis(z, 1, -1), _by_tap(weight, groups)
    taps = window.taps(places)
    x = np.empty_like(z, order="C", shape=(len(z), *size, channels))

    def work(blocks):
        for block in blocks:
            rows, n = _rows(results[block], groups), len(x[block])
            padded = np.zeros_like(x, shape=(n, *window.padded(size), channels))
            for matrix, seen in zip(matrices, taps):
                product = np.matmul(rows, matrix).swapaxes(0, 1)
                padded[(slice(None), *seen)] += product.reshape(n, *places, channels)
            x[block] = padded[(slice(None), *window.inside(size))]

    bytes_each = _bytes(channels, len(weight), window, places, z)
    in_blocks(work, len(z), bytes_each, z, products=True)
    return np.moveaxis(x, -1, 1)


@op
def correlation_weight(x, z, window, groups):
    """w[f, c, k] = sum over n, o of z[n, f, o] x[n, c, s o + d k - p].

    x: (N, C, *size), z: (N, F, *places).  Returns (F, C / groups, *kernel).
    """
    f, c, places = z.shape[1], x.shape[1] // groups, z.shape[2:]
    images, results = np.moveaxis(x, 1, -1), np.moveaxis(z, 1, -1)
    zeros = np.zeros_like(x, order="C", shape=(groups, f // groups, math.prod(window.kernel) * c))

    def work(blocks):
        total = zeros.copy()
        for block, strip, seen in _seen(images, blocks, window, places, groups):
            total += np.matmul(_rows(results[block][:, strip], groups).swapaxes(1, 2), seen)
        return total

    bytes_each = _bytes(x.shape[1], f, window, places, x)
    parts = in_blocks(work, len(x), bytes_each, x, products=True)
    return np.moveaxis(sum(parts, zeros).reshape(f, *window.kernel, c), -1, 1).copy()


# The gradient that arrives takes the place of what was computed.
correlation.vjp(
    x=lambda g, weight, x_shape, window, groups: correlation_input(
        g, weight, x_shape[2:], window, groups
    ),
    weight=lambda g, x, window, groups: correlation_weight(x, g, window, groups),
    bias=lambda g: g.sum(axis=0).sum(axis=tuple(range(1, g.ndim - 1))),
)
correlation_input.vjp(
    z=lambda g, weight, window, groups: correlation(g, weight, None, window, groups),
    weight=lambda g, z, window, groups: correlation_weight(g, z, window, groups),
)
correlation_weight.vjp(
    x=lambda g, z, x_shape, window, groups: correlation_input(z, g, x_shape[2:], window, groups),
    z=lambda g, x, window, groups: correlation(x, g, None, window, groups),
)


# ------------------------------------------------------------------ images and kernels as matrices


def _seen(images, blocks, window, places, groups):
    """What is seen from each place, as the rows of a matrix; of a large image, strip by strip.

    images: (N, *size, C).  Yields a block, a strip, which is a slice of the first axis of places,
    and its rows, (groups, n * places in the strip, kernel * C / groups).  All rows are written to
    the same memory, one after the other, for that is in the cache already.
    """
    if window.copies:
        yield from ((block, slice(None), _rows(images[block], groups)) for block in blocks)
        return
    d, few, memory = len(places), images.shape[-1] < 4 * groups, None
    place, tap, group, channel = range(1, d + 1), range(d + 1, 2 * d + 1), 2 * d + 1, 2 * d + 2
    # if there are few channels, the long runs in memory are not over them, but over places
    order = (group, *tap, channel, 0, *place) if few else (group, 0, *place, *tap, channel)
    for block, views in _views(images, blocks, window, places, few):
        views = views.reshape(*views.shape[:-1], groups, -1)
        for strip in _strips(views, places[0]):
            part = views[:, strip]
            if memory is None:  # the first is the largest
                memory = np.empty_like(images, order="C", shape=part.size)
            rows = memory[: part.size].reshape([part.shape[axis] for axis in order])
            rows[...] = part.transpose(order)
            count = math.prod(part.shape[: d + 1])
            if few:
                yield block, strip, rows.reshape(groups, -1, count).swapaxes(1, 2)
            else:
                yield block, strip, rows.reshape(groups, count, -1)


def _strips(views, height):
    """Slices of `height`: one, unless the block is a single image that is too large for it."""
    pieces = 1 if len(views) > 1 else -(-views.size * views.itemsize // block_bytes(views))
    rows = -(-height // pieces)
    return [slice(start, min(start + rows, height)) for start in range(0, height, rows)]


def _views(images, blocks, window, places, few):
    """For each block, what each place sees, without a copy: (n, *places, *kernel, C)."""
    if not any(map(any, window.padding)) and (few or images.flags.c_contiguous):
        views = window.views(images, places)
        yield from ((block, views[block]) for block in blocks)
        return
    # one block after the other is written inside the same padding; the first is the longest
    first, (_, *size, channels) = images[blocks[0]], images.shape
    shape = len(first), *window.padded(size), channels
    padded = np.zeros_like(first, order="K" if few else "C", shape=shape)
    views = window.views(padded, places)
    for block in blocks:
        n = block.stop - block.start
        padded[(slice(n), *window.inside(size))] = images[block]
        yield block, views[:n]


def _rows(z, groups):
    """The channels at each place, as rows: (n, *places, F) to (groups, n * places, F / groups)."""
    return z.reshape(-1, groups, z.shape[-1] // groups).swapaxes(0, 1)


def _matrix(weight, groups):
    """A column for each kernel: (F, c, *kernel) to (groups, kernel * c, F / groups)."""
    columns = np.moveaxis(weight, 1, -1).reshape(groups, len(weight) // groups, -1)
    return columns.swapaxes(1, 2)


def _by_tap(weight, groups):
    """A matrix for each tap: (F, c, *kernel) to (kernel, groups, F / groups, c)."""
    f, c = weight.shape[:2]
    return np.moveaxis(weight, (0, 1), (-2, -1)).reshape(-1, groups, f // groups, c)


def _bytes(c, f, window, places, like):
    """The memory that the matrices of one image take."""
    return math.prod(places) * (math.prod(window.kernel) * c + f) * like.itemsize


# ------------------------------------------ with stride 1, the adjoint is a correlation once more

# Element i of x is then seen from the places o = i + p - d k.  Taps counted from the other end,
# k' = K - 1 - k, put it as o = i + d k' - (d (K - 1) - p): a window that slides over z, with the
# kernel turned around and another padding.  One product with a large matrix is faster than one for
# each tap, and must give the same.


def _reversed(window):
    """The window that slides over z; None if there is a stride, or its padding were negative."""
    padding = tuple(
        (reach - before, reach - after)
        for reach, (before, after) in zip(window.reach, window.padding)
    )
    if set(window.stride) != {1} or any(min(ends) < 0 for ends in padding):
        return None
    return dataclasses.replace(window, padding=padding)


def _flipped(weight, groups):
    """The kernels turned around, from F to C: (F, c, *kernel) to (C, F / groups, *kernel)."""
    f, c, *kernel = weight.shape
    turned = np.flip(weight, axis=tuple(range(2, weight.ndim)))
    pairs = turned.reshape(groups, f // groups, c, *kernel).swapaxes(1, 2)
    return pairs.reshape(groups * c, f // groups, *kernel)
