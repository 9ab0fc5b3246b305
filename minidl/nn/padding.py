"""Borders around what has one, two or three axes after (N, C).

`padding` is a number for every side, or (before, after) of the last axis, of the one before it, ...
"""

from __future__ import annotations

from . import functional as F
from .applied import Applied

Widths = int | tuple[int, ...]


class Pad(Applied):
    """What all share: `axes` that get a border, and the mode of `functional.pad`."""

    function = staticmethod(F.pad)
    settings = ("pad", "mode", "value")
    axes: int
    mode = "constant"
    value = 0.0

    def __init__(self, padding: Widths) -> None:
        self.pad = (padding,) * 2 * self.axes if isinstance(padding, int) else tuple(padding)


class ConstantPad1d(Pad):
    """A border of `value` around (N, C, L)."""

    axes = 1

    def __init__(self, padding: Widths, value: float) -> None:
        super().__init__(padding)
        self.value = value


class ConstantPad2d(ConstantPad1d):
    """A border of `value` around (N, C, H, W)."""

    axes = 2


class ConstantPad3d(ConstantPad1d):
    """A border of `value` around (N, C, D, H, W)."""

    axes = 3


class ZeroPad1d(Pad):
    """A border of zeros around (N, C, L)."""

    axes = 1


class ZeroPad2d(ZeroPad1d):
    """A border of zeros around (N, C, H, W)."""

    axes = 2


class ZeroPad3d(ZeroPad1d):
    """A border of zeros around (N, C, D, H, W)."""

    axes = 3


class ReflectionPad1d(Pad):
    """A border of a mirror image that leaves out the last element around (N, C, L)."""

    axes = 1
    mode = "reflect"


class ReflectionPad2d(ReflectionPad1d):
    """A border of a mirror image that leaves out the last element around (N, C, H, W)."""

    axes = 2


class ReflectionPad3d(ReflectionPad1d):
    """A border of a mirror image that leaves out the last element around (N, C, D, H, W)."""

    axes = 3


class ReplicationPad1d(Pad):
    """A border of the last element around (N, C, L)."""

    axes = 1
    mode = "replicate"


class ReplicationPad2d(ReplicationPad1d):
    """A border of the last element around (N, C, H, W)."""

    axes = 2


class ReplicationPad3d(ReplicationPad1d):
    """A border of the last element around (N, C, D, H, W)."""

    axes = 3


class CircularPad1d(Pad):
    """A border of the other end around (N, C, L)."""

    axes = 1
    mode = "circular"


class CircularPad2d(CircularPad1d):
    """A border of the other end around (N, C, H, W)."""

    axes = 2


class CircularPad3d(CircularPad1d):
    """A border of the other end around (N, C, D, H, W)."""

    axes = 3
