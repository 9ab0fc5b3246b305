"""Relatives of Adam: another norm, Nesterov's look-ahead, a variance that is not trusted early on.

All keep m, the average of the gradient, as Adam does (`adam.py`), and step along it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..ops.choices import maximum
from ..ops.elementwise import absolute
from .adam import check_betas
from .optimizer import Optimizer, root


class Adamax(Optimizer):
    """Adam with the largest recent gradient in place of the root mean square.

        m <- beta1 m + (1 - beta1) g
        u <- max(beta2 u, |g| + eps)
        p <- p - lr / (1 - beta1^t) m / u

    The limit of Adam's 2-norm to the infinity norm; u needs no correction for its start at 0.
    Source: Kingma & Ba 2015 (arXiv:1412.6980), algorithm 2, which has no eps; PyTorch adds it to
    |g|.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ) -> None:
        check_betas("Adamax", betas)
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
        )

    @staticmethod
    def initial(p, **_):
        return {"step": 0, "exp_avg": np.zeros_like(p), "exp_inf": np.zeros_like(p)}

    @staticmethod
    def rule(p, g, s, *, lr, betas, eps, weight_decay, maximize):
        beta1, beta2 = betas
        t, m = s["step"] + 1, s["exp_avg"]
        if maximize:
            g = -g
        if weight_decay:
            g = g + weight_decay * p
        m *= beta1
        m += (1 - beta1) * g
        u = maximum(beta2 * s["exp_inf"], absolute(g) + eps)
        p -= lr / (1 - beta1**t) * m / u
        return p, {"step": t, "exp_avg": m, "exp_inf": u}


class NAdam(Optimizer):
    """Adam with Nesterov's momentum: the step looks ahead along the average.

        mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2)
        p <- p - lr [(1 - mu_t) / (1 - mu_1 ... mu_t) g
                     + mu_{t+1} / (1 - mu_1 ... mu_{t+1}) m] / (sqrt(v_hat) + eps)

    with Adam's m and v_hat.  Source: Dozat 2016 (ICLR workshop), algorithm 2, with the warming
    up of mu that he proposes; the decay 4e-3 and the conventions of weight decay are PyTorch's.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        check_betas("NAdam", betas)
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    @staticmethod
    def initial(p, **_):
        averages = {"exp_avg": np.zeros_like(p), "exp_avg_sq": np.zeros_like(p)}
        return {"step": 0, "mu_product": 1.0, **averages}

    @staticmethod
    def rule(
        p, g, s, *, lr, betas, eps, weight_decay, momentum_decay, decoupled_weight_decay, maximize
    ):
        beta1, beta2 = betas
        t, m, v = s["step"] + 1, s["exp_avg"], s["exp_avg_sq"]
        if maximize:
            g = -g
        if decoupled_weight_decay:
            p *= 1 - lr * weight_decay
        elif weight_decay:
            g = g + weight_decay * p

        mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
        product = s["mu_product"] * mu  # mu_1 ... mu_t
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g * g
        ahead = (1 - mu) / (1 - product) * g + mu_next / (1 - product * mu_next) * m
        p -= lr * ahead / (root(v / (1 - beta2**t)) + eps)
        return p, {"step": t, "mu_product": product, "exp_avg": m, "exp_avg_sq": v}


class RAdam(Optimizer):
    """Adam that steps by the plain average until its variance estimate can be trusted.

        rho_inf = 2 / (1 - beta2) - 1
        rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t)
        r_t = sqrt((rho_t - 4)(rho_t - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho_t))
        p <- p - lr m_hat                                                  while rho_t <= 5
        p <- p - lr r_t m_hat sqrt(1 - beta2^t) / (sqrt(v) + eps)          after that

    rho_t counts the gradients that v effectively averages over; with few of them 1/sqrt(v) has a
    large (for rho <= 4 an infinite) variance, and r_t scales it down.  Source: Liu et al. 2020
    (arXiv:1908.03265), algorithm 2, which changes over at 4; 5, and eps beside the uncorrected
    root, are PyTorch's.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        check_betas("RAdam", betas)
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    @staticmethod
    def initial(p, **_):
        return {"step": 0, "exp_avg": np.zeros_like(p), "exp_avg_sq": np.zeros_like(p)}

    @staticmethod
    def rule(p, g, s, *, lr, betas, eps, weight_decay, decoupled_weight_decay, maximize):
        beta1, beta2 = betas
        t, m, v = s["step"] + 1, s["exp_avg"], s["exp_avg_sq"]
        if maximize:
            g = -g
        if decoupled_weight_decay:
            p *= 1 - lr * weight_decay
        elif weight_decay:
            g = g + weight_decay * p
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g * g

        step_size = lr / (1 - beta1**t)
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            r = math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            p -= step_size * r * math.sqrt(1 - beta2**t) * m / (root(v) + eps)
        else:
            p -= step_size * m
        return p, {"step": t, "exp_avg": m, "exp_avg_sq": v}
