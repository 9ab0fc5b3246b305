"""Multi-head attention: several small attentions side by side, each in a subspace of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor
from ..ops.choices import where
from ..ops.shape import concatenate, split
from ..ops.softmax import softmax
from . import functional as F
from . import init
from .linear import Linear
from .module import Module
from .parameter import empty_parameter


class MultiheadAttention(Module):
    """Y = concat(head_1, ..., head_h) Wo' + bo,  head_i = attention(Q Wq_i', K Wk_i', V Wv_i').

    Each of the `num_heads` heads works in embed_dim / num_heads dimensions.
    in_proj_weight: (3 embed_dim, embed_dim), which is Wq, Wk, Wv one under another (or three
    parameters q_proj_weight, ... where kdim or vdim differ); in_proj_bias: (3 embed_dim,);
    out_proj: Linear.
    add_bias_kv: a learned key and value more; add_zero_attn: a key and value of zeros more.
    Projections start as xavier_uniform_, biases at 0.

    Inputs are (L, N, E), (N, L, E) if batch_first, or (L, E) without a batch.
    Vaswani et al. 2017 (arXiv:1706.03762), section 3.2.2.
    Raises ValueError if embed_dim cannot be divided among the heads.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ValueError(
                f"MultiheadAttention: embed_dim={embed_dim} cannot be divided evenly among "
                f"num_heads={num_heads} heads"
            )
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.batch_first, self.add_zero_attn, self.rng = batch_first, add_zero_attn, rng
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        made = {"dtype": dtype, "device": device}
        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = empty_parameter((3 * embed_dim, embed_dim), **made)
        else:
            self.in_proj_weight = None
            self.q_proj_weight = empty_parameter((embed_dim, embed_dim), **made)
            self.k_proj_weight = empty_parameter((embed_dim, self.kdim), **made)
            self.v_proj_weight = empty_parameter((embed_dim, self.vdim), **made)
        self.in_proj_bias = empty_parameter((3 * embed_dim,), **made) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, device, dtype, rng=rng)
        self.bias_k = empty_parameter((1, 1, embed_dim), **made) if add_bias_kv else None
        self.bias_v = empty_parameter((1, 1, embed_dim), **made) if add_bias_kv else None
        self.reset_parameters(rng)

    def reset_parameters(self, rng: Any = None) -> None:
        """Draw the initial values of the projections again."""
        rng = backend.generator(self.out_proj.weight.device, rng)
        for name, parameter in self.named_parameters(recurse=False):
            if name.endswith("weight"):
                init.xavier_uniform_(parameter, generator=rng)
            elif name.startswith("bias"):
                init.xavier_normal_(parameter, generator=rng)
            else:
                init.zeros_(parameter)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """query: (L, N, E), key: (S, N, kdim), value: (S, N, vdim).  Returns (L, N, E), and the
        weights (N, L, S) averaged over heads, (N, h, L, S) unless `average_attn_weights`, or None.

        key_padding_mask: (N, S), attn_mask: (L, S) or (N h, L, S); as bools, True where a query
        must NOT look (the reverse of scaled_dot_product_attention), as floats added to the scores.
        is_causal: says that attn_mask is the causal mask, which must be given, as in PyTorch.
        """
        if is_causal and attn_mask is None:
            raise ValueError(
                "MultiheadAttention: is_causal=True needs the causal attn_mask as well"
            )
        batched = query.ndim == 3
        if not batched:
            query, key, value = (x.reshape(1, *x.shape) for x in (query, key, value))
            if key_padding_mask is not None:
                key_padding_mask = key_padding_mask.reshape(1, -1)
        elif not self.batch_first:
            query, key, value = (x.swapaxes(0, 1) for x in (query, key, value))
        q, k, v = self._projected(query, key, value)  # (N, L, E), (N, S, E), (N, S, E)
        mask = self._scores_to_add(q, k, key_padding_mask, attn_mask)
        k, v, mask = self._with_more_keys(k, v, mask)
        q, k, v = (self._in_heads(x) for x in (q, k, v))  # (N, h, length, E / h)
        p = self.dropout if self.training else 0.0
        if need_weights:
            y, weights = self._explicit(q, k, v, mask, p)
        else:
            y, weights = F.scaled_dot_product_attention(q, k, v, mask, p, rng=self.rng), None
        y = self.out_proj(y.swapaxes(1, 2).reshape(len(query), -1, self.embed_dim))
        if weights is not None and average_attn_weights:
            weights = weights.mean(axis=1)
        if not batched:
            return y[0], None if weights is None else weights[0]
        return (y if self.batch_first else y.swapaxes(0, 1)), weights

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        """Q Wq', K Wk', V Wv', with their biases."""
        if self.in_proj_weight is None:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        elif query is key and key is value:  # self-attention: one product for all three
            return list(split(F.linear(query, self.in_proj_weight, self.in_proj_bias), 3, axis=-1))
        else:
            weights = split(self.in_proj_weight, 3)
        biases = [None] * 3 if self.in_proj_bias is None else split(self.in_proj_bias, 3)
        return [F.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]

    def _scores_to_add(self, q: Tensor, k: Tensor, padding: Any, mask: Any) -> Tensor | None:
        """Both masks as one sum of floats that broadcasts to (N, h, L, S)."""
        n, s, total = len(q), k.shape[1], None
        if mask is not None:
            expected = (q.shape[1], s)
            if mask.shape not in (expected, (n * self.num_heads, *expected)):
                raise ValueError(
                    f"MultiheadAttention: attn_mask is {mask.shape}, but must be {expected} or "
                    f"{(n * self.num_heads, *expected)}"
                )
            total = _as_floats(mask, q)
            if mask.ndim == 3:
                total = total.reshape(n, self.num_heads, *expected)
        if padding is not None:
            if padding.shape != (n, s):
                raise ValueError(
                    f"MultiheadAttention: key_padding_mask is {padding.shape}, but must be {(n, s)}"
                )
            of_keys = _as_floats(padding, q).reshape(n, 1, 1, s)
            total = of_keys if total is None else total + of_keys
        return total

    def _with_more_keys(self, k: Tensor, v: Tensor, mask: Any) -> tuple[Tensor, Tensor, Any]:
        """Keys and values (N, S, E), the learned ones and zeros behind them; all may see those."""
        more = []
        if self.bias_k is not None:
            more.append((self.bias_k.reshape(1, 1, -1), self.bias_v.reshape(1, 1, -1)))
        if self.add_zero_attn:
            more.append((k[:1, :1] * 0.0, v[:1, :1] * 0.0))
        for extra_k, extra_v in more:
            ones = backend.xp(k.data).ones((len(k), 1, 1), k.dtype)
            k = concatenate([k, extra_k * ones], axis=1)
            v = concatenate([v, extra_v * ones], axis=1)
            if mask is not None:
                mask = concatenate([mask, mask[..., :1].detach() * 0.0], axis=-1)
        if more and mask is not None:
            mask = where(mask == mask, mask, 0.0)  # -inf * 0 is NaN, and means 0
        return k, v, mask

    def _in_heads(self, x: Tensor) -> Tensor:
        """(N, length, E) as (N, h, length, E / h)."""
        return x.reshape(*x.shape[:2], self.num_heads, -1).swapaxes(1, 2)

    def _explicit(self, q: Tensor, k: Tensor, v: Tensor, mask: Any, p: float) -> tuple:
        """The attention step by step, for those who want to see its weights."""
        scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])
        weights = softmax(scores if mask is None else scores + mask, -1)
        weights = F.dropout(weights, p, rng=self.rng)
        return weights @ v, weights

    def extra_repr(self) -> str:
        """The sizes."""
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}, dropout={self.dropout}"


def _as_floats(mask: Tensor, like: Tensor) -> Tensor:
    """A mask of bools (True: must not look) as scores to add."""
    return where(mask, -np.inf, 0.0).astype(like.dtype) if mask.dtype.kind == "b" else mask
