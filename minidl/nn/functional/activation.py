"""Activations along an axis, with random slopes or noise, or with learned slopes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import backend
from ...graph import Tensor
from ...ops import activations as pointwise
from ...ops import softmax as over_axis


def softmax(input: Tensor, dim: int) -> Tensor:
    """e^x_i / sum_j e^x_j along `dim`: positive numbers that sum to 1."""
    return over_axis.softmax(input, dim)


def softmin(input: Tensor, dim: int) -> Tensor:
    """softmax(-input) along `dim`."""
    return over_axis.softmin(input, dim)


def log_softmax(input: Tensor, dim: int) -> Tensor:
    """The logarithm of softmax along `dim`, without loss of digits."""
    return over_axis.log_softmax(input, dim)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), where a and b are the halves of the input along `dim`."""
    return over_axis.glu(input, dim)


def kwta(input: Tensor, k: int, dim: int = -1) -> Tensor:
    """The k largest entries along `dim`, 0 for the others (PyTorch has no such function)."""
    return over_axis.kwta(input, k, dim)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, *, dim: int = -1, rng: Any = None
) -> Tensor:
    """A sample from the Concrete distribution with these logits; see `ops.softmax`."""
    noise = -np.log(backend.generator(logits.device, rng).standard_exponential(logits.shape))
    return over_axis.gumbel_softmax(logits, noise.astype(logits.dtype), tau, hard, dim)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, else weight * x.  weight: (1,), or (C,) for the C channels on axis 1.

    Raises ValueError where the weight has another number of elements.
    """
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.size not in (1, channels):
        raise ValueError(
            f"prelu: weight {weight.shape} needs 1 element, or {channels} for input {input.shape}"
        )
    if weight.size > 1:
        weight = weight.reshape(-1, *[1] * (input.ndim - 2))
    return pointwise.prelu(input, weight)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    *,
    rng: Any = None,
) -> Tensor:
    """Leaky relu; the slope of each element is drawn from [lower, upper), or in use their mean.

    Xu et al. 2015 (arXiv:1505.00853), section 3.4.
    """
    if not training:
        return pointwise.leaky_relu(input, (lower + upper) / 2)
    slopes = lower + (upper - lower) * backend.generator(input.device, rng).random(input.shape)
    return pointwise.prelu(input, slopes.astype(input.dtype))
