"""Layers that give images another size, or move values between channels and pixels."""

from __future__ import annotations

from . import functional as F
from .applied import Applied

Factor = float | tuple[float, ...]


class Upsample(Applied):
    """Images in another size, or scale_factor times as large; see `functional.interpolate`."""

    function = staticmethod(F.interpolate)
    settings = ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor")

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        scale_factor: Factor | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor


class UpsamplingNearest2d(Upsample):
    """`Upsample` of images with mode 'nearest'."""

    def __init__(
        self, size: int | tuple[int, int] | None = None, scale_factor: Factor | None = None
    ) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """`Upsample` of images with mode 'bilinear' and aligned corners."""

    def __init__(
        self, size: int | tuple[int, int] | None = None, scale_factor: Factor | None = None
    ) -> None:
        super().__init__(size, scale_factor, "bilinear", align_corners=True)


class PixelShuffle(Applied):
    """(..., C r^2, H, W) -> (..., C, H r, W r) with r = upscale_factor."""

    function = staticmethod(F.pixel_shuffle)
    settings = ("upscale_factor",)

    def __init__(self, upscale_factor: int) -> None:
        self.upscale_factor = upscale_factor


class PixelUnshuffle(Applied):
    """(..., C, H r, W r) -> (..., C r^2, H, W) with r = downscale_factor."""

    function = staticmethod(F.pixel_unshuffle)
    settings = ("downscale_factor",)

    def __init__(self, downscale_factor: int) -> None:
        self.downscale_factor = downscale_factor


class ChannelShuffle(Applied):
    """Deals the channels of (N, C, ...) out to `groups`, so that convolutions in groups mix."""

    function = staticmethod(F.channel_shuffle)
    settings = ("groups",)

    def __init__(self, groups: int) -> None:
        self.groups = groups
