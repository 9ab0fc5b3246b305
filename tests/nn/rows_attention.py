"""Rows of attention and of the transformer's layers."""

import numpy as np

from .table import Constant, Row


def mask(d, *shape):
    """Bools, never all False along the last axis."""
    allowed = d.rng.rand(*shape) > 0.4
    allowed[..., 0] = True
    return allowed


def causal(n):
    """The causal mask as scores to add."""
    return Constant(np.triu(np.full((n, n), -np.inf), 1))


def attend(**options):
    return lambda nn: lambda *x: nn.functional.scaled_dot_product_attention(*x, **options)


def heads(*sizes, **options):
    return lambda nn: nn.MultiheadAttention(*sizes, dropout=0.3, **options)


SMALL = {"dim_feedforward": 6, "dropout": 0.1}

ROWS = [
    Row("scaled_dot_product_attention", attend(), lambda d: (d.real(2, 3, 4), d.real(2, 5, 4), d.real(2, 5, 2))),
    Row("scaled_dot_product_attention bools", attend(), lambda d: (d.real(2, 2, 3, 4), d.real(2, 2, 5, 4), d.real(2, 2, 5, 4), mask(d, 2, 1, 3, 5))),
    Row("scaled_dot_product_attention floats", attend(), lambda d: (d.real(2, 3, 4), d.real(2, 5, 4), d.real(2, 5, 2), d.real(3, 5))),
    Row("scaled_dot_product_attention causal", attend(is_causal=True), lambda d: (d.real(2, 3, 4), d.real(2, 3, 4), d.real(2, 3, 2))),
    Row("scaled_dot_product_attention wide", attend(is_causal=True), lambda d: (d.real(3, 4), d.real(5, 4), d.real(5, 2))),
    Row("scaled_dot_product_attention itself", lambda nn: lambda x: nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True), lambda d: (d.real(2, 3, 4),)),
    Row("scaled_dot_product_attention scale", attend(scale=0.3), lambda d: (d.real(3, 4), d.real(5, 4), d.real(5, 2))),
    Row("scaled_dot_product_attention grouped", attend(enable_gqa=True), lambda d: (d.real(2, 4, 3, 2), d.real(2, 2, 5, 2), d.real(2, 2, 5, 3))),
    Row("MultiheadAttention", heads(4, 2), lambda d: (d.real(3, 2, 4), d.real(5, 2, 4), d.real(5, 2, 4)), noisy=True),
    Row("MultiheadAttention batch-first", lambda nn: nn.MultiheadAttention(4, 2, batch_first=True), lambda d: (d.real(2, 3, 4), d.real(2, 5, 4), d.real(2, 5, 4))),
    Row("MultiheadAttention no-bias", lambda nn: nn.MultiheadAttention(4, 2, bias=False), lambda d: (d.real(3, 2, 4), d.real(5, 2, 4), d.real(5, 2, 4))),
    Row("MultiheadAttention unbatched", lambda nn: nn.MultiheadAttention(4, 2), lambda d: (d.real(3, 4), d.real(5, 4), d.real(5, 4))),
    Row("MultiheadAttention sizes", lambda nn: nn.MultiheadAttention(4, 2, kdim=3, vdim=5), lambda d: (d.real(3, 2, 4), d.real(5, 2, 3), d.real(5, 2, 5))),
    Row("MultiheadAttention more-keys", lambda nn: nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True), lambda d: (d.real(3, 2, 4), d.real(5, 2, 4), d.real(5, 2, 4), ~mask(d, 2, 5), True, ~mask(d, 3, 5))),
    Row("MultiheadAttention all-weights", lambda nn: nn.MultiheadAttention(4, 2), lambda d: (d.real(3, 2, 4), d.real(5, 2, 4), d.real(5, 2, 4), None, True, ~mask(d, 4, 3, 5), False)),
    Row("MultiheadAttention unseen", lambda nn: nn.MultiheadAttention(4, 2), lambda d: (d.real(3, 2, 4), d.real(5, 2, 4), d.real(5, 2, 4), ~mask(d, 2, 5), False)),
    Row("TransformerEncoderLayer", lambda nn: nn.TransformerEncoderLayer(4, 2, **SMALL), lambda d: (d.real(3, 2, 4),), noisy=True),
    Row("TransformerEncoderLayer first", lambda nn: nn.TransformerEncoderLayer(4, 2, 6, 0.0, "gelu", norm_first=True, batch_first=True), lambda d: (d.real(2, 3, 4), None, ~mask(d, 2, 3))),
    Row("TransformerEncoderLayer no-bias", lambda nn: nn.TransformerEncoderLayer(4, 2, 6, 0.0, bias=False), lambda d: (d.real(3, 2, 4), causal(3))),
    Row("TransformerDecoderLayer", lambda nn: nn.TransformerDecoderLayer(4, 2, **SMALL), lambda d: (d.real(3, 2, 4), d.real(5, 2, 4)), noisy=True),
    Row("TransformerDecoderLayer first", lambda nn: nn.TransformerDecoderLayer(4, 2, 6, 0.0, "gelu", norm_first=True), lambda d: (d.real(3, 2, 4), d.real(5, 2, 4), causal(3))),
    Row("TransformerEncoder", lambda nn: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 6, 0.0), 2, nn.LayerNorm(4)), lambda d: (d.real(3, 2, 4), causal(3))),
    Row("TransformerDecoder", lambda nn: nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 6, 0.0), 2), lambda d: (d.real(3, 2, 4), d.real(5, 2, 4))),
    Row("Transformer", lambda nn: nn.Transformer(4, 2, 1, 1, 6, 0.0), lambda d: (d.real(3, 2, 4), d.real(5, 2, 4))),
]  # fmt: skip
