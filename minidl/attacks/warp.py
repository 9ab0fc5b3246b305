"""Turn, scale and shift an image: sampled between its pixels, so that gradients flow to all three.

    out(p) = in( R(-angle) (p - shift) / scale ),    p from the image's centre, in pixels

A point between four pixels takes of each the share that is opposite, by area: bilinear
interpolation, Jaderberg et al. 2015 (arXiv:1506.02025), section 3.3.  Outside of the image is 0.

`spatial` turns whole images with it, `patch` a patch.
"""

from __future__ import annotations

import numpy as np

from .. import backend
from ..checks import between, checked, normal
from ..graph import Tensor
from ..ops.indexing import take_along_axis
from ..ops.trigonometry import cos, sin


def similarity(
    angle: Tensor, scale: Tensor, shift: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Where each pixel p of the outcome comes from, seen from the centre of what is warped.

    It is R(-angle) (p - shift) / scale, with p from the centre of the outcome.

    angle: (N,) radians, counterclockwise.  scale: (N,).  shift: (N, 2), rows down and columns
    right.  size: (H, W) of the outcome.  Returns rows and columns, (N, H, W) each.
    """
    height, width = size
    xp, dtype = backend.xp(angle.data), angle.dtype
    line = lambda n: Tensor(xp.arange(n).astype(dtype) - (n - 1) / 2)  # from the centre
    down = line(height)[None, :, None] - shift[:, 0, None, None]  # (N, H, 1)
    right = line(width)[None, None, :] - shift[:, 1, None, None]  # (N, 1, W)
    c, s = (f(angle)[:, None, None] / scale[:, None, None] for f in (cos, sin))
    return c * down + s * right, c * right - s * down


def sample(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The images between their pixels, at places measured from their centres.

    images: (N, C, h, w).  rows, columns: (N, H, W).  Returns (N, C, H, W).
    """
    n, channels, h, w = images.shape
    rows, columns = rows + (h - 1) / 2, columns + (w - 1) / 2
    top, left = np.floor(rows.data), np.floor(columns.data)
    below, beside = rows - Tensor(top), columns - Tensor(left)  # the shares, (N, H, W)
    pixels = images.reshape(n, channels, h * w)
    total = 0.0
    for i, share_i in ((top, 1 - below), (top + 1, below)):
        for j, share_j in ((left, 1 - beside), (left + 1, beside)):
            inside = (i >= 0) & (i < h) & (j >= 0) & (j < w)
            index = np.where(inside, i * w + j, 0).astype(int).reshape(n, 1, -1)
            index = np.broadcast_to(index, (n, channels, index.shape[2]))
            values = take_along_axis(pixels, index, axis=2).reshape(n, channels, *rows.shape[1:])
            total = (
                total + values * (share_i * share_j * Tensor(inside.astype(rows.dtype)))[:, None]
            )
    return total


def warp(images: Tensor, angle: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """The images turned, scaled and shifted.  images: (N, C, H, W), angle and scale: (N,),
    shift: (N, 2).  Returns (N, C, H, W)."""
    return sample(images, *similarity(angle, scale, shift, images.shape[2:]))


checked(
    warp, images=normal(2, 2, 4, 5), angle=between(0.1, 0.5, 2), scale=between(1.1, 1.4, 2),
    shift=between(0.2, 0.4, 2, 2),
)  # fmt: skip
