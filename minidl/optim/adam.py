"""Adam: steps of a size that does not depend on the size of the gradient.

Kingma & Ba 2015 (arXiv:1412.6980), algorithm 1, for each number of a parameter:

    m <- beta1 m + (1 - beta1) g            average of the gradient
    v <- beta2 v + (1 - beta2) g^2          average of its square
    m_hat = m / (1 - beta1^t),  v_hat = v / (1 - beta2^t)
    p <- p - lr m_hat / (sqrt(v_hat) + eps)

m and v start at 0, so that early averages are too small by the factors 1 - beta^t (the weights
of t terms sum to that): hence the hats.  Without them the first step is (1 - beta1) / sqrt(1 -
beta2) = 3.16 times lr; with them it is lr, whatever the gradient.  No later step is larger than
lr (1 - beta1) / sqrt((1 - beta2)(1 - beta1^2 / beta2)) = 7.27 lr (Cauchy-Schwarz; gradients that
grow as (beta2/beta1)^t come close); the bound in the paper's section 2.1, 3.16 lr, does not
hold.

Where the books differ.  eps is added outside the root, as in the paper and in PyTorch.  The
notes' reference sheet has sqrt(v + eps), and prints v <- delta v + (1 - gamma) g^2, where both
letters must be gamma.  The sheet files Adam under second-order methods: v is a second moment of
the gradient, not a second derivative.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..ops.choices import maximum
from .optimizer import Optimizer, root


class Adam(Optimizer):
    """Adam (arXiv:1412.6980), with weight decay and AMSGrad.

    weight_decay: an L2 penalty, g <- g + weight_decay p, whose gradient is then divided by
        sqrt(v) as well; `decoupled_weight_decay` shrinks the parameter instead, as AdamW does.
    amsgrad: divide by the root of the largest v so far.  Adam can move away from the optimum,
        because a rare large gradient is divided by the large v that it makes (Reddi et al. 2018,
        arXiv:1904.09237, theorem 1).  As in PyTorch the maximum is over v, not over v_hat.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_betas(type(self).__name__, betas)
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
            decoupled_weight_decay=decoupled_weight_decay,
        )

    @staticmethod
    def initial(p, *, amsgrad, **_):
        state = {"step": 0, "exp_avg": np.zeros_like(p), "exp_avg_sq": np.zeros_like(p)}
        return state | {"max_exp_avg_sq": np.zeros_like(p)} if amsgrad else state

    @staticmethod
    def rule(p, g, s, *, lr, betas, eps, weight_decay, amsgrad, maximize, decoupled_weight_decay):
        beta1, beta2 = betas
        t, m, v = s["step"] + 1, s["exp_avg"], s["exp_avg_sq"]
        if maximize:
            g = -g
        if decoupled_weight_decay:
            p *= 1 - lr * weight_decay
        elif weight_decay:
            g = g + weight_decay * p

        # m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g * g
        new = {"step": t, "exp_avg": m, "exp_avg_sq": v}
        if amsgrad:
            v = new["max_exp_avg_sq"] = maximum(s["max_exp_avg_sq"], v)

        # p <- p - lr m_hat / (sqrt(v_hat) + eps); with c = sqrt(1 - beta2^t) the fraction is
        # c m / (1 - beta1^t) / (sqrt(v) + c eps), which touches the arrays less often
        c = math.sqrt(1 - beta2**t)
        p -= lr * c / (1 - beta1**t) * m / (root(v) + c * eps)
        return p, new


class AdamW(Adam):
    """Adam whose weight decay does not pass through the adaptive step.

        p <- p - lr weight_decay p - lr m_hat / (sqrt(v_hat) + eps)

    An L2 penalty decays weights with large gradients less than others, because its gradient is
    divided by sqrt(v) too; here all decay alike.  Source: Loshchilov & Hutter 2019
    (arXiv:1711.05101), algorithm 2, with PyTorch's convention: its decay is multiplied by lr (the
    paper's by the schedule alone).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            decoupled_weight_decay=True,
        )


def check_betas(name: str, betas: tuple[float, float]) -> None:
    """Raise ValueError unless both weights of the old average are in [0, 1)."""
    if len(betas) != 2 or not all(0 <= b < 1 for b in betas):
        raise ValueError(f"{name}: betas are two numbers in [0, 1), not {betas}")
