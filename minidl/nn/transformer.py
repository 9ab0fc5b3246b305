"""The transformer: layers of attention and of small networks, each added to what came in.

Vaswani et al. 2017, "Attention is all you need" (arXiv:1706.03762); normalisation before each part
instead of behind it: Xiong et al. 2020 (arXiv:2002.04745).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor
from . import functional as F
from . import init
from .attention import MultiheadAttention
from .containers import ModuleList
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalization import LayerNorm

Activation = str | Callable[[Tensor], Tensor]


class _Layer(Module):
    """What both kinds of layer have: a network after the attention, and residual connections."""

    def _make(
        self, d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
        norm_first, bias, device, dtype, rng, attentions,
    ) -> None:  # fmt: skip
        made = {"device": device, "dtype": dtype}
        rng = backend.generator(device, rng) if rng is not None else None
        for name in attentions:
            attention = MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, rng=rng, **made
            )
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng, **made)
        self.dropout = Dropout(dropout, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng, **made)
        self.norm_first = norm_first
        for i in range(1, len(attentions) + 2):
            setattr(self, f"norm{i}", LayerNorm(d_model, layer_norm_eps, bias=bias, **made))
        for i in range(1, len(attentions) + 2):
            setattr(self, f"dropout{i}", Dropout(dropout, rng=rng))
        known = {"relu": F.relu, "gelu": F.gelu}
        if isinstance(activation, str) and activation not in known:
            raise ValueError(f"activation is 'relu', 'gelu' or a function, not {activation!r}")
        self.activation = known[activation] if isinstance(activation, str) else activation

    def _added(self, x: Tensor, number: int, part: Callable[[Tensor], Tensor]) -> Tensor:
        """x + part(norm(x)) if norms come first, else norm(x + part(x))."""
        norm, dropout = getattr(self, f"norm{number}"), getattr(self, f"dropout{number}")
        if self.norm_first:
            return x + dropout(part(norm(x)))
        return norm(x + dropout(part(x)))

    def _network(self, x: Tensor) -> Tensor:
        """W2 activation(W1 x), at each position by itself."""
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """x <- norm1(x + self_attn(x));  x <- norm2(x + linear2(activation(linear1(x)))).

    norm_first: each part sees norm(x), and x itself is passed on (arXiv:2002.04745).
    Inputs are (L, N, d_model), or (N, L, d_model) if batch_first.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        self._make(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias, device, dtype, rng, ["self_attn"],
        )  # fmt: skip

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """src: (L, N, d_model), returned in the same shape.

        src_mask: (L, L), src_key_padding_mask: (N, L); True, or -inf, where not to look.
        is_causal: says that src_mask is causal, and changes nothing.
        """

        def attend(x: Tensor) -> Tensor:
            return self.self_attn(x, x, x, src_key_padding_mask, False, src_mask)[0]

        return self._added(self._added(src, 1, attend), 2, self._network)


class TransformerDecoderLayer(_Layer):
    """As the encoder's layer, with an attention to the encoder's output between its two parts:

    x <- norm1(x + self_attn(x));  x <- norm2(x + multihead_attn(x, memory));
    x <- norm3(x + linear2(activation(linear1(x)))).
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        self._make(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias, device, dtype, rng, ["self_attn", "multihead_attn"],
        )  # fmt: skip

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """tgt: (T, N, d_model), memory: (S, N, d_model).  Returns (T, N, d_model)."""

        def attend(x: Tensor) -> Tensor:
            return self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask)[0]

        def look_up(x: Tensor) -> Tensor:
            padding = memory_key_padding_mask
            return self.multihead_attn(x, memory, memory, padding, False, memory_mask)[0]

        x = self._added(self._added(tgt, 1, attend), 2, look_up)
        return self._added(x, 3, self._network)


class TransformerEncoder(Module):
    """`num_layers` copies of an encoder layer, one after another, and a norm if one is given.

    The copies start equal, as in PyTorch: draw them anew for training from scratch.
    """

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """src: (L, N, d_model), returned in the same shape; the masks go to every layer."""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """`num_layers` copies of a decoder layer, one after another, and a norm if one is given."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        self.layers = ModuleList([copy.deepcopy(decoder_layer) for _ in range(num_layers)])
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """tgt: (T, N, d_model), memory: (S, N, d_model).  Returns (T, N, d_model)."""
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks)
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder for the source and a decoder for the target, each with a norm at its end.

    All matrices start as xavier_uniform_.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        how = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first)
        more = (norm_first, bias, device, dtype)
        made = {"bias": bias, "device": device, "dtype": dtype}
        norms = [LayerNorm(d_model, layer_norm_eps, **made) for _ in range(2)]
        encoder_layer = TransformerEncoderLayer(*how, *more, rng=rng)
        decoder_layer = TransformerDecoderLayer(*how, *more, rng=rng)
        self.encoder = TransformerEncoder(encoder_layer, num_encoder_layers, norms[0])
        self.decoder = TransformerDecoder(decoder_layer, num_decoder_layers, norms[1])
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        rng = backend.generator(device, rng)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter, generator=rng)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """src: (S, N, d_model), tgt: (T, N, d_model).  Returns (T, N, d_model)."""
        memory = self.encoder(src, src_mask, src_key_padding_mask)
        paddings = tgt_key_padding_mask, memory_key_padding_mask
        return self.decoder(tgt, memory, tgt_mask, memory_mask, *paddings)

    @staticmethod
    def generate_square_subsequent_mask(
        sz: int, device: str | None = None, dtype: Any = None
    ) -> Tensor:
        """The causal mask (sz, sz): -inf above the diagonal, 0 elsewhere; it is added to scores."""
        library = backend.namespace(device)
        dtype = dtype or backend.get_default_dtype()
        return Tensor(library.triu(library.full((sz, sz), -np.inf, dtype), 1))
