"""Connectionist temporal classification: labels for a sequence, without saying when each occurs.

A network says at each of T steps how probable each label is, or the blank.  A path through the
steps spells a target once repetitions are merged and then blanks dropped: a a - a b b -> a a b.
The target's probability is the sum over all paths that spell it; there are far too many to list,
but they can be summed step by step.  Write the target with blanks around and between,
l = (-, a, -, a, -, b, -), and let

    alpha_t(s)  the sum over all beginnings of paths that are at l_s at step t,
    beta_t(s)   the sum over all ways to go on from there.

From l_s a path stays, goes on to l_(s+1), or leaves out a blank between two different labels, to
l_(s+2).  So alpha runs forward and beta back, each from a sum of three terms, and

    P(target) = sum_s alpha_t(s) beta_t(s)    at any step t
    d(-log P) / d log p_t(k) = -(sum over s with l_s = k of alpha_t(s) beta_t(s)) / P

which is minus the probability that a path that spells the target is at k at step t.  All of this is
done with logarithms.  Graves et al. 2006, "Connectionist temporal classification", eq. 5-16.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor, op
from .choices import where
from .elementwise import logaddexp
from .indexing import plain_index, take_along_axis
from .losses import check_reduction
from .reduce import logsumexp
from .shape import concatenate, expand_dims, squeeze


def ctc_loss(
    log_probs: Tensor,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """-log of the probability that the sequence spells the target, in nats.

    log_probs: (T, N, C), log-probabilities of C labels, one of them the blank; or (T, C).
    targets: (N, S), or all targets one after the other; labels but the blank.
    input_lengths, target_lengths: (N,), how much of each sequence and target counts.
    reduction: "mean" divides each loss by the target's length, and takes the mean.
    zero_infinity: take 0, with gradient 0, for the loss of a target that is too long for its
    sequence; it is infinite otherwise, and has no gradient: NaN.
    The gradient is that of log_probs as free numbers; behind log_softmax it is PyTorch's.
    Raises ValueError where lengths do not fit, IndexError for a label that does not exist.
    """
    check_reduction("ctc_loss", reduction)
    batched = log_probs.ndim == 3
    x = log_probs if batched else expand_dims(log_probs, 1)
    frames, lengths = (_lengths(v, x) for v in (input_lengths, target_lengths))
    targets = _padded(plain_index(targets), lengths, x)
    loss = path_sum(x, targets, frames, lengths, blank, zero_infinity)
    if reduction == "mean":
        return (loss / np.maximum(lengths, 1).astype(loss.dtype)).mean()
    return loss.sum() if reduction == "sum" else loss if batched else squeeze(loss, 0)


def _lengths(values: Any, x: Tensor) -> Any:
    """Lengths as an array (N,) beside x."""
    values = values.data if isinstance(values, Tensor) else values
    return backend.array(values, dtype=int, device=x.device).reshape(x.shape[1])


def _padded(targets: Any, lengths: Any, x: Tensor) -> Any:
    """Targets (N, S), of those that were given one after the other."""
    if targets.ndim == 2:
        return targets
    longest = int(lengths.max())
    within = backend.xp(lengths).arange(longest) < lengths[:, None]
    padded = np.zeros_like(targets, shape=within.shape)
    padded[within] = targets
    return padded


# ------------------------------------------------------------------------------ the sum over paths


@op(aux=True)
def path_sum(log_probs, targets, frames, lengths, blank, zero_infinity):
    """-log P for each of N targets; with the derivation of the module's docstring.

    log_probs: (T, N, C), targets: (N, S), frames and lengths: (N,).  Returns (N,).
    """
    steps, n, classes = log_probs.shape
    if frames.min() < 1 or frames.max() > steps:
        raise ValueError(f"input_lengths {frames} must be from 1 to {steps}, the steps there are")
    if lengths.min() < 0 or lengths.max() > targets.shape[1]:
        raise ValueError(f"target_lengths {lengths} must be from 0 to {targets.shape[1]}")
    if targets.size and (targets.min() < 0 or targets.max() >= classes):
        raise IndexError(f"labels are 0 to {classes - 1}; the targets have {targets.max()}")
    labels, jumps, ends = _spelled(targets, lengths, blank)
    emitted = np.take_along_axis(log_probs, np.broadcast_to(labels, (steps, *labels.shape)), axis=2)
    alpha = np.full_like(emitted, -np.inf)
    alpha[0, :, :2] = emitted[0, :, :2]
    for t in range(1, steps):
        a = alpha[t - 1]
        arrived = np.logaddexp(a, _shifted(a, 1))
        arrived = np.logaddexp(arrived, np.where(jumps, _shifted(a, 2), -np.inf))
        # a sequence that is over stands still
        alpha[t] = np.where((t < frames)[:, None], arrived + emitted[t], a)
    with np.errstate(divide="ignore"):  # P may be 0
        loss = -_log_of_sum(np.where(ends, alpha[-1], -np.inf))
    value = np.where(np.isinf(loss), 0, loss) if zero_infinity else loss
    return value, (labels, jumps, ends, emitted, alpha, loss)


@path_sum.composite
def _(log_probs, targets, frames, lengths, blank, zero_infinity):
    targets, frames, lengths = (plain_index(v) for v in (targets, frames, lengths))
    labels, jumps, ends = _spelled(targets, lengths, blank)
    steps, n, _ = log_probs.shape
    never = -1e30  # for log 0: logaddexp of two infinities has no derivative
    places = np.broadcast_to(labels, (steps, *labels.shape))
    emitted = take_along_axis(log_probs, places, 2)
    nothing = emitted[0] * 0.0 + never

    def shifted(a, k):
        return concatenate([nothing[:, :k], a], axis=1)[:, : labels.shape[1]]

    a = concatenate([emitted[0, :, :2], nothing[:, 2:]], axis=1)
    for t in range(1, steps):
        arrived = logaddexp(a, shifted(a, 1))
        arrived = logaddexp(arrived, where(jumps, shifted(a, 2), never))
        a = where((t < frames)[:, None], arrived + emitted[t], a)
    loss = -logsumexp(where(ends, a, never), 1)
    factor = where(loss > -0.5 * never, 0.0 if zero_infinity else math.nan, 1.0)
    return loss * factor.astype(loss.dtype)


@path_sum.backward("log_probs")
def _(g, log_probs, frames, zero_infinity, aux):
    labels, jumps, ends, emitted, alpha, loss = aux
    steps, n, _ = log_probs.shape
    over = np.where(ends, 0, -np.inf).astype(alpha.dtype)
    leaps = _shifted(np.where(jumps, 0, -np.inf), -2).astype(alpha.dtype)
    beta, share = over, np.empty_like(alpha)
    for t in reversed(range(steps)):
        if t < steps - 1:
            b = beta + emitted[t + 1]
            left = np.logaddexp(np.logaddexp(b, _shifted(b, -1)), _shifted(b, -2) + leaps)
            beta = np.where((t + 1 < frames)[:, None], left, over)
        with np.errstate(invalid="ignore"):  # where P is 0 there is no derivative
            share[t] = np.where((t < frames)[:, None], np.exp(alpha[t] + beta + loss[:, None]), 0)
    if zero_infinity:
        share = np.where(np.isinf(loss)[:, None], 0, share)
    share *= g[:, None]
    gx, example = np.zeros_like(log_probs), backend.xp(log_probs).arange(n)
    for s in range(labels.shape[1]):  # at one s, no label is named twice
        gx[:, example, labels[:, s]] -= share[:, :, s]
    return (gx,)


def _spelled(targets, lengths, blank):
    """Targets (N, S) with blanks around and between: labels (N, L), with L = 2 S + 1.

    And where in them a path may arrive from two places before, and where it may end.
    """
    n, longest = targets.shape
    labels = np.full_like(targets, blank, shape=(n, 2 * longest + 1))
    numbers = backend.xp(labels).arange(labels.shape[1])
    labels[:, 1::2] = np.where(numbers[:longest] < lengths[:, None], targets, blank)
    jumps = np.zeros_like(labels, dtype=bool)
    jumps[:, 2:] = (labels[:, 2:] != blank) & (labels[:, 2:] != labels[:, :-2])
    last = 2 * lengths[:, None]
    return labels, jumps, (numbers == last) | (numbers == last - 1)


def _shifted(a, k):
    """a (N, L) moved k places to the right, or -k to the left; -inf comes in."""
    out = np.full_like(a, -np.inf)
    if k > 0:
        out[:, k:] = a[:, :-k]
    else:
        out[:, :k] = a[:, -k:]
    return out


def _log_of_sum(a):
    """log sum e^a along axis 1."""
    top = a.max(axis=1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    return (np.log(np.exp(a - top).sum(axis=1, keepdims=True)) + top)[:, 0]
