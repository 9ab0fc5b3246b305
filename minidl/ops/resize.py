"""Images in another size: interpolation, and channels that become pixels.

Interpolation along one axis is a matrix, y = M x: row o of M has the weights of the old elements in
new element o.  Images are interpolated along one axis after the other.

An axis of length L becomes one of length L'.  The centre of new element o then lies over

    p(o) = (o + 1/2) L / L' - 1/2

in units of old elements, counted from the centre of the first: elements are intervals, and the
outer edges coincide.  With `align_corners` elements are points, and the first and last ones
coincide: p(o) = o (L - 1) / (L' - 1).
"""

from __future__ import annotations

import math

import numpy as np

from .. import backend
from ..graph import Tensor
from .adaptive_pool import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from .indexing import take
from .shape import swapaxes, transpose

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}  # the name for so many axes
WITHOUT_CORNERS = ("nearest", "nearest-exact", "area")


def interpolate(
    input: Tensor,
    size: int | tuple[int, ...] | None = None,
    scale_factor: float | tuple[float, ...] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Tensor:
    """input (N, C, ...) with the last axes in another size, or so many times as long.

    mode: 'nearest' (rounded down, as PyTorch has it), 'nearest-exact', 'area' (the mean of the
    elements that the new one touches), 'linear', 'bilinear' and 'trilinear' for one, two and three
    axes, 'bicubic' for two.
    recompute_scale_factor: p(o) with L / L' even where a scale_factor gave L' by rounding down.
    Raises ValueError unless one of size and scale_factor is given, and for a mode that does not
    suit.
    """
    axes = input.ndim - 2
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: give size or scale_factor, one of the two")
    if mode not in (*WITHOUT_CORNERS, LINEAR.get(axes), "bicubic" if axes == 2 else None):
        raise ValueError(f"interpolate: mode {mode!r} does not suit {axes} axes ({input.shape})")
    if align_corners is not None and mode in WITHOUT_CORNERS:
        raise ValueError(f"interpolate: align_corners means nothing in mode {mode!r}")
    given = size if scale_factor is None else scale_factor
    given = tuple(given) if isinstance(given, tuple | list) else (given,) * axes
    old = input.shape[2:]
    new = given if size is not None else tuple(math.floor(n * f) for n, f in zip(old, given))
    if mode == "area":
        pools = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}
        return pools[axes](input, new)
    ratios = [n / m for n, m in zip(old, new)]
    if scale_factor is not None and not recompute_scale_factor:
        ratios = [1 / f for f in given]
    for axis, n, m, ratio in zip(range(2, input.ndim), old, new, ratios):
        if mode.startswith("nearest"):
            p = (np.arange(m) + (0.5 if mode == "nearest-exact" else 0.0)) * ratio
            index = np.minimum(np.floor(p).astype(int), n - 1)
            input = take(input, backend.array(index, device=input.device), axis)
        else:
            matrix = weights(mode, n, m, ratio, bool(align_corners))
            matrix = backend.array(matrix, input.dtype, input.device)
            input = swapaxes(swapaxes(input, axis, -1) @ matrix.T, axis, -1)
    return input


def weights(mode: str, old: int, new: int, ratio: float, align_corners: bool) -> np.ndarray:
    """The matrix (new, old) that interpolates along an axis; `ratio` stands for L / L'."""
    m, o = np.zeros((new, old)), np.arange(new)
    if align_corners:
        p = o * ((old - 1) / max(new - 1, 1))
    else:
        p = (o + 0.5) * ratio - 0.5
    if mode == "bicubic":
        first, kernel = -1, _cubic
    else:
        p, first, kernel = np.maximum(p, 0), 0, lambda t: 1 - t
    # beyond the ends, the end elements are repeated
    for tap in range(first, 2 - first):
        place = np.clip(np.floor(p).astype(int) + tap, 0, old - 1)
        np.add.at(m, (o, place), kernel(np.abs(p - np.floor(p) - tap)))
    return m


def _cubic(t: np.ndarray, a: float = -0.75) -> np.ndarray:
    """The weight of an element at distance t <= 2.  Keys 1981, eq. 4; a = -3/4 is PyTorch's."""
    near = (a + 2) * t**3 - (a + 3) * t**2 + 1
    far = a * (t**3 - 5 * t**2 + 8 * t - 4)
    return np.where(t <= 1, near, far)


# ------------------------------------------------------------------------- channels and pixels


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(..., C r^2, H, W) -> (..., C, H r, W r): r^2 channels become the pixels of an r x r square.

    Shi et al. 2016 (arXiv:1609.05158), eq. 4.  Raises ValueError unless r^2 divides the channels.
    """
    *batch, channels, h, w = input.shape
    r = upscale_factor
    if channels % r**2:
        raise ValueError(f"pixel_shuffle: {channels} channels are no multiple of {r}^2")
    x = input.reshape(*batch, channels // r**2, r, r, h, w)
    n = len(batch)
    x = transpose(x, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return x.reshape(*batch, channels // r**2, h * r, w * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(..., C, H r, W r) -> (..., C r^2, H, W): `pixel_shuffle` undone.

    Raises ValueError unless r divides height and width.
    """
    *batch, channels, h, w = input.shape
    r = downscale_factor
    if h % r or w % r:
        raise ValueError(f"pixel_unshuffle: an image of {h} x {w} has no squares of {r} x {r}")
    x = input.reshape(*batch, channels, h // r, r, w // r, r)
    n = len(batch)
    x = transpose(x, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return x.reshape(*batch, channels * r**2, h // r, w // r)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """(N, C, ...) with its channels dealt out: 0 1 2 | 3 4 5 becomes 0 3 1 4 2 5 for 2 groups.

    Zhang et al. 2018 (arXiv:1707.01083), section 3.1.  Raises ValueError unless groups divides C.
    """
    n, channels, *rest = input.shape
    if channels % groups:
        raise ValueError(f"channel_shuffle: {channels} channels do not make {groups} groups")
    x = input.reshape(n, groups, channels // groups, *rest)
    return swapaxes(x, 1, 2).reshape(n, channels, *rest)
