"""Attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import backend
from ...graph import Tensor
from ...ops import attention as attend
from ...ops import dropout as masked
from ...ops import indexing


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    rng: Any = None,
) -> Tensor:
    """softmax(Q K' / sqrt(E) + mask) V: for each query the mean of values, by how keys match.

    query: (..., L, E), key: (..., S, E), value: (..., S, Ev).  Returns (..., L, Ev).
    attn_mask: broadcasts to (..., L, S); bools, True where a query may look, or floats to be added.
    is_causal: query i looks at keys 0 to i only.  scale: in place of 1 / sqrt(E).
    dropout_p: weights are dropped with this probability, always (there is no training flag).
    enable_gqa: each of the fewer key and value heads (axis -3) serves several query heads.
    A query that may look nowhere gives 0.  Vaswani et al. 2017 (arXiv:1706.03762), eq. 1; grouped
    heads: Ainslie et al. 2023 (arXiv:2305.13245).
    """
    if is_causal and attn_mask is not None:
        raise ValueError("scaled_dot_product_attention: give attn_mask or is_causal=True, not both")
    if enable_gqa:
        key, value = (indexing.repeat(x, query.shape[-3] // x.shape[-3], -3) for x in (key, value))
    library = backend.xp(query.data)
    bias = allowed = kept = None
    if is_causal:
        allowed = library.tril(library.ones((query.shape[-2], key.shape[-2]), bool))
    elif attn_mask is not None:
        bias, allowed = (None, attn_mask) if attn_mask.dtype.kind == "b" else (attn_mask, None)
    if dropout_p != 0.0:
        shape = np.broadcast_shapes(query.shape[:-2], key.shape[:-2])
        shape = (*shape, query.shape[-2], key.shape[-2])
        kept = masked.factors(query, masked.draw(query, shape, dropout_p, rng), dropout_p)
    scale = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    return attend.attention(query, key, value, bias, allowed, kept, scale)
