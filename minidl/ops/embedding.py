"""Rows of a table, looked up by number: words as vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor
from .choices import where
from .indexing import getitem, plain_index, scatter, take_along_axis
from .shape import expand_dims


def embedding(
    weight: Tensor, index: Any, padding_idx: int | None = None, scale_grad_by_freq: bool = False
) -> Tensor:
    """weight[index]: for each number, the row of the table.

    weight: (V, D), index: integers (...).  Returns (..., D).
    The gradient of a row is the sum of what arrives wherever it was looked up, with
    scale_grad_by_freq the mean; none reaches row padding_idx.
    Raises IndexError for a number outside [0, V), TypeError unless the numbers are integers.
    """
    index = row_numbers(index, len(weight))
    rows = getitem(weight, index)
    if scale_grad_by_freq:
        counts = backend.zeros((len(weight),), rows.dtype, rows.data)
        backend.scatter_add(counts, index.ravel(), counts[index.ravel()] + 1)
        share = rows / counts[index][..., None]
        rows = share + (rows - share).detach()
    if padding_idx is not None:
        padding = index == padding_idx % len(weight)
        rows = where(padding[..., None], rows.detach(), rows)
    return rows


def row_numbers(index: Any, count: int, name: str = "embedding") -> Any:
    """The array of numbers, which must be those of `count` rows; `name` is who asks."""
    index = plain_index(index)
    if index.dtype.kind not in "iu":
        raise TypeError(f"{name}: indices are whole numbers, not {index.dtype}")
    if index.size and (index.min() < 0 or index.max() >= count):
        wrong = index.min() if index.min() < 0 else index.max()
        raise IndexError(f"{name}: index {wrong} does not exist: there are 0 to {count - 1}")
    return index


def embedding_bag(
    weight: Tensor,
    index: Any,
    offsets: Any = None,
    mode: str = "mean",
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> Tensor:
    """The sum, the mean or the maximum of the rows in each bag; of an empty one, 0.

    weight: (V, D).  index: (B, L), bags of L numbers each; or (M,), with offsets (B,): bag b goes
    from offsets[b] to where the next one starts, the last one to the end (with include_last_offset
    there is one more offset, M).  per_sample_weights: factors, of the shape of index, for a sum.
    Entries equal to padding_idx count nothing.  Returns (B, D).
    Raises ValueError where the arguments do not go together, and what `embedding` raises.
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"embedding_bag: mode must be 'sum', 'mean' or 'max', not {mode!r}")
    if per_sample_weights is not None and mode != "sum":
        raise ValueError("embedding_bag: per_sample_weights need mode='sum'")
    index = row_numbers(index, len(weight))
    if (offsets is None) != (index.ndim == 2):
        raise ValueError(f"embedding_bag: index {index.shape}: (M,) needs offsets, (B, L) has none")
    library, weights = backend.xp(index), per_sample_weights
    if offsets is None:
        bags, bag = len(index), library.repeat(library.arange(len(index)), index.shape[1])
        index, weights = index.ravel(), None if weights is None else weights.reshape(-1)
    else:
        offsets = plain_index(offsets)
        bags = len(offsets) - include_last_offset
        bag = library.searchsorted(offsets[:bags], library.arange(index.size), side="right") - 1
    if padding_idx is not None:
        kept = index != padding_idx % len(weight)
        index, bag, weights = index[kept], bag[kept], None if weights is None else weights[kept]

    rows = embedding(weight, index, scale_grad_by_freq=scale_grad_by_freq)
    if mode == "max":
        return _largest(rows, bag, bags)
    if weights is not None:
        rows = rows * expand_dims(weights, -1)
    total = scatter([rows], [bag], (bags, weight.shape[1]))
    if mode == "sum":
        return total
    count = library.bincount(bag, minlength=bags).astype(rows.dtype)
    return total / np.maximum(count, 1)[:, None]


def _largest(rows: Tensor, bag: Any, bags: int) -> Tensor:
    """The largest entry of each column (of equal ones the first) among the rows of each bag."""
    library = backend.xp(bag)
    starts, ends = (
        library.searchsorted(bag, library.arange(bags), side=s) for s in ("left", "right")
    )
    winner = library.zeros((bags, rows.shape[1]), dtype=int)
    for b, (start, end) in enumerate(zip(starts.tolist(), ends.tolist())):
        if start < end:
            winner[b] = start + rows.data[start:end].argmax(axis=0)
    if not len(bag):
        return scatter([rows], [bag], winner.shape)
    return where((starts < ends)[:, None], take_along_axis(rows, winner, 0), 0.0)


def renormalise(weight: Tensor, index: Any, max_norm: float, norm_type: float = 2.0) -> None:
    """Shorten, in place, those rows among `index` that are longer than max_norm, to that length."""
    data = weight.data.copy()
    rows = backend.xp(data).unique(row_numbers(index, len(data)))
    lengths = np.linalg.norm(data[rows], norm_type, axis=1, keepdims=True)
    data[rows] *= np.where(lengths > max_norm, max_norm / (lengths + 1e-7), 1)
    weight.data = data
