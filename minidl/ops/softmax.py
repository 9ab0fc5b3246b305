"""Activations along an axis: softmax and its logarithm, gates, winner-take-all, Gumbel noise."""

from __future__ import annotations

import numpy as np

from ..complaints import checked_axis, complete
from ..graph import op
from .activations import sigmoid
from .elementwise import exp


@op
def softmax(x, axis=-1):
    """e^x_i / sum_j e^x_j along an axis, the largest x subtracted first so that none overflows."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


# dy_i/dx_j = y_i (delta_ij - y_j), so  dL/dx = y * (g - <g, y>)
softmax.vjp(x=lambda g, y, axis: y * (g - (g * y).sum(axis=axis, keepdims=True)))


@op
def log_softmax(x, axis=-1):
    """x_i - log sum_j e^x_j along an axis, without overflow."""
    z = x - x.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


# dy_i/dx_j = delta_ij - p_j with p = e^y
log_softmax.vjp(x=lambda g, y, axis: g - exp(y) * g.sum(axis=axis, keepdims=True))


def softmin(x, axis=-1):
    """softmax(-x): the smallest x gets the largest share."""
    return softmax(-x, axis)


def glu(x, axis=-1):
    """a * sigmoid(b), where a and b are the two halves of x along an axis.

    Dauphin et al. 2017 (arXiv:1612.08083), eq. 1.  Raises ValueError for an axis of odd length.
    """
    place = checked_axis("glu", axis, x.shape)
    length = x.shape[place]
    if length % 2:
        raise ValueError(f"glu: axis {axis} of shape {x.shape} has odd length {length}: no halves")
    before = (slice(None),) * place
    half = length // 2
    return x[(*before, slice(None, half))] * sigmoid(x[(*before, slice(half, None))])


@op
def winners(x, k, axis=-1):
    """True at the k largest entries along an axis; of equal entries the first ones win."""
    if not 0 <= k <= x.shape[axis]:
        n = x.shape[axis]
        raise complete(ValueError(f"k must be from 0 to {n}, the length of axis {axis}, not {k}"))
    order = np.argsort(-x, axis=axis, kind="stable")
    rank = np.argsort(order, axis=axis)
    return rank < k


def kwta(x, k, axis=-1):
    """k-winner-take-all: the k largest entries along an axis, 0 for all others.

    Exactly k survive, ties or not, and the gradient reaches these alone (it jumps where the winners
    change).  Ahmad & Scheinkman 2019 (arXiv:1903.11257), eq. 1.  Notes: `kwta`.
    """
    return x * winners(x, k, axis)


def gumbel_softmax(logits, noise, tau=1.0, hard=False, axis=-1):
    """A sample from the Concrete distribution, softmax((logits + noise) / tau).

    noise: standard Gumbel draws, -log E with E standard exponential, of the shape of logits.
    hard: the one-hot vector of the largest entry, with the gradient of the soft sample.
    Jang, Gu & Poole 2017 (arXiv:1611.01144), eq. 2; Maddison et al. 2017 (arXiv:1611.00712).
    """
    soft = softmax((logits + noise) / tau, axis)
    if not hard:
        return soft
    return winners(soft.detach(), 1, axis) - soft.detach() + soft
