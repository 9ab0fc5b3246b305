"""Correlation and its adjoints.  Each reference goes through the definition, product by product."""

import itertools
from functools import partial

import numpy as np
import scipy.signal

import minidl
from minidl.ops import correlation
from minidl.ops.windows import window

from .row import Row, case, generator, normal

x = partial(normal, generator("convolution"))

# (N, C, *size), (F, C / groups, *kernel), stride, padding, dilation, groups
LAYERS = [
    ((2, 3, 5), (2, 3, 2), 1, 0, 1, 1),
    ((1, 2, 4, 5), (3, 2, 2, 3), 1, 1, 1, 1),
    ((2, 1, 6, 5), (2, 1, 3, 2), (2, 1), (1, 0), 1, 1),
    ((1, 2, 7, 5), (1, 2, 2, 2), 2, 0, (3, 2), 1),
    ((1, 4, 4, 3), (6, 2, 2, 2), 1, 1, 1, 2),
    ((1, 3, 3, 4), (3, 1, 3, 3), 2, 1, 1, 3),
    ((1, 2, 3, 2, 3), (2, 2, 2, 1, 2), 1, (1, 0, 0), 1, 1),
    ((1, 1, 3, 3), (2, 1, 1, 1), 2, 0, 1, 1),
]


def products(size, weight_shape, w, groups):
    """Every product of the form T: the places of z, w and x that one term names."""
    f, c = weight_shape[:2]
    lengths = w.places(size)
    for out, into, o, k in itertools.product(
        range(f), range(c), np.ndindex(*lengths), np.ndindex(*weight_shape[2:])
    ):
        at = tuple(
            s * i + d * j - p for s, i, d, j, (p, _) in zip(w.stride, o, w.dilation, k, w.padding)
        )
        if all(0 <= a < n for a, n in zip(at, size)):
            group = out // (f // groups)
            yield (slice(None), out, *o), (out, into, *k), (slice(None), group * c + into, *at)


def correlated(x, weight, bias, w, groups):
    """dT/dz, plus the bias."""
    y = np.zeros((len(x), len(weight), *w.places(x.shape[2:])))
    for z_at, w_at, x_at in products(x.shape[2:], weight.shape, w, groups):
        y[z_at] += weight[w_at] * x[x_at]
    return y if bias is None else y + bias.reshape(-1, *[1] * (x.ndim - 2))


def to_input(z, weight, size, w, groups):
    """dT/dx."""
    x = np.zeros((len(z), weight.shape[1] * groups, *size))
    for z_at, w_at, x_at in products(size, weight.shape, w, groups):
        x[x_at] += z[z_at] * weight[w_at]
    return x


def to_weight(x, z, w, groups):
    """dT/dw."""
    weight = np.zeros((z.shape[1], x.shape[1] // groups, *w.kernel))
    for z_at, w_at, x_at in products(x.shape[2:], weight.shape, w, groups):
        weight[w_at] += np.sum(z[z_at] * x[x_at])
    return weight


def layer(images, weight, stride, padding, dilation, groups):
    """The three arrays of the form, its window, and the groups."""
    w = window("test", weight[2:], stride, padding, dilation)
    z = images[0], weight[0], *w.places(images[2:])
    return x(images), x(weight), x(z), w, groups


layers = [layer(*given) for given in LAYERS]
SEQUENCES = [((4,), (3,)), ((2,), (4,)), ((3,), (3,)), ((1,), (2,))]
IMAGES = [((3, 4), (2, 2)), ((4, 2), (3, 1))]
MODES = ("full", "same", "valid")

ROWS = [
    Row(
        correlation.correlation,
        correlated,
        [case(a, b, x((len(b),)), w, n) for a, b, _, w, n in layers]
        + [case(a, b, None, w, n) for a, b, _, w, n in layers[:2]],
    ),
    Row(
        correlation.correlation_input,
        to_input,
        [case(z, b, a.shape[2:], w, n) for a, b, z, w, n in layers],
    ),
    Row(
        correlation.correlation_weight,
        to_weight,
        [case(a, z, w, n) for a, _, z, w, n in layers],
    ),
    *(
        Row(
            function,
            getattr(np, function.__name__),
            [case(x(a), x(b), mode) for (a, b) in SEQUENCES for mode in MODES],
        )
        for function in (minidl.convolve, minidl.correlate)
    ),
    Row(
        minidl.convolve2d,
        scipy.signal.convolve2d,
        [case(x(a), x(b), mode) for (a, b) in IMAGES for mode in MODES],
    ),
]
