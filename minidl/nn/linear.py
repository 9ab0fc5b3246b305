"""Layers that are affine maps, and those that only change the shape."""

from __future__ import annotations

import math
from typing import Any

from .. import backend
from ..graph import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import empty_parameter


class Identity(Module):
    """Returns its input; takes, and forgets, any arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, input: Tensor) -> Tensor:
        """The input."""
        return input


class Linear(Module):
    """y = x W' + b.

    weight: (out_features, in_features); bias: (out_features,).
    Both start uniform on [-1/sqrt(in_features), 1/sqrt(in_features)], which for the weight is
    kaiming_uniform_ with slope sqrt(5).
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        self.in_features, self.out_features = in_features, out_features
        self.weight = empty_parameter((out_features, in_features), dtype, device)
        self.bias = empty_parameter((out_features,), dtype, device) if bias else None
        self.reset_parameters(rng)

    def reset_parameters(self, rng: Any = None) -> None:
        """Draw the initial values again."""
        rng = backend.generator(self.weight.device, rng)
        init.kaiming_uniform_(self.weight, a=math.sqrt(5), generator=rng)
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features else 0
            init.uniform_(self.bias, -bound, bound, rng)

    def forward(self, input: Tensor) -> Tensor:
        """input: (..., in_features).  Returns (..., out_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes, and whether there is a bias."""
        bias = self.bias is not None
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={bias}"


class Bilinear(Module):
    """y_o = x1' W_o x2 + b_o.

    weight: (out_features, in1_features, in2_features); bias: (out_features,).
    Both start uniform on [-1/sqrt(in1_features), 1/sqrt(in1_features)].
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        self.in1_features, self.in2_features = in1_features, in2_features
        self.out_features = out_features
        shape = (out_features, in1_features, in2_features)
        self.weight = empty_parameter(shape, dtype, device)
        self.bias = empty_parameter((out_features,), dtype, device) if bias else None
        self.reset_parameters(rng)

    def reset_parameters(self, rng: Any = None) -> None:
        """Draw the initial values again."""
        rng = backend.generator(self.weight.device, rng)
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound, rng)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound, rng)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """input1: (..., in1_features), input2: (..., in2_features) to (..., out_features)."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes, and whether there is a bias."""
        sizes = ("in1_features", "in2_features", "out_features")
        shown = ", ".join(f"{name}={getattr(self, name)}" for name in sizes)
        return f"{shown}, bias={self.bias is not None}"
