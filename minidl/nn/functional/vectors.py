"""Vectors: their lengths and angles, and tables of them."""

from __future__ import annotations

import numpy as np

from ... import backend
from ...graph import Tensor
from ...ops import distance, indexing
from ...ops import embedding as tables


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(||x||_p, eps): vectors of length 1 along `dim`."""
    return distance.normalize(input, p, dim, eps)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """||x1 - x2 + eps||_p along the last axis."""
    return distance.pairwise_distance(x1, x2, p, eps, keepdim)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between x1 and x2 along `dim`; lengths are at least eps."""
    return distance.cosine_similarity(x1, x2, dim, eps)


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """For each number of the input, the row of the weight; see `ops.embedding`.

    max_norm: first shorten those rows, in place.  sparse: accepted; gradients are dense.
    """
    if max_norm is not None:
        tables.renormalise(weight, input, max_norm, norm_type)
    return tables.embedding(weight, input, padding_idx, scale_grad_by_freq)


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows of each bag; see `ops.embedding.embedding_bag`."""
    if max_norm is not None:
        tables.renormalise(weight, input, max_norm, norm_type)
    how = mode, per_sample_weights, include_last_offset, padding_idx, scale_grad_by_freq
    return tables.embedding_bag(weight, input, offsets, *how)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For integers (...), (..., num_classes) with a 1 at each number's place; dtype int64.

    num_classes: one more than the largest number, unless given.
    Raises IndexError for a number outside [0, num_classes).
    """
    numbers = indexing.plain_index(tensor)
    count = int(numbers.max()) + 1 if num_classes < 0 else num_classes
    numbers = tables.row_numbers(numbers, count, "one_hot")
    return Tensor((numbers[..., None] == backend.xp(numbers).arange(count)).astype(np.int64))
