"""A learning rate for each number of each parameter, from the sizes of its past gradients.

In order of increasing complexity: Rprop adapts the rates by the signs of the gradient alone;
AdaGrad divides by the root of the SUM of squared gradients, so that rates only fall; RMSprop
divides by the root of their AVERAGE, so that old gradients are forgotten; Adadelta also
multiplies by the average size of its own steps, so that steps have the parameter's unit.

Where the books differ.  Goodfellow, Bengio & Courville (Deep Learning, algorithms 8.4 and 8.5)
add their delta outside the root in AdaGrad (1e-7) and inside it in RMSProp, g / sqrt(delta + r)
with 1e-6 (the notes print 10^-9); PyTorch adds eps outside in both, and so do we.  AdaGrad's
step is inversely proportional to the square root of the sum, not to the sum as the notes say.
The reference sheet's RMSProp, w - 1/sqrt(E + eps) (dD/dw)^2, lacks the learning rate, and its
square loses the gradient's sign: on w^2/2 it runs away from the left side.  It must be w -
eta/sqrt(E + eps) dD/dw.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..ops.choices import clip, maximum, sign, where
from .optimizer import Optimizer, root


class Rprop(Optimizer):
    """Resilient propagation: steps that grow while a gradient keeps its sign and shrink when it
    flips.

        size <- clip(size * (eta_plus if g g_before > 0, eta_minus if g g_before < 0), step_sizes)
        g <- 0 where g g_before < 0            (do not step where the sign flipped, nor adapt twice)
        p <- p - size sign(g)

    For whole batches: the noise of a small batch flips signs.  `lr` is the first size.  Source:
    Riedmiller & Braun 1993; without the undoing of a step, Igel & Huesken 2000 (iRprop-).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        maximize: bool = False,
    ) -> None:
        if not 0 < etas[0] < 1 < etas[1]:
            raise ValueError(f"Rprop: etas are a number below 1 and one above 1, not {etas}")
        super().__init__(params, lr=lr, etas=etas, step_sizes=step_sizes, maximize=maximize)

    @staticmethod
    def initial(p, *, lr, **_):
        return {"step": 0, "prev": np.zeros_like(p), "step_size": np.full_like(p, lr)}

    @staticmethod
    def rule(p, g, s, *, lr, etas, step_sizes, maximize):
        if maximize:
            g = -g
        size, agreement = s["step_size"], g * s["prev"]
        size = where(agreement > 0, etas[1] * size, where(agreement < 0, etas[0] * size, size))
        size = clip(size, *step_sizes)
        g = where(agreement < 0, 0 * g, g)
        p -= size * sign(g)
        return p, {"step": s["step"] + 1, "prev": g, "step_size": size}


class Adagrad(Optimizer):
    """AdaGrad: rates that fall with the root of the sum of squared gradients.

        r <- r + g^2
        p <- p - lr / (1 + (t - 1) lr_decay) g / (sqrt(r) + eps)

    With eps = 0 the path does not change when a coordinate of the gradient is rescaled.  Because r
    only grows, the method stalls when the objective drifts.  Source: Duchi, Hazan & Singer,
    JMLR 12 (2011), the diagonal form.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    @staticmethod
    def initial(p, *, initial_accumulator_value, **_):
        return {"step": 0, "sum": np.full_like(p, initial_accumulator_value)}

    @staticmethod
    def rule(p, g, s, *, lr, lr_decay, weight_decay, eps, maximize, **_):
        t, r = s["step"] + 1, s["sum"]
        if maximize:
            g = -g
        if weight_decay:
            g = g + weight_decay * p
        r += g * g
        p -= lr / (1 + (t - 1) * lr_decay) * g / (root(r) + eps)
        return p, {"step": t, "sum": r}


class RMSprop(Optimizer):
    """RMSprop: divide by the root of a running average of squared gradients.

        r <- alpha r + (1 - alpha) g^2
        p <- p - lr g / (sqrt(r) + eps)

    Under a constant gradient the step tends to lr sign(g).
    centered: divide by an estimate of the standard deviation, sqrt(r - m^2), where
        m <- alpha m + (1 - alpha) g (Graves 2013, arXiv:1308.0850, eq. 38-41).
    momentum: collect g / (sqrt(r) + eps) as SGD collects g; lr is outside.
    Source: Tieleman & Hinton 2012 (lecture 6.5 of a course; no paper).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    @staticmethod
    def initial(p, *, momentum, centered, **_):
        state = {"step": 0, "square_avg": np.zeros_like(p)}
        if momentum:
            state["momentum_buffer"] = np.zeros_like(p)
        if centered:
            state["grad_avg"] = np.zeros_like(p)
        return state

    @staticmethod
    def rule(p, g, s, *, lr, alpha, eps, weight_decay, momentum, centered, maximize):
        new = {"step": s["step"] + 1}
        if maximize:
            g = -g
        if weight_decay:
            g = g + weight_decay * p

        r = s["square_avg"]
        r *= alpha
        r += (1 - alpha) * g * g
        new["square_avg"] = r
        if centered:
            m = s["grad_avg"]
            m *= alpha
            m += (1 - alpha) * g
            new["grad_avg"] = m
            r = maximum(r - m * m, 0)  # not negative but for rounding

        d = g / (root(r) + eps)
        if momentum:
            v = s["momentum_buffer"]
            v *= momentum
            v += d
            d = new["momentum_buffer"] = v
        p -= lr * d
        return p, new


class Adadelta(Optimizer):
    """Adadelta: RMSprop with the root mean square of past steps in place of the learning rate.

        r <- rho r + (1 - rho) g^2
        d = sqrt(u + eps) / sqrt(r + eps) g
        u <- rho u + (1 - rho) d^2
        p <- p - lr d

    The quotient of the two roots gives d the unit of p; lr = 1 is the paper's method, and eps, here
    inside the roots, sets the first steps.  Source: Zeiler 2012 (arXiv:1212.5701), algorithm 1.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            rho=rho,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
        )

    @staticmethod
    def initial(p, **_):
        return {"step": 0, "square_avg": np.zeros_like(p), "acc_delta": np.zeros_like(p)}

    @staticmethod
    def rule(p, g, s, *, lr, rho, eps, weight_decay, maximize):
        r, u = s["square_avg"], s["acc_delta"]
        if maximize:
            g = -g
        if weight_decay:
            g = g + weight_decay * p
        r *= rho
        r += (1 - rho) * g * g
        d = root(u + eps) / root(r + eps) * g
        u *= rho
        u += (1 - rho) * d * d
        p -= lr * d
        return p, {"step": s["step"] + 1, "square_avg": r, "acc_delta": u}
