"""Losses between a prediction and a target, with PyTorch's names, defaults and reductions.

`reduction` is "none" (one value for each), "sum" or "mean".  After the prediction, the target and
the weight all arguments go by keyword: PyTorch has retired positional ones in between.  The losses
of classes are in cross_entropy.py, those with a margin in margin_losses.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Tensor, op
from .choices import clip, maximum, where
from .elementwise import absolute, exp, log
from .shape import expand_dims
from .special import xlogy


def reduced(name: str, loss: Tensor, reduction: str, weight: Any = None) -> Tensor:
    """The loss itself, its sum, or its mean; with a weight, the sum over the sum of weights."""
    check_reduction(name, reduction)
    if weight is not None:
        loss = loss * weight
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.mean() if weight is None else loss.sum() / weight.sum()


def check_reduction(name: str, reduction: str) -> None:
    """Raise ValueError unless `reduction` is one that a loss has."""
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{name}: reduction must be 'none', 'mean' or 'sum', not {reduction!r}")


def check_tensors(name: str, **given: Any) -> None:
    """Raise TypeError for a list or a number where a tensor is needed."""
    for argument, value in given.items():
        if not hasattr(value, "dtype"):
            text = f"{argument} must be a tensor, not {type(value).__name__}"
            raise TypeError(f"{name}: {text}: use minidl.tensor(...)")


def check_same_shape(name: str, input: Any, target: Any) -> None:
    """Raise ValueError where prediction and target would broadcast to something unwanted."""
    check_tensors(name, input=input, target=target)
    if input.shape != target.shape:
        raise ValueError(
            f"{name}: input {input.shape} and target {target.shape} must have the same shape: "
            "broadcast, each prediction would be compared with every target; reshape one of them"
        )


# --------------------------------------------------------------------------------- regression


@op
def mse(input, target, reduction):
    """(input - target)^2, its mean or its sum, in one visit of the arrays."""
    d = input - target
    if reduction == "none":
        return d * d
    total = np.vdot(d, d)
    return total / d.size if reduction == "mean" else total


def _mse_rule(g, input, target, reduction):
    # d(a - b)^2 = 2 (a - b) da
    factor = 2.0 / max(input.size, 1) if reduction == "mean" else 2.0
    return (factor * g) * (input - target)


mse.vjp(
    input=_mse_rule,
    target=lambda g, input, target, reduction: -_mse_rule(g, input, target, reduction),
)


def mse_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", weight: Any = None
) -> Tensor:
    """The squared error (input - target)^2.

    input, target: the same shape, which the result has too with reduction="none".
    weight: factors of that shape; "mean" then divides by their sum.
    Raises ValueError where the shapes differ.
    """
    check_same_shape("mse_loss", input, target)
    check_reduction("mse_loss", reduction)
    if weight is None:
        return mse(input, target, reduction)
    return reduced("mse_loss", mse(input, target, "none"), reduction, weight)


def l1_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", weight: Any = None
) -> Tensor:
    """The absolute error |input - target|; its derivative where they are equal is 0.

    Shapes, weight and errors are those of `mse_loss`.
    """
    check_same_shape("l1_loss", input, target)
    return reduced("l1_loss", absolute(input - target), reduction, weight)


@op
def huber(d, delta=1.0):
    """d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2): a parabola that goes on straight.

    Huber 1964, "Robust estimation of a location parameter".
    """
    size = np.abs(d)
    return np.where(size <= delta, 0.5 * d * d, delta * (size - 0.5 * delta))


huber.vjp(d=lambda g, d, delta: g * clip(d, -delta, delta))


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Any = None,
) -> Tensor:
    """d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), with d = input - target.

    Shapes and errors are those of `mse_loss`; ValueError also unless delta > 0.  weight: factors of
    that shape; unlike `mse_loss`, "mean" divides by the number of elements all the same.
    """
    check_same_shape("huber_loss", input, target)
    if delta <= 0:
        raise ValueError(f"huber_loss: delta must be positive, not {delta}")
    loss = huber(input - target, delta)
    return reduced("huber_loss", loss if weight is None else loss * weight, reduction)


def smooth_l1_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """d^2 / (2 beta) where |d| <= beta, else |d| - beta / 2: Huber's loss divided by beta.

    For beta = 0 it is the absolute error.  Girshick 2015 (arXiv:1504.08083), eq. 3.
    """
    check_same_shape("smooth_l1_loss", input, target)
    if beta < 0:
        raise ValueError(f"smooth_l1_loss: beta must not be negative, but is {beta}")
    d = input - target
    loss = absolute(d) if beta == 0 else huber(d, beta) / beta
    return reduced("smooth_l1_loss", loss, reduction)


# ------------------------------------------------------------- the parameters of a distribution


def kl_div(
    input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    """KL(target || model) = sum_i t_i (log t_i - input_i), where input = log p of the model.

    target: probabilities, or their logarithms under log_target.  Only "batchmean", the sum divided
    by the first axis' length, and "sum" give a divergence in nats; "mean" divides by the number of
    elements.  Kullback & Leibler 1951.
    """
    check_same_shape("kl_div", input, target)
    if log_target:
        loss = exp(target) * (target - input)
    else:
        loss = xlogy(target, target) - target * input
    if reduction == "batchmean":
        return loss.sum() / float(input.shape[0])
    return reduced("kl_div", loss, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """(log v + (target - input)^2 / v) / 2 with v = max(var, eps): -log N(target; input, v).

    var: a number, or the shape of input, or that shape with a last axis of 1, or without it.
    full: add the constant log(2 pi) / 2.  The gradient of var passes the maximum as if it were not
    there, so that a variance that is too small still grows.  Nix & Weigend 1994.
    Raises ValueError for a negative variance and for shapes that do not fit.
    """
    check_same_shape("gaussian_nll_loss", input, target)
    if isinstance(var, int | float):
        var = Tensor(input.data * 0 + var)
    if var.shape == input.shape[:-1] != input.shape:
        var = expand_dims(var, -1)
    if var.shape not in (input.shape, (*input.shape[:-1], 1)):
        raise ValueError(f"gaussian_nll_loss: var {var.shape} does not fit input {input.shape}")
    if (var < 0).any():
        raise ValueError("gaussian_nll_loss: a variance is negative")
    v = var + (maximum(var, eps) - var).detach()
    loss = 0.5 * (log(v) + (input - target) ** 2 / v)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced("gaussian_nll_loss", loss, reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    *,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """e^x - t x with x = input = log of the rate; without log_input, x - t log(x + eps).

    full: add Stirling's formula for log t!, t log t - t + log(2 pi t) / 2, where t > 1.
    """
    check_same_shape("poisson_nll_loss", input, target)
    if log_input:
        loss = exp(input) - target * input
    else:
        loss = input - target * log(input + eps)
    if full:
        t = where(target > 1, target, 1.0)
        stirling = t * log(t) - t + 0.5 * log(2 * math.pi * t)
        loss = loss + where(target > 1, stirling, 0.0)
    return reduced("poisson_nll_loss", loss, reduction)
