"""PyTorch's names and argument order for the operations of networks.

    import minidl.nn.functional as F

A face: nothing is computed here that `minidl.ops` does not define.  Functions that PyTorch and
minidl spell alike are the operations themselves; the others rename `dim` to NumPy's `axis`, and
draw the random numbers that operations take as inputs (from minidl's generator, or from `rng`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor
from ..ops import activations as pointwise
from ..ops import attention as attend
from ..ops import distance, indexing
from ..ops import dropout as masked
from ..ops import embedding as tables
from ..ops import softmax as over_axis
from ..ops.activations import (
    celu,
    elu,
    gelu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softplus,
    softshrink,
    softsign,
    tanhshrink,
    threshold,
)
from ..ops.adaptive_pool import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
)
from ..ops.conv import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)
from ..ops.cross_entropy import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    nll_loss,
)
from ..ops.elementwise import absolute as absolute_rectification
from ..ops.linear import bilinear, linear
from ..ops.losses import (
    gaussian_nll_loss,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    poisson_nll_loss,
    smooth_l1_loss,
)
from ..ops.margin_losses import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from ..ops.pool import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    fold,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    unfold,
)
from ..ops.resize import channel_shuffle, interpolate, pixel_shuffle, pixel_unshuffle
from ..ops.trigonometry import tanh

# ------------------------------------------------------------------------ activations on an axis


def softmax(input: Tensor, dim: int) -> Tensor:
    """e^x_i / sum_j e^x_j along `dim`: positive numbers that sum to 1."""
    return over_axis.softmax(input, dim)


def softmin(input: Tensor, dim: int) -> Tensor:
    """softmax(-input) along `dim`."""
    return over_axis.softmin(input, dim)


def log_softmax(input: Tensor, dim: int) -> Tensor:
    """The logarithm of softmax along `dim`, without loss of digits."""
    return over_axis.log_softmax(input, dim)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), where a and b are the halves of the input along `dim`."""
    return over_axis.glu(input, dim)


def kwta(input: Tensor, k: int, dim: int = -1) -> Tensor:
    """The k largest entries along `dim`, 0 for the others (PyTorch has no such function)."""
    return over_axis.kwta(input, k, dim)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, *, dim: int = -1, rng: Any = None
) -> Tensor:
    """A sample from the Concrete distribution with these logits; see `ops.softmax`."""
    noise = -np.log(backend.generator(logits.device, rng).standard_exponential(logits.shape))
    return over_axis.gumbel_softmax(logits, noise.astype(logits.dtype), tau, hard, dim)


# ------------------------------------------------------------------- rectifiers with many slopes


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, else weight * x.  weight: (1,), or (C,) for the C channels on axis 1.

    Raises ValueError where the weight has another number of elements.
    """
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.size not in (1, channels):
        raise ValueError(
            f"prelu: weight {weight.shape} needs 1 element, or {channels} for input {input.shape}"
        )
    if weight.size > 1:
        weight = weight.reshape(-1, *[1] * (input.ndim - 2))
    return pointwise.prelu(input, weight)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    *,
    rng: Any = None,
) -> Tensor:
    """Leaky relu; the slope of each element is drawn from [lower, upper), or in use their mean.

    Xu et al. 2015 (arXiv:1505.00853), section 3.4.
    """
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    slopes = lower + (upper - lower) * backend.generator(input.device, rng).random(input.shape)
    return pointwise.prelu(input, slopes.astype(input.dtype))


# --------------------------------------------------------------------------------------- dropout


def dropout(input: Tensor, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Tensor:
    """In training, 0 for each element with probability p, and x / (1 - p) for the others.

    In use, the input.  Raises ValueError for p outside [0, 1].
    """
    return _dropout(masked.dropout, input, input.shape, p, training, rng)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Tensor:
    """Dropout of whole channels of (N, C, L) or (C, L)."""
    return _dropout(masked.dropout, input, _channels(input, 2), p, training, rng)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Tensor:
    """Dropout of whole channels of (N, C, H, W).  Tompson et al. 2015 (arXiv:1411.4280)."""
    return _dropout(masked.dropout, input, _channels(input, 0), p, training, rng)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Tensor:
    """Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    return _dropout(masked.dropout, input, _channels(input, 4), p, training, rng)


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, *, rng: Any = None
) -> Tensor:
    """Dropout to the lowest value of selu, which keeps mean 0 and variance 1."""
    return _dropout(masked.alpha_dropout, input, input.shape, p, training, rng)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, *, rng: Any = None
) -> Tensor:
    """Alpha dropout of whole channels of (N, C, ...)."""
    return _dropout(masked.alpha_dropout, input, _channels(input, 0), p, training, rng)


def _channels(input: Tensor, unbatched: int) -> tuple[int, ...]:
    """The shape of a mask with one element for each channel, of inputs (N, C, ...) or (C, ...)."""
    leading = 1 if input.ndim == unbatched else 2
    return input.shape[:leading] + (1,) * (input.ndim - leading)


def _dropout(kind: Any, input: Tensor, shape: Any, p: float, training: bool, rng: Any) -> Tensor:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout: p is the probability to drop, from 0 to 1, not {p}")
    if not training or p == 0.0:
        return input
    kept = backend.generator(input.device, rng).random(shape, dtype=np.float32) >= p
    return kind(input, kept, p)


# -------------------------------------------------------------------------------------- distances


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


# ---------------------------------------------------------------------------------------- tables


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
    numbers = tables.row_numbers(numbers, count)
    return Tensor((numbers[..., None] == backend.xp(numbers).arange(count)).astype(np.int64))


# ---------------------------------------------------------------------------------------- borders


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """A border around the input: pad = (before, after) of the last axis, of the one before it, ...

    mode: 'constant' (value, or 0; a negative number takes elements away), 'reflect' (a mirror image
    that leaves out the last element), 'replicate' (the last element), 'circular' (the other end).
    Raises ValueError for a border that the mode cannot fill.
    """
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ValueError(f"pad: {tuple(pad)} is not pairs for the last axes of {input.shape}")
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)][::-1]
    widths = [(0, 0)] * (input.ndim - len(pairs)) + pairs
    if mode == "constant":
        inside = [slice(max(-b, 0), n - max(-a, 0)) for (b, a), n in zip(widths, input.shape)]
        widths = [(max(b, 0), max(a, 0)) for b, a in widths]
        return indexing.pad(input[tuple(inside)], widths, constant_values=value or 0.0)
    names = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    if mode not in names:
        raise ValueError(f"pad: mode is 'constant' or one of {[*names]}, not {mode!r}")
    for (before, after), n in zip(widths, input.shape):
        most = {"reflect": n - 1, "replicate": math.inf, "circular": n}[mode]
        if not (0 <= before <= most and 0 <= after <= most):
            raise ValueError(f"pad: {mode!r} fills 0 to {most} elements at each end of {n}")
    return indexing.pad(input, widths, mode=names[mode])


# ------------------------------------------------------------------------------------- attention


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
    if not 0.0 <= dropout_p <= 1.0:
        raise ValueError(f"dropout_p is the probability to drop, from 0 to 1, not {dropout_p}")
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
    if dropout_p > 0.0:
        shape = np.broadcast_shapes(query.shape[:-2], key.shape[:-2])
        shape = (*shape, query.shape[-2], key.shape[-2])
        drawn = backend.generator(query.device, rng).random(shape, dtype=np.float32)
        share = 1.0 / (1.0 - dropout_p) if dropout_p < 1 else 0.0
        kept = (drawn >= dropout_p).astype(query.dtype) * share
    scale = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    return attend.attention(query, key, value, bias, allowed, kept, scale)
