"""Linear bounds (CROWN): what a network's output is at least, as a linear function of its input.

    C z  >=  A x + b    for every x in the box, so    C z  >=  min over the box of A x + b

A goes from the output to the input, layer by layer.  An affine layer is passed exactly: A becomes
A W, which is what reverse mode computes.  A ReLU whose input z lies in [l, u] with l < 0 < u is
held between two lines,

    a z  <=  max(z, 0)  <=  u (z - l) / (u - l),     0 <= a <= 1

of which the one below is taken where A is positive, the one above where A is negative.  The upper
line and the two lower ones a = 0, a = 1 are the sides of the triangle that is the convex hull of
the ReLU: the outputs of all layers then form a convex polytope, which holds the true set.

    parallel   a = u / (u - l)             Wong and Kolter 2018 (arXiv:1711.00851), the dual network
    adaptive   a = 1 if u > -l, else 0     Zhang et al. 2018 (arXiv:1811.00866), CROWN
    zero       a = 0
    learned    a by gradient ascent        Xu et al. 2021 (arXiv:2011.13824), alpha-CROWN

Every choice of a gives true bounds.  For one hidden layer the best is the optimum of the linear
program over the triangles (Salman et al. 2019, arXiv:1902.08722).  Where no ReLU can change sign
within the box the bounds are exact.

With a = 0 and with the boxes of `intervals` as [l, u] linear bounds are never looser than interval
bounds.  With other choices they can be, and in one of nine deep random networks they are: true
bounds may be intersected, so `bounds` and `margins` return the tighter of both.  The [l, u] of a
hidden layer come from the same bounds on that layer or, cheaper, from intervals alone: CROWN-IBP
(Zhang et al. 2020, arXiv:1906.06316).

The notes have the idea in a line, "track a ball around the input to the output"; what is tracked is
not a ball but a set that holds its image.

Rows of the notes: convex-polytope.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .. import nn, optim
from ..autograd import enable_grad, grad
from ..backend import xp
from ..checks import between, checked
from ..graph import Tensor
from ..nn import functional as F
from ..ops.choices import maximum, minimum, where
from ..ops.shape import concatenate
from ..recording import mode, no_grad
from .intervals import Box, differences, layers, robust_cross_entropy, through
from .intervals import margins as interval_margins

Slopes = Callable[[Box], Tensor]


def upper_slope(box: Box) -> Tensor:
    """u / (u - l) where the sign can change in [l, u]; 1 of an active ReLU, 0 if inactive.

    box: (N, ...), as for the lower slopes below, and the result.
    """
    up, down = maximum(box.upper, 0.0), minimum(box.lower, 0.0)
    return up / maximum(up - down, 1e-30)


def parallel(box: Box) -> Tensor:
    """The lower line has the slope of the upper one: a = u / (u - l)."""
    return upper_slope(box)


def adaptive(box: Box) -> Tensor:
    """The lower line, of slope 0 or 1, that leaves the smaller triangle: 1 if u > -l."""
    return (box.upper > -box.lower).astype(box.lower.dtype)


def zero(box: Box) -> Tensor:
    """Slope 0, unless the ReLU is active throughout."""
    return (box.lower >= 0).astype(box.lower.dtype)


class Relaxation(NamedTuple):
    """A ReLU's lines: lower * z <= max(z, 0) <= upper * z + offset, for z in its box.

    lower: (N, K, ...), or (N, 1, ...) if all K bounds share it.  upper, offset: (N, 1, ...).
    """

    lower: Tensor
    upper: Tensor
    offset: Tensor


def relax(box: Box, slopes: Slopes) -> Relaxation:
    """The lines for inputs in `box`, (N, ...)."""
    upper = upper_slope(box)
    offset = -upper * minimum(box.lower, 0.0)
    return Relaxation(*(line[:, None] for line in (slopes(box), upper, offset)))


# ------------------------------------------------------------------- from the output to the input


def lower_bound(
    net: Sequence[nn.Module], relaxations: Sequence[Relaxation], c: Tensor, box: Box
) -> Tensor:
    """Lower bounds of C net(x) for x in the box: (N, K).

    net: affine layers and ReLUs.  relaxations: those of its ReLUs, in their order.
    c: (N, K, *shape of the output), K sums of outputs for each example; or (1, K, ...) for all.
    """
    *shapes, _ = shapes_within(net, box.lower)
    relaxations = list(relaxations)
    a, total = c, 0.0
    for layer, shape in zip(reversed(net), reversed(shapes)):
        if isinstance(layer, nn.ReLU):
            lower, upper, offset = relaxations.pop()
            positive, negative = maximum(a, 0.0), minimum(a, 0.0)
            a, b = lower * positive + upper * negative, _sum(offset * negative)
        else:
            a, b = through_affine(layer, a, shape)
        total = total + b
    # min over the box of A x
    least = maximum(a, 0.0) * box.lower[:, None] + minimum(a, 0.0) * box.upper[:, None]
    return total + _sum(least)


def through_affine(layer: nn.Module, a: Tensor, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """A and b such that  a (W x + w) = A x + b:  A = a W and b = a w.

    a: (N, K, *shape of the output); shape: of one input.  Returns (N, K, *shape) and (N, K).
    Whatever the layer is, a W is the gradient of a W x, and w is the layer at x = 0.
    """
    n, k = a.shape[:2]
    with enable_grad():
        x = Tensor(xp(a.data).zeros((n * k, *shape), a.dtype)).requires_grad_()
        w = layer(x)
    (back,) = grad(w, x, a.reshape(w.shape), create_graph=mode.record)
    return back.reshape(n, k, *shape), _sum(a * w.reshape(a.shape))


def shapes_within(net: Sequence[nn.Module], x: Tensor) -> list[tuple[int, ...]]:
    """The shapes of one example as it enters each layer, and as it leaves the last.

    Raises TypeError for a layer that is neither affine nor a ReLU.
    """
    x = Tensor(x.data[:1])
    shapes = [x.shape[1:]]
    for layer in net:
        if not isinstance(layer, AFFINE | nn.ReLU):
            raise TypeError(
                f"no linear bounds for {type(layer).__name__}: there are some for ReLU, and for "
                "the affine layers Linear, Conv2d, BatchNorm, AvgPool2d, Flatten, Dropout, Identity"
            )
        x = layer(x)
        shapes.append(x.shape[1:])
    return shapes


AFFINE = (
    nn.Linear | nn.Conv2d | nn.BatchNorm1d | nn.BatchNorm2d | nn.AvgPool2d | nn.Flatten
    | nn.Dropout | nn.Dropout2d | nn.Identity
)  # fmt: skip


def _sum(a: Tensor) -> Tensor:
    """Over all axes but the first two: (N, K)."""
    return a.reshape(*a.shape[:2], -1).sum(axis=2)


# ---------------------------------------------------------------------------------- whole networks


def output_box(net: Sequence[nn.Module], relaxations: Sequence[Relaxation], box: Box) -> Box:
    """Linear bounds on every output, (N, *shape of the output): the upper one is that of -z."""
    shape, like = shapes_within(net, box.lower)[-1], box.lower
    size = math.prod(shape)
    unit = Tensor(xp(like.data).eye(size, dtype=like.dtype).reshape(1, size, *shape))
    bounds = lower_bound(net, relaxations, concatenate([unit, -unit], axis=1), box)
    return Box(bounds[:, :size].reshape(-1, *shape), -bounds[:, size:].reshape(-1, *shape))


def relaxed(
    net: nn.Module, box: Box, slopes: Slopes = adaptive, intervals: bool = False
) -> list[Relaxation]:
    """The lines of every ReLU in the network, in their order.

    intervals: whether their inputs' boxes are those of `intervals` alone (CROWN-IBP).  Else they
    are the intersection of these with linear bounds, which take, for a layer of D units, the time
    of 2 D outputs.
    """
    found: list[Relaxation] = []
    before: list[nn.Module] = []
    inner = box
    for layer in layers(net):
        if isinstance(layer, nn.ReLU):
            if not intervals:
                inner = intersection(inner, output_box(before, found, box))
            found.append(relax(inner, slopes))
        inner = through(layer, inner)
        before.append(layer)
    return found


def intersection(one: Box, other: Box) -> Box:
    """What lies in both boxes."""
    return Box(maximum(one.lower, other.lower), minimum(one.upper, other.upper))


def bounds(net: nn.Module, box: Box, slopes: Slopes = adaptive, intervals: bool = False) -> Box:
    """Bounds on the network's outputs for inputs in the box, never looser than those of intervals.

    The arguments are those of `relaxed`.
    """
    found = output_box([*layers(net)], relaxed(net, box, slopes, intervals), box)
    return intersection(found, through(net, box))


def margins(
    net: nn.Module, box: Box, y: Tensor, slopes: Slopes = adaptive, intervals: bool = False
) -> Tensor:
    """Lower bounds of z_y - z_k over the box, for the K - 1 other classes k: (N, K - 1).

    y: (N,) the right classes.  If an example's are all positive, nothing in its box fools the net.
    They are never below those of `intervals.margins`.
    """
    body = [*layers(net)]
    found = lower_bound(body, relaxed(net, box, slopes, intervals), _differences(body, box, y), box)
    return maximum(found, interval_margins(net, box, y))


def _differences(net: list[nn.Module], box: Box, y: Tensor) -> Tensor:
    (classes,) = shapes_within(net, box.lower)[-1]
    return differences(y, classes, box.lower.dtype)


def learned_margins(
    net: nn.Module, box: Box, y: Tensor, steps: int = 20, lr: float = 0.1, intervals: bool = False
) -> Tensor:
    """`margins` with a lower slope for every example, bound and ReLU, found by Adam: alpha-CROWN.

    The boxes of hidden layers stay those of adaptive slopes, where the ascent begins.  Returns the
    best bounds that it met, which are never below those of `margins`, and belong to no graph.
    """
    body = [*layers(net)]
    c = _differences(body, box, y)
    with no_grad():
        start = relaxed(net, box, intervals=intervals)
        best = maximum(lower_bound(body, start, c, box), interval_margins(net, box, y))
    unstable = [(r.upper > 0) & (r.upper < 1) for r in start]
    slopes = [
        Tensor(xp(r.lower.data).repeat(r.lower.data, c.shape[1], axis=1)).requires_grad_()
        for r in start
    ]
    if not slopes:  # an affine network, whose bounds are exact
        return best
    optimiser = optim.Adam(slopes, lr=lr)
    for _ in range(steps):
        with enable_grad():
            lines = [
                r._replace(lower=where(free, slope, r.lower))
                for r, free, slope in zip(start, unstable, slopes)
            ]
            found = lower_bound(body, lines, c, box)
            gradients = grad(-found.sum(), slopes)
        best = maximum(best, found.detach())
        for slope, gradient in zip(slopes, gradients):
            slope.grad = gradient
        optimiser.step()
        for slope in slopes:
            slope.data = slope.data.clip(0, 1)
    return best


def linear_loss(
    net: nn.Module, box: Box, x: Tensor, y: Tensor, kappa: float = 0.5, intervals: bool = True
) -> Tensor:
    """kappa CE(net(x), y) + (1 - kappa) robust CE over the box by linear bounds, averaged.

    With intervals, CROWN-IBP (Zhang et al. 2020) without its mixture of both kinds of margins.
    """
    fit = F.cross_entropy(net(x), y)
    found = margins(net, box, y, intervals=intervals)
    return kappa * fit + (1 - kappa) * robust_cross_entropy(found).mean()


def _small(rng: np.random.Generator) -> nn.Module:
    body = nn.Conv2d(1, 2, 2, rng=rng), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3, rng=rng)
    return nn.Sequential(*body, nn.ReLU(), nn.Linear(3, 3, rng=rng))


_arguments = {
    "net": _small,
    "box": Box(between(0, 0.4, 2, 1, 3, 3), between(0.6, 1, 2, 1, 3, 3)),
    "y": lambda rng: rng.integers(0, 3, 2),
}
checked(margins, **_arguments)
checked(linear_loss, **_arguments, x=between(0, 1, 2, 1, 3, 3))
