"""Pooling: a window slides over the image and leaves one number at each place."""

from __future__ import annotations

from . import functional as F
from .applied import Applied

Numbers = int | tuple[int, ...]
Lengths = int | None | tuple[int | None, ...]


# --------------------------------------------------------------------------------------- maximum


class MaxPool1d(Applied):
    """The largest element under a window; of (N, C, L).  See `functional.max_pool2d`.

    stride: the kernel's size unless given.  return_indices: also where each maximum was.
    """

    function = staticmethod(F.max_pool1d)
    settings = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")

    def __init__(
        self,
        kernel_size: Numbers,
        stride: Numbers | None = None,
        padding: Numbers = 0,
        dilation: Numbers = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode


class MaxPool2d(MaxPool1d):
    """The largest element under a window; of images (N, C, H, W).  As MaxPool1d."""

    function = staticmethod(F.max_pool2d)


class MaxPool3d(MaxPool1d):
    """The largest element under a window; of (N, C, D, H, W).  As MaxPool1d."""

    function = staticmethod(F.max_pool3d)


# ------------------------------------------------------------------------------------------ mean


class AvgPool1d(Applied):
    """The mean of the elements under a window; of (N, C, L).  See `functional.avg_pool2d`.

    stride: the kernel's size unless given.  count_include_pad: count the zeros of the padding too.
    """

    function = staticmethod(F.avg_pool1d)
    settings = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")

    def __init__(
        self,
        kernel_size: Numbers,
        stride: Numbers | None = None,
        padding: Numbers = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad = count_include_pad


class AvgPool2d(AvgPool1d):
    """The mean of the elements under a window; of images (N, C, H, W).  As AvgPool1d.

    divisor_override: divide the sum by this, not by the number of elements.
    """

    function = staticmethod(F.avg_pool2d)
    settings = (*AvgPool1d.settings, "divisor_override")

    def __init__(
        self,
        kernel_size: Numbers,
        stride: Numbers | None = None,
        padding: Numbers = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override


class AvgPool3d(AvgPool2d):
    """The mean of the elements under a window; of (N, C, D, H, W).  As AvgPool2d."""

    function = staticmethod(F.avg_pool3d)


# ----------------------------------------------------------------------- a given number of places


class AdaptiveAvgPool1d(Applied):
    """The means over `output_size` bins of (N, C, L)."""

    function = staticmethod(F.adaptive_avg_pool1d)
    settings = ("output_size",)

    def __init__(self, output_size: Lengths) -> None:
        self.output_size = output_size


class AdaptiveAvgPool2d(AdaptiveAvgPool1d):
    """The means over a grid of output_size bins of (N, C, H, W); None keeps an axis as it is."""

    function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(AdaptiveAvgPool1d):
    """The means over a grid of output_size bins of (N, C, D, H, W); None keeps an axis as it is."""

    function = staticmethod(F.adaptive_avg_pool3d)


class AdaptiveMaxPool1d(Applied):
    """The maxima over `output_size` bins of (N, C, L); return_indices: also where they were."""

    function = staticmethod(F.adaptive_max_pool1d)
    settings = ("output_size", "return_indices")

    def __init__(self, output_size: Lengths, return_indices: bool = False) -> None:
        self.output_size, self.return_indices = output_size, return_indices


class AdaptiveMaxPool2d(AdaptiveMaxPool1d):
    """The maxima over a grid of output_size bins of (N, C, H, W).  As AdaptiveMaxPool1d."""

    function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(AdaptiveMaxPool1d):
    """The maxima over a grid of output_size bins of (N, C, D, H, W).  As AdaptiveMaxPool1d."""

    function = staticmethod(F.adaptive_max_pool3d)


# ------------------------------------------------------------------------------- all that is seen


class Unfold(Applied):
    """Everything under a window, at each place a column; see `functional.unfold`."""

    function = staticmethod(F.unfold)
    settings = ("kernel_size", "dilation", "padding", "stride")

    def __init__(
        self,
        kernel_size: Numbers,
        dilation: Numbers = 1,
        padding: Numbers = 0,
        stride: Numbers = 1,
    ) -> None:
        self.kernel_size, self.dilation = kernel_size, dilation
        self.padding, self.stride = padding, stride


class Fold(Applied):
    """Columns added back to an image: the adjoint of Unfold; see `functional.fold`."""

    function = staticmethod(F.fold)
    settings = ("output_size", "kernel_size", "dilation", "padding", "stride")

    def __init__(
        self,
        output_size: Numbers,
        kernel_size: Numbers,
        dilation: Numbers = 1,
        padding: Numbers = 0,
        stride: Numbers = 1,
    ) -> None:
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride
