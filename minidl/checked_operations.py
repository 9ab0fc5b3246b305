"""Every operation, on the list of finite-difference checks: `minidl check ops`.

Operations lie on a lower floor than the list, so they are put on it here.  Samples keep clear of
kinks, poles and equal eigenvalues; the lengths of axes differ, and what broadcasts does so.  The
tests put each operation through far more calls (`tests/op_table`).
"""

from __future__ import annotations

from .checks import between, checked, classes, distinct, either_sign, invertible, normal
from .graph import Tensor
from .ops import (
    choices,
    conv,
    elementwise,
    indexing,
    linalg,
    losses,
    pool,
    products,
    reduce,
    shape,
    softmax,
    sorting,
    special,
    trigonometry,
)
from .ops.activations import (
    celu,
    elu,
    gelu_erf,
    gelu_tanh,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    logsigmoid,
    mish,
    silu,
    softplus,
    softshrink,
    softsign,
    tanhshrink,
    threshold,
)
from .ops.attention import attention
from .ops.cross_entropy import bernoulli_nll_of_logits, softmax_cross_entropy
from .ops.ctc import ctc_loss
from .ops.embedding import embedding
from .ops.linear import bilinear
from .ops.recurrent import gru, lstm, rnn
from .ops.resize import interpolate, pixel_shuffle
from .ops.standardize import standardize, standardize_batch

# --------------------------------------------------------------------------------- elementwise

positive, inside = between(0.3, 2.0, 3, 4), between(-0.9, 0.9, 3, 4)

for function in (
    *(elementwise.negative, elementwise.square, elementwise.exp, elementwise.exp2),
    *(elementwise.expm1, trigonometry.sin, trigonometry.cos, trigonometry.arctan),
    *(trigonometry.sinh, trigonometry.cosh, trigonometry.arcsinh, special.erf, special.erfc),
    *(special.ndtr, celu, elu, gelu_erf, gelu_tanh, silu, mish, logsigmoid, softplus, softsign),
    *(tanhshrink, trigonometry.sinc, elementwise.reciprocal, hardswish),
):
    checked(function, x=either_sign(3, 4))
for function in (
    *(elementwise.log, elementwise.log2, elementwise.log10, elementwise.log1p, elementwise.sqrt),
    *(elementwise.rsqrt, special.gammaln, special.digamma),
):
    checked(function, x=positive)
for function in (
    *(trigonometry.tan, trigonometry.arcsin, trigonometry.arccos, trigonometry.arctanh),
    special.erfinv,
):
    checked(function, x=inside)
checked(trigonometry.arccosh, x=between(1.5, 3.0, 3, 4))
checked(special.polygamma, n=1, x=positive)
for function in (hardshrink, softshrink):
    checked(function, x=either_sign(3, 4), lambd=0.05)
for function in (hardsigmoid, hardtanh):  # between their bounds, which lie at 3 and 1
    checked(function, x=inside)
checked(threshold, x=either_sign(3, 4), threshold=0.05, value=0.5)

for function in (elementwise.add, elementwise.subtract, elementwise.multiply, elementwise.hypot):
    checked(function, a=normal(3, 4), b=normal(4))
for function in (elementwise.logaddexp, trigonometry.arctan2):
    checked(function, a=normal(3, 1), b=normal(4))
checked(elementwise.divide, a=normal(3, 4), b=positive)
checked(elementwise.power, a=positive, b=normal(4))
checked(elementwise.remainder, a=between(2.2, 2.8, 3, 4), b=between(0.9, 1.1, 4))
checked(special.xlogy, a=normal(3, 4), b=positive)

# ---------------------------------------------------------------------------------- choices

for function in (choices.maximum, choices.minimum, choices.fmax, choices.fmin):
    checked(function, a=distinct(3, 4), b=0.0)
checked(choices.where, condition=classes(2, 3, 4), a=normal(3, 4), b=normal(4))
checked(choices.clip, x=distinct(3, 4), a_min=-0.9, a_max=0.9)
checked(sorting.sort, x=distinct(3, 4), axis=0)
checked(sorting.median, x=distinct(3, 4), axis=1)
checked(sorting.quantile, x=distinct(3, 4), q=0.3, axis=1)

# ------------------------------------------------------------------------------- reductions

for function in (reduce.sum, reduce.mean, reduce.logsumexp):
    checked(function, x=normal(2, 3, 4), axis=(0, 2))
for function in (reduce.var, reduce.std):
    checked(function, x=normal(2, 3, 4), axis=1, ddof=1)
for function in (reduce.max, reduce.min):
    checked(function, x=distinct(3, 4), axis=1, keepdims=True)
for function in (reduce.prod, reduce.cumsum, reduce.cumprod, reduce.norm2):
    checked(function, x=either_sign(3, 4), axis=1)

# ----------------------------------------------------------------------------------- shapes

checked(shape.reshape, x=normal(3, 4), shape=(2, 6))
checked(shape.transpose, x=normal(2, 3, 4), axes=(2, 0, 1))
checked(shape.swapaxes, x=normal(2, 3, 4), axis1=0, axis2=-1)
checked(shape.expand_dims, x=normal(3, 4), axis=1)
checked(shape.squeeze, x=normal(3, 1, 4), axis=1)
checked(shape.broadcast_to, x=normal(3, 1), shape=(2, 3, 4))
checked(shape.astype, x=normal(3, 4), dtype="float64")
checked(shape.copy, x=normal(3, 4))
checked(shape.concatenate, arrays=[normal(3, 4), normal(2, 4)])
checked(shape.stack, arrays=[normal(3, 4), normal(3, 4)], axis=1)
checked(shape.split, x=normal(5, 3), indices_or_sections=[2, 3])
checked(shape.flip, x=normal(3, 4), axis=1)
checked(shape.roll, x=normal(3, 4), shift=(1, -2), axis=(0, 1))
checked(shape.rot90, x=normal(3, 4))
checked(shape.tile, x=normal(3, 4), reps=(2, 1))
for function in (shape.tril, shape.triu, shape.diagonal, shape.diag):
    checked(function, x=normal(3, 4))
checked(shape.diag, x=normal(3), k=1, case="of a vector")

# --------------------------------------------------------------------------------- indexing

checked(indexing.getitem, x=normal(3, 4), index=(slice(1, None), 2))
checked(indexing.take, x=normal(3, 4), indices=[0, 2, 2], axis=1)
checked(indexing.index_put, x=normal(3, 4), index=slice(None, None, 2), values=normal(4))
checked(indexing.index_add, x=normal(3, 4), index=[0, 0], values=normal(2, 4))
checked(indexing.take_along_axis, x=normal(3, 4), indices=classes(3, 2, 4), axis=0)
checked(
    indexing.put_along_axis, x=normal(3, 4), indices=classes(3, 1, 4), values=normal(1, 4), axis=0
)
checked(indexing.repeat, x=normal(3, 4), repeats=2, axis=1)
checked(indexing.pad, x=normal(3, 4), pad_width=((1, 0), (2, 1)))
checked(indexing.pad, x=normal(3, 4), pad_width=1, mode="reflect", case="reflect")
checked(indexing.sliding_window_view, x=normal(6), window_shape=3)

# ------------------------------------------------------------------- products, linear algebra

checked(products.matmul, a=normal(2, 3, 4), b=normal(4, 5))
checked(
    products.einsum_of, operands=[normal(3, 4), normal(4, 2), normal(2)], subscripts="ij,jk,k->i"
)
checked(products.tensordot, a=normal(2, 3, 4), b=normal(4, 3, 2), axes=([1, 2], [1, 0]))
checked(products.kron, a=normal(2, 3), b=normal(2, 2))
checked(bilinear, x1=normal(3, 2), x2=normal(3, 4), weight=normal(5, 2, 4), bias=normal(5))
for function in (linalg.inv, linalg.det, linalg.slogdet, linalg.qr):
    checked(function, a=invertible(3))
checked(linalg.pinv, a=normal(4, 2))


def cholesky_of_product(a: Tensor) -> Tensor:
    """The Cholesky factor of a a' + 1, which is symmetric whatever a is."""
    return linalg.cholesky(a @ a.T + linalg.matrix_power(a, 0))


def eigh_of_sum(a: Tensor) -> tuple[Tensor, Tensor]:
    """The eigenvalues of a + a', and the squares of its eigenvectors, whose signs are free."""
    values, vectors = linalg.eigh(a + a.T)
    return values, vectors * vectors


def svd_parts(a: Tensor) -> tuple[Tensor, Tensor]:
    """The singular values, and U V', which no choice of signs changes."""
    u, values, vh = linalg.svd(a)
    return values, u @ vh


checked(cholesky_of_product, a=normal(3, 3))
checked(eigh_of_sum, a=normal(3, 3))
checked(svd_parts, a=normal(4, 3))

# --------------------------------------------------------------------------- sliding windows

channels = {"weight": normal(4, 1, 3), "bias": normal(4), "stride": 2, "padding": 1, "groups": 2}
checked(conv.conv1d, input=normal(2, 2, 6), **channels)
checked(conv.conv3d, input=normal(1, 2, 3, 2, 3), weight=normal(2, 2, 2, 1, 2))
checked(conv.conv_transpose1d, input=normal(2, 3, 4), weight=normal(3, 2, 3), stride=2)
checked(conv.conv_transpose2d, input=normal(1, 2, 3, 2), weight=normal(2, 3, 2, 2), padding=1)
checked(conv.conv_transpose3d, input=normal(1, 2, 2, 1, 2), weight=normal(2, 1, 2, 2, 1))
checked(pool.max_pool2d, input=distinct(1, 2, 4, 4), kernel_size=2)
checked(pool.avg_pool2d, input=normal(1, 2, 4, 5), kernel_size=2, padding=1)
checked(pool.unfold, input=normal(1, 2, 4, 3), kernel_size=2, stride=1)
checked(pool.fold, input=normal(1, 8, 6), output_size=(4, 3), kernel_size=2)
checked(interpolate, input=normal(1, 2, 3, 4), size=(5, 3), mode="bilinear")
checked(pixel_shuffle, input=normal(1, 8, 2, 3), upscale_factor=2)

# ---------------------------------------------------------------------------- fused operations

checked(softmax.softmax, x=normal(3, 5), axis=0)
checked(softmax.log_softmax, x=normal(3, 5))
checked(
    softmax_cross_entropy, x=normal(4, 3), target=classes(3, 4), weight=None,
    ignore_index=-100, reduction="mean", label_smoothing=0.1,
)  # fmt: skip
checked(bernoulli_nll_of_logits, x=normal(6), target=between(0.0, 1.0, 6))
checked(losses.huber, d=either_sign(12), delta=1.0)
checked(losses.mse, input=normal(4, 3), target=normal(4, 3), reduction="none")
checked(standardize_batch, x=normal(4, 3, 2), weight=normal(3), bias=normal(3), eps=1e-5)
checked(
    standardize, x=normal(3, 4, 2), weight=normal(4, 2), bias=normal(4, 2), axes=(1, 2), eps=1e-5
)
checked(
    attention, query=normal(2, 3, 4), key=normal(2, 5, 4), value=normal(2, 5, 2), bias=normal(3, 5),
    allowed=None, kept=None, scale=0.5,
)  # fmt: skip
checked(embedding, index=classes(4, 2, 3), weight=normal(4, 5))
checked(rnn, gates=normal(3, 2, 4), h=normal(2, 4), weight=normal(4, 4))
checked(
    lstm, gates=normal(3, 2, 12), h=normal(2, 2), c=normal(2, 3), weight=normal(12, 2),
    projection=normal(2, 3),
)  # fmt: skip
checked(gru, gates=normal(3, 2, 12), h=normal(2, 4), weight=normal(12, 4), bias=normal(12))
checked(
    ctc_loss, log_probs=normal(4, 2, 3), targets=lambda rng: rng.integers(1, 3, (2, 2)),
    input_lengths=[4, 4], target_lengths=[1, 2],
)  # fmt: skip
