"""Convolutions and transposed convolutions over one, two or three axes.

The arithmetic is `ops/conv.py`; here are the weights, their initial values, and padding modes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .. import backend
from ..graph import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import empty_parameter

Numbers = int | tuple[int, ...]
MODES = ("zeros", "reflect", "replicate", "circular")


def each_axis(value: Numbers, axes: int) -> tuple[int, ...]:
    """A number for every axis, or the tuple that is given."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


class Convolution(Module):
    """What all six share; `axes` is the number of axes that the kernel slides over.

    groups: so many convolutions side by side, each with its share of the channels.
    Weight and bias start uniform on [-1/sqrt(fan_in), 1/sqrt(fan_in)], fan_in the number of inputs
    of one output.  Raises ValueError where the channels cannot be shared out.
    """

    axes: int
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Numbers,
        stride: Numbers = 1,
        padding: Numbers | str = 0,
        dilation: Numbers = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        name = type(self).__name__
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: {in_channels} input and {out_channels} output channels cannot be shared "
                f"out to {groups} groups"
            )
        if padding_mode not in MODES:
            raise ValueError(f"{name}: padding_mode is one of {MODES}, not {padding_mode!r}")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = each_axis(kernel_size, self.axes)
        self.stride, self.dilation = each_axis(stride, self.axes), each_axis(dilation, self.axes)
        self.padding = padding if isinstance(padding, str) else each_axis(padding, self.axes)
        self.groups, self.padding_mode = groups, padding_mode
        channels = (out_channels, in_channels // groups)
        if self.transposed:
            channels = (in_channels, out_channels // groups)
        self.weight = empty_parameter((*channels, *self.kernel_size), dtype, device)
        self.bias = empty_parameter((out_channels,), dtype, device) if bias else None
        self.reset_parameters(rng)

    def reset_parameters(self, rng: Any = None) -> None:
        """Draw the initial values again."""
        rng = backend.generator(self.weight.device, rng)
        init.kaiming_uniform_(self.weight, a=math.sqrt(5), generator=rng)
        if self.bias is not None:
            bound = 1 / math.sqrt(init.fans(self.weight)[0])
            init.uniform_(self.bias, -bound, bound, rng)

    def extra_repr(self) -> str:
        """The sizes, and what is not the default."""
        shown = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        shown += f", stride={self.stride}"
        usual = {"padding": 0, "output_padding": 0, "dilation": 1, "groups": 1}
        usual["padding_mode"] = "zeros"
        for name, default in usual.items():
            value = getattr(self, name, default)
            if value not in (default, (default,) * self.axes):
                shown += f", {name}={value}"
        return shown if self.bias is not None else shown + ", bias=False"


# --------------------------------------------------------------------------------- convolutions


class Conv(Convolution):
    """A convolution: weight (out_channels, in_channels / groups, *kernel_size).

    padding: so many elements at both ends of each axis, 'valid' for none, or 'same' for as many as
    keep the lengths.  padding_mode: what they are: zeros, a mirror image ('reflect'), the last
    element ('replicate'), or the other end ('circular').
    """

    function: Callable

    def forward(self, input: Tensor) -> Tensor:
        """input: (N, in_channels, ...) or (in_channels, ...).  Returns (N, out_channels, ...)."""
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._border(), mode=self.padding_mode), 0
        return self.function(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def _border(self) -> list[int]:
        """The padding as F.pad has it: before and after the last axis, the one before it, ..."""
        border: list[int] = []
        for i, (k, d) in enumerate(zip(self.kernel_size, self.dilation)):
            if self.padding == "same":
                before, after = d * (k - 1) // 2, d * (k - 1) - d * (k - 1) // 2
            else:
                before = after = 0 if self.padding == "valid" else self.padding[i]
            border = [before, after, *border]
        return border


class Conv1d(Conv):
    """Convolution of (N, C, L); see `functional.conv1d`."""

    axes, function = 1, staticmethod(F.conv1d)


class Conv2d(Conv):
    """Convolution of images (N, C, H, W); see `functional.conv2d`."""

    axes, function = 2, staticmethod(F.conv2d)


class Conv3d(Conv):
    """Convolution of (N, C, D, H, W); see `functional.conv3d`."""

    axes, function = 3, staticmethod(F.conv3d)


# ---------------------------------------------------------------------- transposed convolutions


class ConvTranspose(Convolution):
    """The adjoint of a convolution: weight (in_channels, out_channels / groups, *kernel_size).

    Its output is as large as the input of a convolution with the same arguments whose output is
    this one's input.  With a stride several sizes qualify; `output_padding`, from 0 to stride - 1,
    is added to the smallest.
    """

    function: Callable
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Numbers,
        stride: Numbers = 1,
        padding: Numbers = 0,
        output_padding: Numbers = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Numbers = 1,
        padding_mode: str = "zeros",
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f"{type(self).__name__}: padding_mode can only be 'zeros'")
        self.output_padding = each_axis(output_padding, self.axes)
        more = dilation, groups, bias, padding_mode, device, dtype
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, *more, rng=rng)

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """input: (N, in_channels, ...) or (in_channels, ...).  Returns (N, out_channels, ...).

        output_size: the lengths of the last axes, instead of output_padding.
        """
        extra = self.output_padding if output_size is None else self._extra(input, output_size)
        how = self.stride, self.padding, extra, self.groups, self.dilation
        return self.function(input, self.weight, self.bias, *how)

    def _extra(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output_padding that leads to these lengths; ValueError if none does."""
        wanted, extra = tuple(output_size)[-self.axes :], []
        sizes = zip(input.shape[-self.axes :], wanted, self.kernel_size, strict=True)
        for (length, target, k), s, p, d in zip(sizes, self.stride, self.padding, self.dilation):
            least = (length - 1) * s - 2 * p + d * (k - 1) + 1
            if not least <= target < least + s:
                raise ValueError(
                    f"{type(self).__name__}: output_size {wanted}: an axis of {length} can become "
                    f"{least} to {least + s - 1}, not {target}"
                )
            extra.append(target - least)
        return tuple(extra)


class ConvTranspose1d(ConvTranspose):
    """The adjoint of Conv1d; see `functional.conv_transpose1d`."""

    axes, function = 1, staticmethod(F.conv_transpose1d)


class ConvTranspose2d(ConvTranspose):
    """The adjoint of Conv2d; see `functional.conv_transpose2d`."""

    axes, function = 2, staticmethod(F.conv_transpose2d)


class ConvTranspose3d(ConvTranspose):
    """The adjoint of Conv3d; see `functional.conv_transpose3d`."""

    axes, function = 3, staticmethod(F.conv_transpose3d)
