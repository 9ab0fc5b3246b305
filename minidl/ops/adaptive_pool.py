"""Pooling into a given number of bins, whatever the size of the input.

On an axis of n elements, bin i of o covers those from floor(i n / o) to ceil((i + 1) n / o).  Where
o does not divide n, bins differ in length and overlap.
"""

from __future__ import annotations

import numpy as np

from .. import backend
from ..graph import Tensor
from .indexing import take
from .pool import Numbers, constant, flat_index
from .products import matmul
from .reduce import mean
from .shape import reshape, swapaxes
from .sliding import max_pool
from .windows import Window, batched, per_axis, unbatched


def adaptive_avg_pool1d(input: Tensor, output_size: Numbers) -> Tensor:
    """`adaptive_avg_pool2d` with one axis: input (N, C, L)."""
    return _adaptive_avg_pool("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Numbers) -> Tensor:
    """The mean over each bin of a grid of output_size: (N, C, H, W) to (N, C, *output_size).

    output_size: a number for both axes, or a pair; None leaves an axis as it is.  1 gives the mean
    over the image, which takes images of any size to one vector: Lin et al. 2013
    (arXiv:1312.4400), section 3.2.
    """
    return _adaptive_avg_pool("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Numbers) -> Tensor:
    """`adaptive_avg_pool2d` with three axes: input (N, C, D, H, W)."""
    return _adaptive_avg_pool("adaptive_avg_pool3d", 3, input, output_size)


def _adaptive_avg_pool(name, axes, input, output_size):
    x = batched(name, axes, input)
    bins = _bins(name, x.shape[2:], output_size)
    if all(n % o == 0 for n, o in zip(x.shape[2:], bins)):
        pieces = [length for n, o in zip(x.shape[2:], bins) for length in (o, n // o)]
        y = mean(reshape(x, (*x.shape[:2], *pieces)), axis=tuple(range(3, 3 + 2 * axes, 2)))
        return unbatched(y, axes, input)
    for axis, o in enumerate(bins, 2):
        x = swapaxes(matmul(swapaxes(x, axis, -1), _weights(x, x.shape[axis], o)), axis, -1)
    return unbatched(x, axes, input)


def _weights(x, n, o):
    """The matrix (n, o) whose columns take the means of bins."""
    member = np.stack([np.isin(np.arange(n), row) for row in _members(n, o)], axis=1)
    return constant(member / np.sum(member, axis=0), x)


def adaptive_max_pool1d(
    input: Tensor, output_size: Numbers, return_indices: bool = False
) -> Tensor:
    """`adaptive_max_pool2d` with one axis: input (N, C, L)."""
    return _adaptive_max_pool("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(
    input: Tensor, output_size: Numbers, return_indices: bool = False
) -> Tensor:
    """The largest element of each bin of a grid of output_size, otherwise as `adaptive_avg_pool2d`.

    return_indices: return also the index h W + w of each maximum.
    """
    return _adaptive_max_pool("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(
    input: Tensor, output_size: Numbers, return_indices: bool = False
) -> Tensor:
    """`adaptive_max_pool2d` with three axes: input (N, C, D, H, W)."""
    return _adaptive_max_pool("adaptive_max_pool3d", 3, input, output_size, return_indices)


def _adaptive_max_pool(name, axes, input, output_size, return_indices):
    """With a copy of each bin's elements, bins of one length lie side by side: a plain window."""
    x = copies = batched(name, axes, input)
    bins = _bins(name, x.shape[2:], output_size)
    members = [_members(n, o) for n, o in zip(x.shape[2:], bins)]
    library = backend.xp(x.data if isinstance(x, Tensor) else x)
    for axis, rows in enumerate(members, 2):
        if rows.size != x.shape[axis]:
            copies = take(copies, library.asarray(rows.ravel()), axis)
    kernel = tuple(rows.shape[1] for rows in members)
    y, tap = max_pool(copies, Window(kernel, kernel, ((0, 0),) * axes, (1,) * axes))
    if not return_indices:
        return unbatched(y, axes, input)
    index = flat_index(tap, members, x.shape[2:])
    return unbatched(y, axes, input), unbatched(index, axes, input)


def _members(n: int, o: int) -> np.ndarray:
    """Which of n elements are in each of o bins: (o, longest), short bins repeat their last one."""
    begin, end = np.arange(o) * n // o, -(-np.arange(1, o + 1) * n // o)
    longest = np.max(end - begin)
    return np.minimum(begin[:, None] + np.arange(longest), end[:, None] - 1)


def _bins(name, size, output_size):
    """The number of bins on each axis; None stands for one for each element."""
    given = output_size if isinstance(output_size, tuple | list) else (output_size,) * len(size)
    if len(given) == len(size):
        given = [n if o is None else o for n, o in zip(size, given)]
    return per_axis(name, "output_size", given, len(size), 1)
