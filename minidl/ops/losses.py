"""Losses between a prediction and a target, with PyTorch's names, defaults and reductions.

`reduction` is "none" (one value for each), "sum" or "mean".  After the prediction, the target and
the weight all arguments go by keyword: PyTorch has retired positional ones in between.  The losses
of classes are in cross_entropy.py, those with a margin in margin_losses.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Tensor, op


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


def check_same_shape(name: str, input: Any, target: Any) -> None:
    """Raise ValueError where prediction and target would broadcast to something unwanted."""
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
