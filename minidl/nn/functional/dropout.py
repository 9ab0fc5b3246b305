"""Dropout: the mask is drawn here."""

from __future__ import annotations

from typing import Any

from ...graph import Tensor
from ...ops import dropout as masked


def dropout(input: Tensor, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Tensor:
    """In training, 0 for each element with probability p, and x / (1 - p) for the others.

    In use, the input.  Raises ValueError for p outside [0, 1].
    """
    return _dropout(masked.dropout, input, input.shape, p, training, rng)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Tensor:
    """Dropout of whole channels of (N, C, L) or (C, L)."""
    return _dropout(masked.dropout, input, _channels(input, 2), p, training, rng)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Tensor:
    """Dropout of whole channels of (N, C, H, W).  Tompson et al. 2015 (arXiv:1411.4280)."""
    return _dropout(masked.dropout, input, _channels(input, 0), p, training, rng)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Tensor:
    """Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    return _dropout(masked.dropout, input, _channels(input, 4), p, training, rng)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, *, rng: Any = None
) -> Tensor:
    """Dropout to the lowest value of selu, which keeps mean 0 and variance 1."""
    return _dropout(masked.alpha_dropout, input, input.shape, p, training, rng)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, *, rng: Any = None
) -> Tensor:
    """Alpha dropout of whole channels of (N, C, ...)."""
    return _dropout(masked.alpha_dropout, input, _channels(input, 0), p, training, rng)


def _channels(input: Tensor, unbatched: int) -> tuple[int, ...]:
    """The shape of a mask with one element for each channel, of inputs (N, C, ...) or (C, ...)."""
    leading = 1 if input.ndim == unbatched else 2
    return input.shape[:leading] + (1,) * (input.ndim - leading)


def _dropout(kind: Any, input: Tensor, shape: Any, p: float, training: bool, rng: Any) -> Tensor:
    if not training or p == 0.0:
        return input
    return kind(input, masked.draw(input, shape, p, rng), p)
