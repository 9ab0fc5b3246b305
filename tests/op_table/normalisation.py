"""Standardised to mean 0 and variance 1, over the batch or within each example."""

from functools import partial

import numpy as np

from minidl.ops import standardize

from .row import Row, between, case, generator, normal

random = generator("normalisation")
x, factor = partial(normal, random), partial(between(0.5, 1.5), random)


def over(x, axes, eps, centre=True):
    """By NumPy's own mean and variance; without a mean, by that of the squares."""
    if not centre:
        return x / np.sqrt(np.mean(x * x, axis=axes, keepdims=True) + eps)
    centred = x - np.mean(x, axis=axes, keepdims=True)
    return centred / np.sqrt(np.var(x, axis=axes, keepdims=True) + eps)


def batch(x, weight, bias, eps):
    """y, and what NumPy says of each channel."""
    axes, wide = (0, *range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
    y = over(x, axes, eps)
    y = y if weight is None else y * weight.reshape(wide)
    y = y if bias is None else y + bias.reshape(wide)
    return y, np.mean(x, axis=axes), np.var(x, axis=axes)


def within(x, weight, bias, axes, eps, centre=True):
    """y."""
    y = over(x, axes, eps, centre)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


ROWS = [
    Row(
        standardize.standardize_batch,
        batch,
        [
            case(x((4, 3)), factor((3,)), x((3,)), 1e-5),
            case(x((3, 2, 4)), factor((2,)), x((2,)), 0.1),
            case(x((2, 3, 2, 4)), factor((3,)), None, 1e-5),
            case(x((2, 3, 1, 2, 2)), None, x((3,)), 1e-5),
            case(x((1, 2, 5)), None, None, 0.0),
        ],
        rounding=1e-12,
    ),
    Row(
        standardize.standardize,
        within,
        [
            case(x((3, 5)), factor((5,)), x((5,)), (1,), 1e-5),
            case(x((2, 3, 4)), factor((3, 4)), x((3, 4)), (1, 2), 0.1),
            case(x((2, 3, 4)), factor((3, 1)), None, (2,), 1e-5),
            case(x((2, 2, 3, 2)), factor((2, 3, 1)), x((2, 3, 1)), (2, 3), 1e-5),
            case(x((3, 4)), None, x(()), (1,), 0.0),
            case(x((3, 5)), factor((5,)), None, (1,), 1e-5, False),
            case(x((2, 3, 4)), None, None, (1, 2), 0.1, centre=False),
            case(x((0, 3)), factor((3,)), x((3,)), (1,), 1e-5),
        ],
        rounding=1e-12,
    ),
]
