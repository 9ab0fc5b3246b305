"""Pooling, and unfold and fold, under PyTorch's names: `sliding.py` with a user's arguments."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor
from .shape import reshape
from .sliding import fold_windows, max_pool, unfold_windows, window_sum
from .windows import Window, batched, check_fit, per_axis, unbatched, window

Numbers = int | tuple[int, ...]

# ----------------------------------------------------------------------------------- the largest


def max_pool1d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """`max_pool2d` with one axis: input (N, C, L)."""
    how = kernel_size, stride, padding, dilation, ceil_mode
    return _max_pool("max_pool1d", 1, input, *how, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """The largest of the elements under a window; y[n, c, i, j] = max over k, l of
    x[n, c, s i + d k - p, s j + d l - p].

    input: (N, C, H, W) or (C, H, W).  kernel_size, stride (s; the kernel's size unless given),
    padding (p, of -inf) and dilation (d): a number for both axes, or a pair.
    ceil_mode: also take a last place that lies partly beyond the padding.
    return_indices: return also the index h W + w of each maximum.
    Returns (N, C, H', W'), H' = floor((H + 2 p - d (KH - 1) - 1) / s) + 1, or with ceil_mode ceil.

    Of equal elements the first one has the gradient.  Raises ValueError if the window does not fit,
    or may lie in the padding altogether.
    """
    how = kernel_size, stride, padding, dilation, ceil_mode
    return _max_pool("max_pool2d", 2, input, *how, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """`max_pool2d` with three axes: input (N, C, D, H, W)."""
    how = kernel_size, stride, padding, dilation, ceil_mode
    return _max_pool("max_pool3d", 3, input, *how, return_indices)


def _max_pool(name, axes, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices):
    x = batched(name, axes, input)
    sliding = _window(name, x.shape[2:], kernel_size, stride, padding, dilation, ceil_mode)
    y, tap = max_pool(x, sliding)
    if not return_indices:
        return unbatched(y, axes, input)
    under = [
        np.arange(places)[:, None] * s + np.arange(k) * d - before
        for places, k, s, d, (before, _) in zip(
            y.shape[2:], sliding.kernel, sliding.stride, sliding.dilation, sliding.padding
        )
    ]
    index = flat_index(tap, under, x.shape[2:])
    return unbatched(y, axes, input), unbatched(index, axes, input)


def flat_index(tap: Any, under: list[np.ndarray], size: tuple[int, ...]) -> Any:
    """Which element of an image of `size` lies under the tap of each place.

    tap: (N, C, *places); under: for each axis (places, kernel), the element under each tap.
    """
    array = tap.data if isinstance(tap, Tensor) else tap
    library = backend.xp(array)
    axes, index = len(size), 0
    taps = np.unravel_index(array, tuple(u.shape[1] for u in under))
    for axis, (k, u, n) in enumerate(zip(taps, under, size)):
        place = library.arange(len(u)).reshape(-1, *[1] * (axes - axis - 1))
        index = index * n + library.asarray(u)[place, k]
    return Tensor(index) if isinstance(tap, Tensor) else index


# -------------------------------------------------------------------------------------- the mean


def avg_pool1d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """`avg_pool2d` with one axis: input (N, C, L)."""
    how = kernel_size, stride, padding, ceil_mode, count_include_pad, None
    return _avg_pool("avg_pool1d", 1, input, *how)


def avg_pool2d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The sum of the elements under a window, divided by their number.

    input, kernel_size, stride, padding (of zeros), ceil_mode and the shape of the result: as in
    `max_pool2d`.  count_include_pad: count the zeros of the padding too (not what ceil_mode adds).
    divisor_override: divide by this instead.
    """
    how = kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    return _avg_pool("avg_pool2d", 2, input, *how)


def avg_pool3d(
    input: Tensor,
    kernel_size: Numbers,
    stride: Numbers | None = None,
    padding: Numbers = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """`avg_pool2d` with three axes: input (N, C, D, H, W)."""
    how = kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    return _avg_pool("avg_pool3d", 3, input, *how)


def _avg_pool(name, axes, input, kernel_size, stride, padding, ceil_mode, include, divisor):
    x = batched(name, axes, input)
    sliding = _window(name, x.shape[2:], kernel_size, stride, padding, 1, ceil_mode)
    total = window_sum(x, sliding)
    counts = _counts(sliding, x.shape[2:], total.shape[2:], include)
    if divisor is not None:
        scale = 1 / divisor
    elif np.all(counts == counts.flat[0]):
        scale = 1 / counts.flat[0].item()
    else:
        scale = constant(1 / counts, x)
    return unbatched(total * scale, axes, input)


def _counts(sliding: Window, size: tuple, places: tuple, include: bool) -> np.ndarray:
    """How many elements are seen from each place, with or without padding."""
    total = np.ones(())
    for n, o, k, s, (p, _) in zip(size, places, sliding.kernel, sliding.stride, sliding.padding):
        begin = np.arange(o) * s - p
        end = np.minimum(begin + k, n + p)
        if not include:
            begin, end = np.maximum(begin, 0), np.minimum(end, n)
        total = total[..., None] * (end - begin)
    return total


# --------------------------------------------------------------------------------- all that is seen


def unfold(
    input: Tensor,
    kernel_size: Numbers,
    dilation: Numbers = 1,
    padding: Numbers = 0,
    stride: Numbers = 1,
) -> Tensor:
    """The elements under a window at each place, in a column: the matrix of a convolution (im2col).

    input: (N, C, H, W).  Returns (N, C KH KW, places): weight.reshape(F, -1) @ unfold(x) is conv2d.
    Any number of axes will do, as many as kernel_size has; a number means two.
    """
    axes = len(kernel_size) if isinstance(kernel_size, tuple | list) else 2
    x = batched("unfold", axes, input)
    kernel = per_axis("unfold", "kernel_size", kernel_size, axes, 1)
    sliding = window("unfold", kernel, stride, padding, dilation)
    check_fit("unfold", sliding, x.shape[2:])
    return unbatched(unfold_windows(x, sliding), axes, input)


def fold(
    input: Tensor,
    output_size: Numbers,
    kernel_size: Numbers,
    dilation: Numbers = 1,
    padding: Numbers = 0,
    stride: Numbers = 1,
) -> Tensor:
    """The adjoint of `unfold`: each column is added to the elements under the window at its place.

    input: (N, C KH KW, places), output_size: (H, W).  Returns (N, C, H, W).
    """
    both = [v for v in (output_size, kernel_size) if isinstance(v, tuple | list)]
    axes = len(both[0]) if both else 2
    size = per_axis("fold", "output_size", output_size, axes, 1)
    kernel = per_axis("fold", "kernel_size", kernel_size, axes, 1)
    sliding = window("fold", kernel, stride, padding, dilation)
    check_fit("fold", sliding, size)
    count, places = math.prod(kernel), math.prod(sliding.places(size))
    if input.ndim not in (2, 3) or input.shape[-1] != places or input.shape[-2] % count:
        raise ValueError(
            f"fold: input must be (N, C * {count}, {places}), not {input.shape}: a kernel {kernel} "
            f"has {count} elements and takes {places} places on axes {size}"
        )
    batch = reshape(input, (1, *input.shape)) if input.ndim == 2 else input
    y = fold_windows(batch, size, sliding)
    return reshape(y, y.shape[1:]) if input.ndim == 2 else y


# -------------------------------------------------------------------------------------- arguments


def _window(name, size, kernel_size, stride, padding, dilation, ceil_mode):
    """The window that these arguments describe, once it is seen to fit axes of this size."""
    kernel = per_axis(name, "kernel_size", kernel_size, len(size), 1)
    sliding = window(name, kernel, kernel if stride is None else stride, padding, dilation)
    if any(2 * p > reach + 1 for (p, _), reach in zip(sliding.padding, sliding.reach)):
        raise ValueError(
            f"{name}: padding {padding} is more than half of kernel {kernel}: the window would see "
            "nothing else at the border"
        )
    if ceil_mode:  # more padding at the end, for one more place unless it would begin in there
        ends = []
        for n, (p, _), reach, s in zip(size, sliding.padding, sliding.reach, sliding.stride):
            last = -(-(n + 2 * p - reach - 1) // s) * s  # where the last place begins
            last -= s if last >= n + p else 0
            ends.append((p, max(p, last + reach + 1 - n - p)))
        sliding = dataclasses.replace(sliding, padding=tuple(ends))
    check_fit(name, sliding, size)
    return sliding


def constant(values: np.ndarray, x: Any) -> Any:
    """An array of x's dtype, on its device."""
    array = x.data if isinstance(x, Tensor) else x
    return backend.xp(array).asarray(values.astype(array.dtype))
