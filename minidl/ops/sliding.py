"""What a sliding window sees: its maximum, its sum, or all of it.

All is computed tap by tap.  What lies under one tap of the window at all places at once is a slice
of the input, so a window of K elements takes K operations on large arrays:

    the slices a, b, c, d of an image             a b a b        maximum(a, b, c, d)
    under a window of 2 x 2 with stride 2         c d c d        a + b + c + d
                                                  a b a b        stack(a, b, c, d)

The sum and the stack are linear, and each has its adjoint beside it.  The maximum notes the number
of the tap where it was found.  Given these numbers it is linear too: `at_taps` reads there, and its
adjoint `to_taps` adds there.  Each pair is closed under differentiation.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from ..graph import op
from .blocks import in_blocks

# ------------------------------------------------------------------------------------- maximum


@op
def max_pool(x, window):
    """The largest element under the window at each place, and the number of its tap.

    x: (N, C, *size), with -inf for padding.  Returns (N, C, *places) twice.  Of equal elements the
    first one, in the order of the axes, is taken, and it has all of the gradient.
    """
    places = window.places(x.shape[2:])
    number = np.min_scalar_type(math.prod(window.kernel) - 1)
    y = np.empty_like(x, shape=(*x.shape[:2], *places))
    tap = np.empty_like(y, dtype=number)
    first, *others = window.taps(places)

    def work(blocks):
        for block in blocks:
            padded = window.pad(x[block], first=2, value=-math.inf)
            best, at = y[block], tap[block]
            best[...], at[...] = padded[(..., *first)], 0
            for k, seen in enumerate(others, 1):
                value = padded[(..., *seen)]
                better = (value > best).view(np.uint8)  # 0 or 1
                np.maximum(at, better * number.type(k), out=at)  # k grows from tap to tap
                np.maximum(best, value, out=best)

    in_blocks(work, len(x), _bytes(x), x)
    return y, tap


max_pool.vjp(x=lambda g, y, x_shape, window: to_taps(g[0], y[1], x_shape[2:], window))


@op
def to_taps(z, tap, size, window):
    """Each z added to the element that lies under its tap: (N, C, *places) to (N, C, *size)."""
    x = np.empty_like(tap, dtype=z.dtype, shape=(*z.shape[:2], *size))
    taps = window.taps(z.shape[2:])

    def work(blocks):
        for block in blocks:
            at = tap[block]
            values = np.empty_like(at, dtype=z.dtype)  # z in memory in the order of the taps
            values[...] = z[block]
            hits = (values * (at == k) for k in range(len(taps)))
            _add_up(hits, x[block], window, taps)

    in_blocks(work, len(z), _bytes(x), z)
    return x


def _add_up(parts, x, window, taps):
    """x = the sum of one part for each tap, put where that tap lies at all places."""
    padded = x
    if any(map(any, window.padding)):
        padded = np.empty_like(x, shape=(*x.shape[:2], *window.padded(x.shape[2:])))
    padded[...] = 0  # there may be elements that no place sees
    for seen, part in zip(taps, parts):
        if window.overlaps:
            padded[(..., *seen)] += part
        else:
            padded[(..., *seen)] = part
    if padded is not x:
        x[...] = padded[(..., *window.inside(x.shape[2:]))]


@op
def at_taps(x, tap, window):
    """For each place the element under its tap: (N, C, *size) to (N, C, *places)."""
    padded = window.pad(x, first=2)
    y = np.zeros_like(tap, dtype=x.dtype)
    for k, seen in enumerate(window.taps(tap.shape[2:])):
        y += padded[(..., *seen)] * (tap == k)
    return y


to_taps.vjp(z=lambda g, tap, window: at_taps(g, tap, window))
at_taps.vjp(x=lambda g, tap, x_shape, window: to_taps(g, tap, x_shape[2:], window))


def _bytes(x):
    """The memory of one image, and again as much to work in."""
    return 2 * math.prod(x.shape[1:]) * x.itemsize


# ----------------------------------------------------------------------------------------- sum


@op
def window_sum(x, window):
    """The sum of the elements under the window at each place: (N, C, *size) to (N, C, *places)."""
    places = window.places(x.shape[2:])
    y = np.empty_like(x, shape=(*x.shape[:2], *places))
    taps = window.taps(places)

    def work(blocks):
        for block in blocks:
            padded, out = window.pad(x[block], first=2), y[block]
            out[...] = 0
            for seen in taps:
                out += padded[(..., *seen)]

    in_blocks(work, len(x), _bytes(x), x)
    return y


@op
def window_spread(z, size, window):
    """Each z added to all elements under the window at its place: back to (N, C, *size)."""
    x = np.empty_like(z, shape=(*z.shape[:2], *size))
    taps = window.taps(z.shape[2:])

    def work(blocks):
        for block in blocks:
            _add_up(itertools.repeat(z[block]), x[block], window, taps)

    in_blocks(work, len(z), _bytes(x), z)
    return x


window_sum.vjp(x=lambda g, x_shape, window: window_spread(g, x_shape[2:], window))
window_spread.vjp(z=lambda g, window: window_sum(g, window))


# --------------------------------------------------------------------------------------- stack


@op
def unfold_windows(x, window):
    """What is seen from each place, in columns: (N, C, *size) to (N, C * kernel, places)."""
    places = window.places(x.shape[2:])
    padded = window.pad(x, first=2)
    seen = np.stack([padded[(..., *seen)] for seen in window.taps(places)], axis=2)
    return seen.reshape(len(x), -1, math.prod(places))


@op
def fold_windows(columns, size, window):
    """Each column added to what its place sees: (N, C * kernel, places) to (N, C, *size)."""
    places, count = window.places(size), math.prod(window.kernel)
    parts = columns.reshape(len(columns), -1, count, *places)
    x = np.empty_like(columns, shape=(*parts.shape[:2], *size))
    _add_up((parts[:, :, k] for k in range(count)), x, window, window.taps(places))
    return x


unfold_windows.vjp(x=lambda g, x_shape, window: fold_windows(g, x_shape[2:], window))
fold_windows.vjp(columns=lambda g, window: unfold_windows(g, window))
