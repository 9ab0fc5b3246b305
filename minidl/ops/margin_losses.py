"""Losses that ask for a margin: between classes, labels, rankings or points of an embedding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor
from .activations import logsigmoid
from .choices import clip, minimum, where
from .cross_entropy import check_class_shape, class_index
from .distance import pairwise_distance
from .elementwise import sqrt
from .indexing import take_along_axis
from .losses import check_same_shape, reduced
from .shape import expand_dims


def hinge(x: Tensor) -> Tensor:
    """max(0, x), with derivative 1 at 0."""
    return clip(x, 0.0, None)


# ---------------------------------------------------------------------------- labels of -1 and 1


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, *, reduction: str = "mean"
) -> Tensor:
    """x where target is 1, max(0, margin - x) where it is -1; x is a distance."""
    similar = where(target != -1, input, 0.0)
    different = where(target != 1, hinge(margin - input), 0.0)
    return reduced("hinge_embedding_loss", similar + different, reduction)


def soft_margin_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """log(1 + e^(-target x)), target 1 or -1: cross-entropy of logits in another notation."""
    check_same_shape("soft_margin_loss", input, target)
    return reduced("soft_margin_loss", -logsigmoid(target * input), reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0.0,
    *,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -target (x1 - x2) + margin): x1 shall rank above x2 where target is 1, below at -1."""
    loss = hinge(-target * (input1 - input2) + margin)
    return reduced("margin_ranking_loss", loss, reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0.0,
    *,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(x1, x2) where target is 1, max(0, cos(x1, x2) - margin) where it is -1.

    input1, input2: (N, D) or (D,); target: (N,) or ().  1e-12 is added to the squared lengths.
    """
    if target.shape != input1.shape[:-1]:
        raise ValueError(
            f"cosine_embedding_loss: target {target.shape} must be {input1.shape[:-1]}, one for "
            f"each vector of input {input1.shape}"
        )
    squares = ((input1 * input1).sum(axis=-1) + 1e-12) * ((input2 * input2).sum(axis=-1) + 1e-12)
    cosine = (input1 * input2).sum(axis=-1) / sqrt(squares)
    loss = where(target == 1, 1.0 - cosine, hinge(cosine - margin))
    return reduced("cosine_embedding_loss", loss, reduction)


# ----------------------------------------------------------------------------------- many classes


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
) -> Tensor:
    """sum_{j != t} w_t max(0, margin - x_t + x_j)^p / C: the right class ahead by a margin.

    input: (N, C) or (C,); target: (N,) or (); p: 1 or 2.  Weston & Watkins 1998, section 2.
    """
    check_class_shape("multi_margin_loss", input, target)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p must be 1 or 2, not {p}")
    classes = input.shape[-1]
    t = expand_dims(class_index(target, classes), -1)
    slack = hinge(margin - take_along_axis(input, t, -1) + input)
    slack = where(t == _numbers(input), 0.0, slack)
    loss = (slack if p == 1 else slack * slack).sum(axis=-1) / float(classes)
    if weight is not None:
        loss = loss * weight[target]
    return reduced("multi_margin_loss", loss, reduction)


def multilabel_margin_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """sum_ij max(0, 1 - (x[y_j] - x_i)) / C, over labels y_j and classes i that are no label.

    input: (N, C) or (C,); target: the same shape, label numbers, then -1 to fill the row.
    """
    check_same_shape("multilabel_margin_loss", input, target)
    classes = input.shape[-1]
    # a row of labels ends at its first -1
    target = target.data if isinstance(target, Tensor) else target
    given = (target < 0).cumsum(axis=-1) == 0
    labels = np.where(given, target, 0)
    number = _numbers(input)
    is_label = ((labels[..., None] == number) & given[..., None]).any(axis=-2)

    ahead = expand_dims(take_along_axis(input, labels, -1), -1) - expand_dims(input, -2)
    counted = given[..., :, None] & ~is_label[..., None, :]  # (..., label, class)
    loss = where(counted, hinge(1.0 - ahead), 0.0).sum(axis=(-2, -1)) / float(classes)
    return reduced("multilabel_margin_loss", loss, reduction)


def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """-mean_c w_c (t_c log sigmoid(x_c) + (1 - t_c) log sigmoid(-x_c)): each label a yes or no.

    input, target: (N, C) or (C,), target 0 or 1; weight: (C,).
    """
    check_same_shape("multilabel_soft_margin_loss", input, target)
    loss = -(target * logsigmoid(input) + (1.0 - target) * logsigmoid(-input))
    loss = loss if weight is None else loss * weight
    return reduced("multilabel_soft_margin_loss", loss.mean(axis=-1), reduction)


def _numbers(input: Tensor) -> Any:
    """0, 1, ..., C - 1 for the classes on the last axis."""
    return backend.xp(input.data).arange(input.shape[-1])


# --------------------------------------------------------------------------------------- triplets


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(a, p) - d(a, n) + margin): the positive nearer to the anchor than the negative.

    anchor, positive, negative: (N, D) or (D,).  swap: measure the negative from the anchor or from
    the positive, whichever is nearer.  Schroff et al. 2015 (arXiv:1503.03832), eq. 3 (there with
    squared distances); swap: Balntas et al. 2016.
    """
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced("triplet_margin_loss", hinge(near - far + margin), reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_with_distance_loss` for the distance ||x1 - x2 + eps||_p."""
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda x1, x2: pairwise_distance(x1, x2, p, eps),
        margin=margin,
        swap=swap,
        reduction=reduction,
    )
