"""Losses of classification: cross-entropy over classes, and of a single yes or no."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backend, complaints
from ..graph import Tensor, op
from .activations import log_1_plus, logsigmoid, sigmoid
from .choices import maximum, where
from .elementwise import log, log1p
from .indexing import take_along_axis
from .losses import check_reduction, check_same_shape, check_tensors, reduced
from .shape import expand_dims, squeeze
from .softmax import log_softmax, softmax

# ----------------------------------------------------------------------------- several classes


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input)[target], in nats: how surprised the model is by the right class.

    input: logits (N, C), (N, C, d1, ..., dk) or (C,).
    target: class indices (N,), (N, d1, ..., dk) or (); or probabilities q of the shape of input.
    weight: (C,), a factor for each class.  label_smoothing: the part e of the target that is spread
    evenly, q <- (1 - e) q + e / C.  The loss is -sum_c w_c q_c log p_c with p = softmax(input).
    Examples whose index is ignore_index count nothing.  "mean" divides by the sum of the weights of
    the target classes; with probabilities by the number of examples.
    Label smoothing: Szegedy et al. 2016 (arXiv:1512.00567), section 7.
    Raises ValueError where shapes do not fit, IndexError for a class that does not exist.
    """
    check_reduction("cross_entropy", reduction)
    check_tensors("cross_entropy", input=input, target=target)
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"cross_entropy: label_smoothing is from 0 to 1, not {label_smoothing}")
    if target.dtype.kind == "f":
        if target.ndim == input.ndim - 1:
            raise TypeError(
                f"cross_entropy: class indices are whole numbers, and target {target.shape} is "
                f"{target.dtype}: use target.astype('int64')"
            )
        check_same_shape("cross_entropy", input, target)
        axis = class_axis(input)
        q = (1.0 - label_smoothing) * target + label_smoothing / input.shape[axis]
        q = q if weight is None else q * by_class(weight, input)
        return reduced("cross_entropy", -(q * log_softmax(input, axis)).sum(axis=axis), reduction)
    check_class_shape("cross_entropy", input, target)
    return softmax_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """-w_t input[t] for the target class t: cross-entropy of log-probabilities.

    Shapes, weight, ignore_index and reduction are those of `cross_entropy` with class indices.
    """
    check_reduction("nll_loss", reduction)
    check_class_shape("nll_loss", input, target)
    axis = class_axis(input)
    counted = target != ignore_index
    t = class_index(target, input.shape[axis], ignore_index)
    picked = squeeze(take_along_axis(input, expand_dims(t, axis), axis), axis)
    w = counted.astype(input.dtype) if weight is None else where(counted, weight[t], 0.0)
    loss = -w * where(counted, picked, 0.0)
    if reduction == "mean":
        return loss.sum() / w.sum()
    return reduced("nll_loss", loss, reduction)


@op(aux=True)
def softmax_cross_entropy(x, target, weight, ignore_index, reduction, label_smoothing):
    """Cross-entropy of logits x (N, C, ...) with class indices (N, ...), fused.

    One row of logits has log-probabilities l = x - log sum_j e^x_j and p = e^l.  Its target class t
    and the classes' weights w give, with e the label smoothing, a = (1 - e) w_t and b = e / C,

        loss = -a l_t - b sum_c w_c l_c

    Since dl_c/dx_j = [c = j] - p_j, and writing W = sum_c w_c,

        dloss/dx_j = (a + b W) p_j - b w_j - a [j = t]

    which without weights and smoothing is p - onehot(t).  So the backward keeps p, scales each row
    of it, and subtracts at one place in each row; a one-hot matrix is never made.
    """
    rows = _rows(x)
    settings = weight, ignore_index, reduction, label_smoothing
    t, ignored, a, b, scale = _counted(target.reshape(-1), rows.shape[1], x.dtype, *settings)
    places = (backend.xp(x).arange(len(t)), t)

    z = rows - rows.max(axis=1, keepdims=True)
    p = np.exp(z)
    total = p.sum(axis=1, keepdims=True)
    p /= total
    loss = -a * (z[places] - np.log(total[:, 0]))
    if label_smoothing:
        scores = z - np.log(total)
        loss -= b * (scores.sum(axis=1) if weight is None else scores @ weight)
    if ignored is not None:
        loss = np.where(ignored, 0, loss)  # a logit of such a row may be infinite
    loss = loss.reshape(target.shape) if reduction == "none" else loss.sum() * scale
    return loss, (p, places, a, b, scale)


def _counted(target, classes, dtype, weight, ignore_index, reduction, label_smoothing):
    """The classes t, which rows are ignored (None for none), and what a row counts: a, b, and the
    scale of the sum.  a and b are numbers where all rows count the same."""
    t, ignored = _checked(target, classes, ignore_index)
    counted = 1.0 if ignored is None else 1 - ignored.astype(dtype)
    w = counted if weight is None else counted * weight[t]
    scale = 1.0
    if reduction == "mean":
        scale = 1.0 / (w * len(t) if isinstance(w, float) else w.sum())
    return t, ignored, (1.0 - label_smoothing) * w, (label_smoothing / classes) * counted, scale


def _rows(x):
    """Logits (C,) or (N, C, ...) as rows (M, C)."""
    if x.ndim <= 2:
        return x.reshape(-1, x.shape[-1])
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def _unrows(rows, shape):
    """Rows (M, C) back in the shape (C,) or (N, C, ...)."""
    if len(shape) <= 2:
        return rows.reshape(shape)
    return np.moveaxis(rows.reshape(shape[:1] + shape[2:] + shape[1:2]), -1, 1)


@softmax_cross_entropy.composite
def _(x, target, weight, ignore_index, reduction, label_smoothing):
    axis = class_axis(x)
    scores = log_softmax(x, axis)
    options = {"ignore_index": ignore_index, "reduction": reduction}
    hard = nll_loss(scores, target, weight, **options)
    if not label_smoothing:
        return hard
    # the same for every class as the target, counted as the hard part counts
    counted = (target != ignore_index).astype(x.dtype)
    even = -(scores if weight is None else scores * by_class(weight, x)).sum(axis=axis)
    even = where(counted > 0, even, 0.0) / x.shape[axis]
    if reduction == "mean":
        t = class_index(target, x.shape[axis], ignore_index)
        even = even.sum() / (counted if weight is None else counted * weight[t]).sum()
    elif reduction == "sum":
        even = even.sum()
    return (1.0 - label_smoothing) * hard + label_smoothing * even


@softmax_cross_entropy.backward("x")
def _(g, x, weight, label_smoothing, aux):
    p, places, a, b, scale = aux
    g = scale * g.reshape(-1, 1)  # one for each row, or one for all
    a = a * g if isinstance(a, float) else a[:, None] * g
    if not label_smoothing:
        gx = p * a
        gx[places] = (p[places] - 1.0) * a[:, 0]  # keeps its digits where p is nearly 1
    else:
        b = b * g if isinstance(b, float) else b[:, None] * g
        W = x.shape[class_axis(x)] if weight is None else weight.sum()
        gx = p * (a + b * W)
        gx -= b if weight is None else b * weight
        gx[places] -= a[:, 0]
    return (_unrows(gx, x.shape),)


def _recorded(g, x, target, weight, ignore_index, reduction, label_smoothing):
    """The same derivative, with a matrix of one-hot rows, in operations that can be recorded."""
    axis, shape = class_axis(x), target.shape
    weight = getattr(weight, "data", weight)  # a constant
    settings = weight, ignore_index, reduction, label_smoothing
    t, _, *ab, scale = _counted(target.reshape(-1), x.shape[axis], x.dtype, *settings)
    a, b = (n if isinstance(n, float) else np.expand_dims(n.reshape(shape), axis) for n in ab)
    library = backend.xp(target)
    onehot = library.zeros((len(t), x.shape[axis]), x.dtype)
    onehot[library.arange(len(t)), t] = 1.0
    p, onehot = softmax(x, axis), _unrows(onehot, x.shape)
    g = scale * (expand_dims(g, axis) if reduction == "none" else g)
    if not label_smoothing:
        return (p - onehot) * (a * g)
    w, W = (1.0, x.shape[axis]) if weight is None else (by_class(weight, x), weight.sum())
    return (p * (a + b * W) - b * w - a * onehot) * g


softmax_cross_entropy.vjp(x=_recorded)


def class_axis(input: Any) -> int:
    """The axis of the classes: 1, or 0 where there is no batch."""
    return min(1, input.ndim - 1)


def by_class(weight: Any, input: Any) -> Any:
    """The class weights (C,) in a shape that multiplies logits (C,) or (N, C, ...)."""
    return weight if input.ndim <= 2 else weight.reshape(-1, *[1] * (input.ndim - 2))


@op
def class_index(target, classes, ignore_index=None):
    """The class indices, with 0 where they are to be ignored; IndexError for what is no class."""
    return _checked(target, classes, ignore_index)[0]


def _checked(target, classes, ignore_index):
    """`class_index`, and where it ignores: None if nowhere."""
    ignored, t = None, target
    lowest, highest = (t.min(), t.max()) if t.size else (0, 0)
    if ignore_index is not None and lowest <= ignore_index <= highest:
        ignored = target == ignore_index
        t = np.where(ignored, 0, target)
        lowest, highest = t.min(), t.max()
    if lowest < 0 or highest >= classes:
        wrong = lowest if lowest < 0 else highest
        text = f"class {wrong} does not exist: {classes} classes are 0 to {classes - 1}"
        raise complaints.complete(IndexError(text))
    return t, ignored


def check_class_shape(name: str, input: Any, target: Any) -> None:
    """Raise ValueError unless `target` has one class index for each example of `input`."""
    check_tensors(name, input=input, target=target)
    axis = class_axis(input)
    expected = input.shape[:axis] + input.shape[axis + 1 :]
    if target.shape != expected:
        hint = "; a one-hot target must be of floats" if target.shape == input.shape else ""
        raise ValueError(
            f"{name}: input {input.shape} needs class indices of shape {expected}, "
            f"not {target.shape}{hint}"
        )


# -------------------------------------------------------------------------------- yes or no


@op
def bernoulli_nll(p, target):
    """-(t log p + (1 - t) log(1 - p)), each logarithm at least -100, as PyTorch has it."""
    if not ((p >= 0) & (p <= 1)).all():
        text = "probabilities must be from 0 to 1: give logits to the with_logits form"
        raise complaints.complete(ValueError(text))
    with np.errstate(divide="ignore"):
        yes, no = np.maximum(np.log(p), -100.0), np.maximum(np.log1p(-p), -100.0)
    return -(target * yes + (1.0 - target) * no)


# d/dp = (p - t) / (p (1 - p)), where the floor keeps certain and right from 0/0
bernoulli_nll.vjp(
    p=lambda g, p, target: g * (p - target) / maximum(p * (1.0 - p), 1e-12),
    target=lambda g, p: g * (maximum(log1p(-p), -100.0) - maximum(log(p), -100.0)),
)


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """-(t log p + (1 - t) log(1 - p)) of probabilities p = input; logarithms are at least -100.

    input, target: the same shape; weight: factors that broadcast to it.
    Raises ValueError for an input outside [0, 1].  With logits use
    `binary_cross_entropy_with_logits`, which loses no digits.
    """
    check_same_shape("binary_cross_entropy", input, target)
    loss = bernoulli_nll(input, target)
    return reduced("binary_cross_entropy", loss if weight is None else loss * weight, reduction)


@op
def bernoulli_nll_of_logits(x, target):
    """log(1 + e^x) - t x = max(x, 0) - t x + log(1 + e^-|x|), which does not overflow."""
    return np.maximum(x, 0) - target * x + log_1_plus(np.exp(-np.abs(x)))


bernoulli_nll_of_logits.vjp(
    x=lambda g, x, target: g * (sigmoid(x) - target),
    target=lambda g, x: -g * x,
)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-(c t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))) of logits x = input.

    input, target: the same shape; weight: factors that broadcast to it; pos_weight c: the weight of
    a yes, for instance the ratio of noes to yeses, by class.
    """
    check_same_shape("binary_cross_entropy_with_logits", input, target)
    if pos_weight is None:
        loss = bernoulli_nll_of_logits(input, target)
    else:
        # log(1 - sigmoid(x)) = log sigmoid(x) - x
        loss = (1.0 - target) * input - (1.0 + (pos_weight - 1.0) * target) * logsigmoid(input)
    loss = loss if weight is None else loss * weight
    return reduced("binary_cross_entropy_with_logits", loss, reduction)
