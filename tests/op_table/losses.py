"""Losses and the affine map.  Each reference takes one example at a time."""

from functools import partial

import numpy as np

from minidl.ops import cross_entropy, linear, losses

from .row import Row, between, case, generator, normal, on_grid

rng = generator("losses")
x = partial(normal, rng)
share = partial(between(0.1, 0.9), rng)


def surprise(scores, target, weight, ignore_index, reduction, label_smoothing):
    """Cross-entropy, with the target distribution of each example written out."""
    axis = min(1, scores.ndim - 1)
    classes = scores.shape[axis]
    weight = np.ones(classes) if weight is None else weight
    rows, values = np.moveaxis(scores, axis, -1), np.zeros(target.shape)
    counted = 0.0
    for place in np.ndindex(target.shape):
        t = target[place]
        if t != ignore_index:
            p = np.exp(rows[place]) / np.sum(np.exp(rows[place]))
            q = (1 - label_smoothing) * np.eye(classes)[t] + label_smoothing / classes
            values[place] = -np.sum(weight * q * np.log(p))
            counted += weight[t]
    total = {"none": values, "sum": values.sum(), "mean": values.sum() / counted}[reduction]
    return np.asarray(total, scores.dtype)


def cross_entropy_cases():
    """Shapes with and without a batch; weights, ignored classes, smoothing, reductions."""
    weight = np.array([0.5, 1.5, 1.0])
    t = np.array([2, 0, 1, 2])
    images = np.array([[0, 2, 2], [1, 0, 2]])
    return [
        case(x((4, 3)), t, None, -100, "mean", 0.0),
        case(x((4, 3)), t, None, -100, "sum", 0.0),
        case(x((4, 3)), t, weight, -100, "none", 0.0),
        case(x((4, 3)), t, weight, 0, "mean", 0.0),
        case(x((4, 3)), t, None, 2, "mean", 0.2),
        case(x((4, 3)), t, weight, 1, "mean", 0.2),
        case(x((4, 3)), t, weight, -100, "sum", 0.2),
        case(x((4, 3)), t, None, 1, "none", 0.1),
        case(x((3,)), np.array(1), None, -100, "mean", 0.0),
        case(x((2, 3, 3)), images, None, -100, "mean", 0.0),
        case(x((2, 3, 3)), images, weight, 0, "none", 0.3),
        case(500 * x((4, 3)) / 100, t, None, -100, "mean", 0.0),
    ]


def squared(input, target, reduction):
    """The squared error."""
    values = [(a - b) ** 2 for a, b in zip(input.ravel(), target.ravel())]
    if reduction == "none":
        return np.reshape(values, input.shape)
    return np.asarray(sum(values) / (len(values) if reduction == "mean" else 1), input.dtype)


ROWS = [
    Row(
        linear.linear,
        lambda x, w, b=None: np.einsum("...j,ij->...i", x, w) + (0 if b is None else b),
        [
            case(x((2, 3)), x((4, 3)), x((4,))), case(x((2, 3)), x((4, 3))),
            case(x((3,)), x((2, 3)), x((2,))), case(x((2, 4, 3)), x((2, 3)), x((2,))),
            case(x((0, 3)), x((2, 3)), x((2,))), case(x((1, 3)), x((1, 3)), x((1,))),
        ],
        analytic=True,
    ),
    Row(
        losses.mse,
        squared,
        [
            *(case(x((2, 3)), x((2, 3)), how) for how in ("none", "sum", "mean")),
            case(x(()), x(()), "mean"), case(x((4,)), x((4,)), "mean"),
        ],
    ),
    Row(
        losses.huber,
        lambda d, a: np.where(np.abs(d) < a, d**2 / 2, a * np.abs(d) - a**2 / 2),
        [case(2 * on_grid(0.2)(rng, (3, 4)), 1.5)],
    ),
    Row(cross_entropy.softmax_cross_entropy, surprise, cross_entropy_cases()),
    Row(
        cross_entropy.class_index,
        lambda target, classes, ignored: np.array([0 if t == ignored else t for t in target]),
        [case(np.array([2, 0, 1]), 3, -100), case(np.array([2, -1, 1]), 3, -1)],
    ),
    Row(
        cross_entropy.bernoulli_nll,
        lambda p, t: -np.log(p**t * (1 - p) ** (1 - t)),
        [case(share(s), share(s)) for s in ((), (3,), (2, 3))],
    ),
    Row(
        cross_entropy.bernoulli_nll_of_logits,
        lambda x, t: np.log(1 + np.exp(x)) - t * x,
        [case(x(s), share(s)) for s in ((), (3,), (2, 3))] + [case(20 * x((3,)), share((3,)))],
    ),
]  # fmt: skip
