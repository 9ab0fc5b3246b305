"""Activations as modules, for Sequential.  Each calls the function of its name in `functional`.

`inplace` is accepted for the sake of models written for PyTorch; a new tensor is returned anyway.
"""

from __future__ import annotations

from typing import Any

from ..graph import Tensor
from . import functional as F
from . import init
from .applied import Applied
from .module import Module
from .parameter import empty_parameter


class Activation(Applied):
    """An activation; most have no settings."""

    def __init__(self, inplace: bool = False) -> None:
        pass


# ---------------------------------------------------------------------------------- rectifiers


class ReLU(Activation):
    """max(0, x)."""

    function = staticmethod(F.relu)


class ReLU6(Activation):
    """min(max(0, x), 6)."""

    function = staticmethod(F.relu6)


class AbsoluteRectification(Activation):
    """|x|: leaky relu with slope -1.  PyTorch has no such module."""

    function = staticmethod(F.absolute_rectification)


class LeakyReLU(Activation):
    """x where x > 0, else negative_slope * x."""

    function = staticmethod(F.leaky_relu)
    settings = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.negative_slope = negative_slope


class PReLU(Module):
    """x where x > 0, else weight * x, with one learned slope, or one for each channel (axis 1).

    weight: (num_parameters,), at first `init`.  He et al. 2015 (arXiv:1502.01852), eq. 1.
    """

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        device: str | None = None,
        dtype: Any = None,
    ) -> None:
        self.num_parameters, self.init = num_parameters, init
        self.weight = empty_parameter((num_parameters,), dtype, device)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the slopes to their initial value again."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """input: any shape, or (N, num_parameters, ...)."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The number of slopes."""
        return f"num_parameters={self.num_parameters}"


class RReLU(Activation):
    """Leaky relu, with slopes drawn from [lower, upper) in training, with their mean in use."""

    function = staticmethod(F.rrelu)
    settings = ("lower", "upper", "training")

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        self.lower, self.upper = lower, upper


class Threshold(Activation):
    """x where x > threshold, else value."""

    function = staticmethod(F.threshold)
    settings = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self.threshold, self.value = threshold, value


class Hardtanh(Activation):
    """x held within [min_val, max_val]."""

    function = staticmethod(F.hardtanh)
    settings = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        if min_val >= max_val:
            raise ValueError(f"Hardtanh: min_val {min_val} must be less than max_val {max_val}")
        self.min_val, self.max_val = min_val, max_val


# ------------------------------------------------------------- exponential and smooth rectifiers


class ELU(Activation):
    """x where x > 0, else alpha (e^x - 1)."""

    function = staticmethod(F.elu)
    settings = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = alpha


class CELU(ELU):
    """x where x > 0, else alpha (e^(x / alpha) - 1)."""

    function = staticmethod(F.celu)


class SELU(Activation):
    """The scaled elu that keeps mean 0 and variance 1."""

    function = staticmethod(F.selu)


class Softplus(Activation):
    """log(1 + e^(beta x)) / beta; x where beta x > threshold."""

    function = staticmethod(F.softplus)
    settings = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta, self.threshold = beta, threshold


class GELU(Activation):
    """x Phi(x), or with approximate="tanh" the older formula for it."""

    function = staticmethod(F.gelu)
    settings = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate


class SiLU(Activation):
    """x sigmoid(x)."""

    function = staticmethod(F.silu)


class Mish(Activation):
    """x tanh(softplus(x))."""

    function = staticmethod(F.mish)


class Hardswish(Activation):
    """x relu6(x + 3) / 6."""

    function = staticmethod(F.hardswish)


# --------------------------------------------------------------------------- sigmoidal functions


class Sigmoid(Activation):
    """1 / (1 + e^-x)."""

    function = staticmethod(F.sigmoid)


class LogSigmoid(Activation):
    """log sigmoid(x)."""

    function = staticmethod(F.logsigmoid)


class Hardsigmoid(Activation):
    """relu6(x + 3) / 6."""

    function = staticmethod(F.hardsigmoid)


class Tanh(Activation):
    """Hyperbolic tangent."""

    function = staticmethod(F.tanh)


class Softsign(Activation):
    """x / (1 + |x|)."""

    function = staticmethod(F.softsign)


# --------------------------------------------------------------------------- shrinking functions


class Tanhshrink(Activation):
    """x - tanh(x)."""

    function = staticmethod(F.tanhshrink)


class Hardshrink(Activation):
    """x where |x| > lambd, else 0."""

    function = staticmethod(F.hardshrink)
    settings = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd


class Softshrink(Hardshrink):
    """sign(x) max(|x| - lambd, 0)."""

    function = staticmethod(F.softshrink)


# --------------------------------------------------------------------------------- along an axis


class Softmax(Activation):
    """e^x_i / sum_j e^x_j along axis `dim`, which must be named."""

    function = staticmethod(F.softmax)
    settings = ("dim",)

    def __init__(self, dim: int) -> None:
        self.dim = dim


class Softmin(Softmax):
    """softmax(-x) along axis `dim`."""

    function = staticmethod(F.softmin)


class LogSoftmax(Softmax):
    """log softmax(x) along axis `dim`."""

    function = staticmethod(F.log_softmax)


class Softmax2d(Softmax):
    """softmax over the channels of (N, C, H, W) or (C, H, W)."""

    def __init__(self) -> None:
        super().__init__(-3)


class GLU(Softmax):
    """a * sigmoid(b) of the halves a, b along axis `dim`, which becomes half as long."""

    function = staticmethod(F.glu)

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim)


class KWTA(Activation):
    """k-winner-take-all: the k largest entries along axis `dim`.  PyTorch has no such module."""

    function = staticmethod(F.kwta)
    settings = ("k", "dim")

    def __init__(self, k: int, dim: int = -1) -> None:
        self.k, self.dim = k, dim
