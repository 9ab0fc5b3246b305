"""What a sliding window sees.  Each reference looks up the elements, place by place."""

import itertools
from functools import partial

import numpy as np

from minidl.ops import sliding
from minidl.ops.windows import window

from .row import Row, case, distinct, generator, normal

random = generator("sliding")
x = partial(normal, random)
linear = partial(Row, analytic=True, linear=True)

# (N, C, *size), kernel, stride, padding, dilation
WINDOWS = [
    ((2, 1, 5), (2,), 2, 0, 1),
    ((1, 2, 4), (3,), 1, 1, 2),
    ((2, 2, 4, 6), (2, 2), 2, 0, 1),
    ((1, 2, 5, 4), (3, 2), (2, 1), 1, (1, 2)),
    ((1, 1, 3, 4), (1, 2), (2, 3), 0, 1),
    ((1, 2, 2, 3, 4), (2, 1, 3), 1, (0, 0, 1), 1),
]


def elements(size, w):
    """For each place and each tap the number of the element there, in the padded array."""
    numbers = np.arange(np.prod(w.padded(size))).reshape(w.padded(size))
    seen = [
        [
            numbers[tuple(np.multiply(place, w.stride) + np.multiply(tap, w.dilation))]
            for tap in itertools.product(*map(range, w.kernel))
        ]
        for place in itertools.product(*map(range, w.places(size)))
    ]
    return np.array(seen)


def seen(x, w, value):
    """(N, C, places, taps), with `value` for padding."""
    padded = np.pad(x, [(0, 0), (0, 0), *w.padding], constant_values=value)
    return padded.reshape(*x.shape[:2], -1)[..., elements(x.shape[2:], w)]


def added(z, size, w):
    """z (N, C, places, taps), each added to the element that it is of."""
    padded = np.zeros((*z.shape[:2], np.prod(w.padded(size))))
    np.add.at(padded, (slice(None), slice(None), elements(size, w)), z)
    return padded.reshape(*z.shape[:2], *w.padded(size))[(..., *w.inside(size))]


def maximum(x, w):
    """The first of the largest, and its tap."""
    all_seen, shape = seen(x, w, -np.inf), (*x.shape[:2], *w.places(x.shape[2:]))
    tap = all_seen.argmax(axis=-1).astype(np.uint8)
    return all_seen.max(axis=-1).reshape(shape), tap.reshape(shape)


def read_at(x, tap, w):
    """The element under each tap."""
    all_seen, where = seen(x, w, 0.0), tap.reshape(*tap.shape[:2], -1, 1)
    return np.take_along_axis(all_seen, where, -1).reshape(tap.shape)


def added_at(z, tap, size, w):
    """Each z added under its tap."""
    hit = tap.reshape(*tap.shape[:2], -1, 1) == np.arange(np.prod(w.kernel))
    return added(z.reshape(*z.shape[:2], -1, 1) * hit, size, w)


def spread(z, size, w):
    """Each z added under every tap."""
    every = z.reshape(*z.shape[:2], -1, 1).repeat(np.prod(w.kernel), axis=-1)
    return added(every, size, w)


def in_columns(x, w):
    """Channels, then taps, by places."""
    return seen(x, w, 0.0).swapaxes(2, 3).reshape(len(x), -1, np.prod(w.places(x.shape[2:])))


def from_columns(columns, size, w):
    """The adjoint of `in_columns`."""
    parts = columns.reshape(len(columns), -1, np.prod(w.kernel), columns.shape[-1])
    return added(parts.swapaxes(2, 3), size, w)


def layer(images, *how):
    """The shape of the images, the window, numbers for each place, and a tap for each."""
    w = window("test", *how)
    z = x((*images[:2], *w.places(images[2:])))
    return images, w, z, random.integers(0, np.prod(w.kernel), z.shape)


layers = [layer(*given) for given in WINDOWS]

ROWS = [
    Row(
        sliding.max_pool,
        maximum,
        [case(distinct(random, images), w) for images, w, _, _ in layers],
        rounding=0,
    ),
    linear(
        sliding.at_taps,
        read_at,
        [case(x(images), tap, w) for images, w, _, tap in layers],
        rounding=0,
    ),
    linear(
        sliding.to_taps, added_at, [case(z, tap, images[2:], w) for images, w, z, tap in layers]
    ),
    linear(
        sliding.window_sum,
        lambda x, w: seen(x, w, 0.0).sum(axis=-1).reshape(*x.shape[:2], *w.places(x.shape[2:])),
        [case(x(images), w) for images, w, _, _ in layers],
    ),
    linear(sliding.window_spread, spread, [case(z, images[2:], w) for images, w, z, _ in layers]),
    linear(
        sliding.unfold_windows,
        in_columns,
        [case(x(images), w) for images, w, _, _ in layers],
        rounding=0,
    ),
    linear(
        sliding.fold_windows,
        from_columns,
        [case(x(in_columns(x(images), w).shape), images[2:], w) for images, w, _, _ in layers],
    ),
]
