"""Layers that drop activations at random in training, and do nothing in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import backend
from ..graph import Tensor
from . import functional as F
from .module import Module


class Dropout(Module):
    """In training, 0 for each element with probability p, and x / (1 - p) for the others.

    Srivastava et al. 2014, JMLR 15:1929.  Raises ValueError for p outside [0, 1].
    """

    function: Callable = staticmethod(F.dropout)

    def __init__(self, p: float = 0.5, inplace: bool = False, *, rng: Any = None) -> None:
        if not 0.0 <= p <= 1.0:
            name = type(self).__name__
            raise ValueError(f"{name}: p is the probability to drop, from 0 to 1, not {p}")
        self.p, self.rng = p, rng

    def forward(self, input: Tensor) -> Tensor:
        """input: any shape, which the output has too."""
        if isinstance(self.rng, int):  # a seed, from which the numbers go on from call to call
            self.rng = backend.generator(input.device, self.rng)
        return self.function(input, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        """The probability to drop."""
        return f"p={self.p}"


class Dropout1d(Dropout):
    """Drops whole channels of (N, C, L) or (C, L)."""

    function = staticmethod(F.dropout1d)


class Dropout2d(Dropout):
    """Drops whole channels of (N, C, H, W).  Tompson et al. 2015 (arXiv:1411.4280)."""

    function = staticmethod(F.dropout2d)


class Dropout3d(Dropout):
    """Drops whole channels of (N, C, D, H, W) or (C, D, H, W)."""

    function = staticmethod(F.dropout3d)


class AlphaDropout(Dropout):
    """Sets elements to selu's lowest value and restores mean 0, variance 1 (arXiv:1706.02515)."""

    function = staticmethod(F.alpha_dropout)


class FeatureAlphaDropout(Dropout):
    """Alpha dropout of whole channels of (N, C, ...)."""

    function = staticmethod(F.feature_alpha_dropout)
