"""Normalisation layers under PyTorch's names: which elements share a mean and a variance."""

from __future__ import annotations

import math

import numpy as np

from ..graph import Tensor
from ..recording import mode, no_grad
from .elementwise import rsqrt
from .reduce import mean, var
from .shape import reshape
from .standardize import by_channel, standardize, standardize_batch


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel over the batch: (x - m) / sqrt(v + eps) * weight + bias.

    input: (N, C, ...); all else: (C,), or None.
    training: m and v are those of this batch, and the running ones move towards them in place,
    running <- (1 - momentum) running + momentum batch, for v with its n - 1 in place of n.
    Otherwise m and v are the running ones.

    Raises ValueError where shapes do not fit, a channel has one element only in training, or the
    running statistics are missing in use.  Ioffe & Szegedy 2015 (arXiv:1502.03167).
    Notes: `batchnorm`.
    """
    _check("batch_norm", input, input.shape[1:2], weight=weight, bias=bias)
    _check(
        "batch_norm", input, input.shape[1:2], running_mean=running_mean, running_var=running_var
    )
    if not training:
        return _with_statistics("batch_norm", input, running_mean, running_var, weight, bias, eps)
    n = _count("batch_norm", input, (0, *range(2, input.ndim)))
    y, m, v = standardize_batch(input, weight, bias, eps)
    if running_mean is not None:
        _move(running_mean, m, momentum)
    if running_var is not None:
        _move(running_var, v * (n / (n - 1)), momentum)
    return y


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel of each example by itself; the arguments are those of `batch_norm`.

    use_input_stats: m and v are those of the example, and the running statistics, if given, move
    towards their means over the batch.  Otherwise m and v are the running ones.
    Ulyanov et al. 2016 (arXiv:1607.08022).
    """
    _check("instance_norm", input, input.shape[1:2], weight=weight, bias=bias)
    if not use_input_stats:
        return _with_statistics(
            "instance_norm", input, running_mean, running_var, weight, bias, eps
        )
    axes = tuple(range(2, input.ndim))
    _count("instance_norm", input, axes)
    with no_grad():
        if running_mean is not None:
            _move(running_mean, mean(mean(input, axes), 0), momentum)
        if running_var is not None:
            _move(running_var, mean(var(input, axes, ddof=1), 0), momentum)
    w, b = (v if v is None else by_channel(v, input) for v in (weight, bias))
    return standardize(input, w, b, axes, eps)


def layer_norm(
    input: Tensor,
    normalized_shape: int | tuple[int, ...],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Each example over the last axes, which are those of normalized_shape.

    input: (..., *normalized_shape), weight and bias: normalized_shape, or None.
    Raises ValueError where the shapes differ.  Ba, Kiros & Hinton 2016 (arXiv:1607.06450).
    """
    return _over_last_axes("layer_norm", input, normalized_shape, weight, bias, eps, True)


def rms_norm(
    input: Tensor,
    normalized_shape: int | tuple[int, ...],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """x / sqrt(E x^2 + eps) over the last axes, times weight: layer norm without mean and bias.

    eps: the distance from 1 to the next number of x's dtype, unless given.
    Raises ValueError where the shapes differ.  Zhang & Sennrich 2019 (arXiv:1910.07467).
    """
    eps = float(np.finfo(input.dtype).eps) if eps is None else eps
    return _over_last_axes("rms_norm", input, normalized_shape, weight, None, eps, False)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Each of num_groups groups of channels of each example by itself.

    input: (N, C, ...), weight and bias: (C,) or None.
    Raises ValueError where num_groups does not divide C.  Wu & He 2018 (arXiv:1803.08494).
    """
    n, c, *size = input.shape
    if num_groups < 1 or c % num_groups:
        raise ValueError(
            f"group_norm: num_groups={num_groups} must divide the {c} channels of {input.shape}"
        )
    _check("group_norm", input, (c,), weight=weight, bias=bias)
    groups = num_groups, c // num_groups
    x = reshape(input, (n, *groups, *size))
    axes = tuple(range(2, x.ndim))
    w, b = (v if v is None else reshape(v, (*groups, *[1] * len(size))) for v in (weight, bias))
    return reshape(standardize(x, w, b, axes, eps), input.shape)


# ----------------------------------------------------------------------------- what they share


def _over_last_axes(name, x, shape, weight, bias, eps, centre):
    """Layer norm, or RMS norm: all axes before are axes of examples."""
    shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ValueError(f"{name}: the last axes of input {x.shape} must be {shape}")
    _check(name, x, shape, weight=weight, bias=bias)
    rows = reshape(x, (math.prod(x.shape[: -len(shape)]), *shape))
    axes = tuple(range(1, rows.ndim))
    return reshape(standardize(rows, weight, bias, axes, eps, centre), x.shape)


def _with_statistics(name, x, m, v, weight, bias, eps):
    """With given means and variances (C,): an affine map of each channel."""
    if m is None or v is None:
        raise ValueError(f"{name}: without the statistics of a batch, it needs running ones")
    scale = rsqrt(v + eps) if weight is None else weight * rsqrt(v + eps)
    shift = -m * scale if bias is None else bias - m * scale
    return x * by_channel(scale, x) + by_channel(shift, x)


def _move(running, batch, momentum):
    """running <- (1 - momentum) running + momentum batch, in place; not again in a checkpoint."""
    if mode.replaying:
        return
    with no_grad():
        running.copy_((1.0 - momentum) * running + momentum * batch.detach())


def _count(name, x, axes):
    """How many elements share a variance; ValueError for less than two."""
    n = math.prod(x.shape[axis] for axis in axes)
    if n < 2:
        more = {
            "batch_norm": "a larger batch, or, if this is not training, call model.eval()",
            "instance_norm": "it longer signals or larger images",
        }
        raise ValueError(
            f"{name}: a variance needs at least two values, and input {x.shape} has {n} along axes "
            f"{axes}: give {more[name]}"
        )
    return n


def _check(name, x, shape, **parameters):
    """Raise if one of the parameters is not of this shape, or not of x's dtype."""
    for which, values in parameters.items():
        if values is not None and values.shape != shape:
            raise ValueError(f"{name}: {which} {values.shape} must be {shape}, for input {x.shape}")
        if values is not None and values.dtype != x.dtype:
            raise TypeError(
                f"{name}: the input is {x.dtype}, the {which} {values.dtype}: cast the input with "
                f"x.astype('{values.dtype}'), or the layer with layer.to('{x.dtype}')"
            )
