"""Gradient descent, and gradient descent with momentum.

Where the books differ.  PyTorch keeps the learning rate outside the average, as here:

    v <- mu v + g,          p <- p - lr v.

Goodfellow, Bengio & Courville (Deep Learning, algorithm 8.2) and the notes keep it inside: v <-
alpha v - eps g, theta <- theta + v.  At a constant rate the two make the same steps, with v_book
= -lr v.  When the rate changes they do not: here the whole velocity is rescaled at once, there
the old velocity dies out at its old size. (The reference sheet prints dW_k = beta dW_{k-1} eta
grad; its minus sign was lost: dW_k = beta dW_{k-1} - eta grad.)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .optimizer import Optimizer


class SGD(Optimizer):
    """Gradient descent with momentum, on whatever batch the gradient came from.

        g <- g + weight_decay p
        v <- momentum v + (1 - dampening) g         (the first step: v <- g)
        p <- p - lr v                               (Nesterov: p <- p - lr (g + momentum v))

    Nesterov's method takes the gradient at the point to which the velocity will carry p
    (1983).  As PyTorch, and Sutskever et al. 2013 as rewritten by Bengio et al. (arXiv:1212.0901,
    eq. 6-7), `p` here is that point, so that the gradient is the ordinary one.

    weight_decay is an L2 penalty, weight_decay/2 |p|^2 in the loss; for SGD without momentum
    that is the same as decoupled decay.  Source: Polyak 1964; Sutskever et al., ICML 2013.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                f"SGD: nesterov needs a momentum and no dampening, not {momentum} and {dampening}"
            )
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    @staticmethod
    def initial(p, *, momentum, **_):
        return {"step": 0, "momentum_buffer": np.zeros_like(p)} if momentum else {}

    @staticmethod
    def rule(p, g, s, *, lr, momentum, dampening, weight_decay, nesterov, maximize):
        if maximize:
            g = -g
        if weight_decay:
            g = g + weight_decay * p
        if not momentum:
            p -= lr * g
            return p, s

        t, v = s["step"] + 1, s["momentum_buffer"]
        v *= momentum
        v += g if t == 1 else (1 - dampening) * g
        p -= lr * (g + momentum * v if nesterov else v)
        return p, {"step": t, "momentum_buffer": v}
