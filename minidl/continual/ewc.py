"""Elastic weight consolidation: learn task B, but hold what mattered to task A.

    L(theta) = L_B(theta) + lambda d(f_theta, f_theta_A),    d = E_x KL(p_theta(.|x) || p_A(.|x))

needs the data of A, on which d is an average.  Around theta_A it is quadratic: d is 0 there and
least, so value and gradient vanish, and with D = theta - theta_A

    d = 1/2 D' H D + O(|D|^3),    H = the Fisher information F of `fisher`.

That needs no data of A any more.  With the diagonal of F alone it is the penalty

    lambda/2 sum_i F_i (theta_i - theta_A,i)^2.

The refsheet prints lambda E[H D] for the quadratic form, which is a vector, and grows like D and
not like D^2 (`minidl notes ewc-taylor`), and a penalty without the 1/2, so that its lambda counts
double (`minidl notes ewc-penalty`).  The other notes, and the paper, have lambda/2.

It is also Bayes' rule: if L_A + L_B is the negative log posterior after both tasks, and L_A is
quadratic, lambda = 1 and the full F give the joint optimum exactly, without any data of A.

Kirkpatrick et al. 2017 (arXiv:1612.00796), eq. 3.  With more than two tasks, a penalty for each
counts early tasks twice, since theta_B already obeys the penalty of A (Huszar 2018,
arXiv:1712.03847); `online` keeps one (Schwarz et al. 2018, arXiv:1805.06370, section 3.2).

Rows of the notes: ewc-taylor, ewc-penalty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .. import nn
from ..checks import checked, normal
from ..graph import Tensor
from ..nn import functional as F
from ..ops.elementwise import exp
from .fisher import Values


def divergence(logits: Tensor, anchor_logits: Tensor) -> Tensor:
    """KL(p_theta(.|x) || p_A(.|x)) in nats.  logits: (N, C) each.  Returns (N,)."""
    log_p, log_a = F.log_softmax(logits, dim=1), F.log_softmax(anchor_logits, dim=1)
    return (exp(log_p) * (log_p - log_a)).sum(axis=1)


def quadratic_form(delta: Tensor, H: Tensor) -> Tensor:
    """1/2 D' H D, the divergence to second order.  delta: (P,), H: (P, P).  One number."""
    return 0.5 * (delta @ (H @ delta))


class Anchor(NamedTuple):
    """What is kept of a task: where it was solved, and how much each parameter mattered there."""

    values: Values
    fisher: Values


def anchor(net: nn.Module, fisher: Values) -> Anchor:
    """The parameters of `net` as they are now, copied, with their importance."""
    return Anchor({name: p.detach().copy() for name, p in net.named_parameters()}, fisher)


def penalty(theta: Mapping[str, Tensor], anchor: Anchor) -> Tensor:
    """1/2 sum_i F_i (theta_i - theta_A,i)^2.

    theta: by name; parameters that the anchor does not have (a new task's head) are free.
    """
    return 0.5 * sum(
        (importance * (theta[name] - anchor.values[name]) ** 2).sum()
        for name, importance in anchor.fisher.items()
    )


def loss(
    net: nn.Module, x: Tensor, y: Tensor, anchors: Sequence[Anchor], strength: float
) -> Tensor:
    """The mean cross-entropy of the new task + strength times the penalty of each anchor.

    x: (N, ...), y: (N,).  strength: lambda.
    """
    theta = dict(net.named_parameters())
    held = sum(penalty(theta, one) for one in anchors)
    return F.cross_entropy(net(x), y) + strength * held


def online(before: Anchor, latest: Anchor, decay: float = 1.0) -> Anchor:
    """One anchor for all tasks so far: where the last one ended, with decay F_before + F_latest.

    decay: gamma, 1 to remember every task alike, less to let old ones fade.
    Schwarz et al. 2018 (arXiv:1805.06370), section 3.2.
    """
    fisher = {
        name: decay * before.fisher[name] + own if name in before.fisher else own
        for name, own in latest.fisher.items()
    }
    return Anchor(latest.values, fisher)


def _anchor(rng: np.random.Generator) -> Anchor:
    return Anchor({"w": rng.normal(size=3)}, {"w": rng.uniform(0.5, 2.0, 3)})


checked(divergence, logits=normal(4, 3), anchor_logits=normal(4, 3))
checked(quadratic_form, delta=normal(4), H=normal(4, 4))
checked(penalty, theta={"w": normal(3)}, anchor=_anchor)
