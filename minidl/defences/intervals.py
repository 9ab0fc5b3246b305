"""Interval bound propagation: a box goes in, and a box that holds every output comes out.

    centre  m = (u + l) / 2,   radius  r = (u - l) / 2
    z = W x + b:     m' = W m + b,   r' = |W| r
    f monotone:      l' = f(l),      u' = f(u)

(Gowal et al. 2018, arXiv:1810.12715, section 3.)  Each layer's box is the smallest that holds the
image of the box before it; the shape of that image is forgotten, so the boxes grow with depth.  On
one affine layer the bounds are exact.

What is to be shown is that no other class k can win against the right class y.  The bound on the
difference z_y - z_k is taken in the last layer, whose rows are subtracted first: the difference of
two bounds would allow z_y and z_k to have different x.

Arithmetic is rounded to the nearest, so a bound holds to rounding: about 1e-6 of its size in
float32.

Rows of the notes: ibp.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np

from .. import nn
from ..backend import xp
from ..checks import between, checked, normal
from ..graph import Tensor
from ..nn import functional as F
from ..ops.choices import clip
from ..ops.elementwise import absolute
from ..ops.reduce import logsumexp


class Box(NamedTuple):
    """All x with lower <= x <= upper, elementwise; one box for each example: (N, ...)."""

    lower: Tensor
    upper: Tensor


def ball(x: Tensor, epsilon: float | Tensor, bounds: tuple[float, float] | None = (0, 1)) -> Box:
    """The l_inf ball of radius epsilon around x, cut where values leave `bounds`.

    x: (N, ...).  bounds: the least and the greatest value that a pixel may have, or None.
    """
    lower, upper = x - epsilon, x + epsilon
    return Box(lower, upper) if bounds is None else Box(clip(lower, *bounds), clip(upper, *bounds))


def layers(net: nn.Module) -> Iterator[nn.Module]:
    """The layers of a network, one after another; a Sequential in a Sequential is unfolded.

    Raises ValueError for a layer that computes something else in training than in use.
    """
    if isinstance(net, nn.Sequential):
        for part in net:
            yield from layers(part)
    elif net.training and isinstance(net, IN_TRAINING_DIFFERENT):
        raise ValueError(
            f"{type(net).__name__} is in training mode, where its output is not a function of "
            "one example: bounds are those of the network in use, call net.eval() first"
        )
    else:
        yield net


IN_TRAINING_DIFFERENT = nn.BatchNorm1d | nn.BatchNorm2d | nn.Dropout | nn.Dropout2d


# -------------------------------------------------------------------------- a box through a layer


@singledispatch
def through(layer: nn.Module, box: Box) -> Box:
    """The smallest box that holds layer(x) for all x in the box.

    Raises TypeError for a layer whose bounds are not known here.
    """
    raise TypeError(
        f"no interval bounds for {type(layer).__name__}: there are some for affine layers "
        "(Linear, Conv2d, BatchNorm, AvgPool2d), for monotone ones (ReLU, LeakyReLU, Sigmoid, "
        "Tanh, MaxPool2d) and for Sequential, Flatten, Dropout and Identity"
    )


@through.register
def _(net: nn.Sequential, box: Box) -> Box:
    for layer in layers(net):
        box = through(layer, box)
    return box


@through.register(nn.ReLU | nn.Sigmoid | nn.Tanh | nn.MaxPool2d | nn.AvgPool2d)
@through.register(nn.Flatten | nn.Dropout | nn.Dropout2d | nn.Identity)
def monotone(layer: nn.Module, box: Box) -> Box:
    """l' = f(l), u' = f(u): the output rises, or stays, wherever an input rises."""
    return Box(layer(box.lower), layer(box.upper))


@through.register
def _(layer: nn.LeakyReLU, box: Box) -> Box:
    if layer.negative_slope < 0:
        raise ValueError("LeakyReLU with a negative slope is not monotone: no interval bounds")
    return monotone(layer, box)


@through.register(nn.Linear | nn.Conv2d | nn.BatchNorm1d | nn.BatchNorm2d)
def affine(layer: nn.Module, box: Box) -> Box:
    """m' = W m + b,  r' = |W| r."""
    lower, upper = box
    centre = layer((upper + lower) / 2)
    radius = widened(layer, (upper - lower) / 2)
    return Box(centre - radius, centre + radius)


@singledispatch
def widened(layer: nn.Module, radius: Tensor) -> Tensor:
    """|W| r: how far an output of an affine layer moves when its inputs move by up to r."""
    raise TypeError(f"{type(layer).__name__} is not an affine layer that is known here")


@widened.register
def _(layer: nn.Linear, radius: Tensor) -> Tensor:
    return F.linear(radius, absolute(layer.weight))


@widened.register
def _(layer: nn.Conv2d, radius: Tensor) -> Tensor:
    if layer.padding_mode != "zeros":
        raise TypeError(f"no interval bounds for Conv2d with padding_mode {layer.padding_mode!r}")
    weight = absolute(layer.weight)
    return F.conv2d(
        radius, weight, None, layer.stride, layer.padding, layer.dilation, layer.groups
    )  # fmt: skip


@widened.register
def _(layer: nn.BatchNorm1d | nn.BatchNorm2d, radius: Tensor) -> Tensor:
    # in use: y = (x - mean) / sqrt(var + eps) weight + bias, a factor for each channel
    scale = absolute(layer.weight) if layer.weight is not None else 1.0
    scale = scale / (layer.running_var + layer.eps) ** 0.5
    return radius * scale.reshape((-1,) + (1,) * (radius.ndim - 2))


# ------------------------------------------------------------------------------- what it is for


def margins(net: nn.Sequential, box: Box, y: Tensor) -> Tensor:
    """Lower bounds of z_y - z_k over the box, for the K - 1 other classes k: (N, K - 1).

    net: ends with a Linear layer to the K logits.  y: (N,) the right classes.
    If all of an example's bounds are positive, every x in its box is classified as y.
    """
    *body, last = layers(net)
    if not isinstance(last, nn.Linear):
        raise TypeError(f"margins: the last layer gives the logits, Linear, not {type(last)}")
    lower, upper = through(nn.Sequential(*body), box)  # (N, D)
    c = differences(y, last.out_features, last.weight.dtype)  # (N, K - 1, K)
    weight = c @ last.weight  # (N, K - 1, D), the rows w_y - w_k
    centre = (weight @ ((upper + lower) / 2)[:, :, None])[:, :, 0]
    radius = (absolute(weight) @ ((upper - lower) / 2)[:, :, None])[:, :, 0]
    return centre - radius if last.bias is None else centre - radius + c @ last.bias


def differences(y: Tensor, classes: int, dtype: Any) -> Tensor:
    """The matrices C for which C z is z_y - z_k, for all k but y: (N, K - 1, K).

    y: (N,) of K classes.
    """
    numpy = xp(y.data)
    others = numpy.arange(classes - 1)
    others = others + (others >= y.data[:, None])  # (N, K - 1): 0, ..., K - 1 without y
    unit = numpy.eye(classes, dtype=dtype)
    return Tensor(unit[y.data][:, None] - unit[others])


def robust_cross_entropy(margins: Tensor) -> Tensor:
    """The cross-entropy if every margin z_y - z_k were as small as its bound: (N,), in nats.

        log(1 + sum_k e^(-margin_k))  >=  max over the box of the cross-entropy

    margins: (N, K - 1).  Wong and Kolter 2018 (arXiv:1711.00851), theorem 2.
    """
    return F.softplus(logsumexp(-margins, axis=1))


def interval_loss(net: nn.Sequential, box: Box, x: Tensor, y: Tensor, kappa: float = 0.5) -> Tensor:
    """kappa CE(net(x), y) + (1 - kappa) robust CE over the box, averaged over the examples.

    Gowal et al. 2018, section 3.  Training starts with kappa = 1 and a ball of radius 0 (`ramp`):
    with the whole ball from the start the bounds of an untrained network are so wide that the
    loss is least for a network that ignores its input.
    """
    fit = F.cross_entropy(net(x), y)
    return kappa * fit + (1 - kappa) * robust_cross_entropy(margins(net, box, y)).mean()


def ramp(step: int, start: int, end: int) -> float:
    """0 before step `start`, 1 from step `end`, and on a line between them.

    The radius in training is ramp * epsilon, and kappa is 1 - ramp / 2.
    """
    return min(max((step - start) / max(end - start, 1), 0.0), 1.0)


def _small(rng: np.random.Generator) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 2, 2, rng=rng), nn.Tanh(), nn.Flatten(), nn.Linear(8, 3, rng=rng)
    )


_arguments = {
    "net": _small,
    "box": Box(between(0, 0.4, 2, 1, 3, 3), between(0.6, 1, 2, 1, 3, 3)),
    "y": lambda rng: rng.integers(0, 3, 2),
}
checked(margins, **_arguments)
checked(interval_loss, **_arguments, x=between(0, 1, 2, 1, 3, 3))
checked(robust_cross_entropy, margins=normal(4, 2))
