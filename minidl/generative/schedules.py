"""How much signal and how much noise there is at each step of a diffusion.

    q(x_t | x_{t-1}) = N(sqrt(alpha_t) x_{t-1}, beta_t I),    alpha_t = 1 - beta_t
    q(x_t | x_0)     = N(sqrt(alpha_bar_t) x_0, (1 - alpha_bar_t) I)
    alpha_bar_t      = alpha_1 alpha_2 ... alpha_t

Sohl-Dickstein et al. 2015 (arXiv:1503.03585); Ho, Jain and Abbeel 2020 (arXiv:2006.11239), eq. 2-7.
The steps are numbered from 1 to T as in the papers, and x_0 is data without noise: alpha_bar_0 = 1.
So the arrays hold T + 1 numbers and `alpha_bar[t]` is alpha_bar_t; nothing is shifted by one.  All
is computed in float64, since alpha_bar is a product of a thousand numbers near 1.

The notes print alpha_t for alpha_bar_t (`minidl notes diffusion-forward`).

Rows of the notes: diffusion-forward.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..graph import Tensor, tensor


class Posterior(NamedTuple):
    """q(x_s | x_t, x_0) = N(of_x0 x_0 + of_xt x_t, variance I)."""

    of_x0: float
    of_xt: float
    variance: float


class Schedule:
    """The numbers of a diffusion of T steps, each array (T + 1,) in float64.

    beta, alpha, alpha_bar; signal = sqrt(alpha_bar) and noise = sqrt(1 - alpha_bar), by which data
    and noise are multiplied.
    """

    def __init__(self, beta: Any) -> None:
        """beta: (T,), beta_1 to beta_T.  Raises ValueError if one is not between 0 and 1."""
        beta = np.asarray(beta, dtype=np.float64)
        outside = np.flatnonzero(~((beta > 0) & (beta < 1)))
        if len(outside):
            t = outside[0]
            raise ValueError(
                f"beta_{t + 1} is {beta[t]:.4g}: the noise that a step adds must have a variance "
                "between 0 and 1"
            )
        self.beta = np.concatenate([[0.0], beta])
        self.alpha = 1 - self.beta
        self.alpha_bar = np.cumprod(self.alpha)
        self.signal, self.noise = np.sqrt(self.alpha_bar), np.sqrt(1 - self.alpha_bar)

    @property
    def T(self) -> int:
        """The number of steps."""
        return len(self.beta) - 1

    def posterior(self, t: int, s: int | None = None) -> Posterior:
        """Where x_s lies if x_t and x_0 are known; s is an earlier step, t - 1 unless given.

            mean = sqrt(alpha_bar_s) (1 - r) / (1 - alpha_bar_t) x_0
                   + sqrt(r) (1 - alpha_bar_s) / (1 - alpha_bar_t) x_t
            variance = (1 - alpha_bar_s) / (1 - alpha_bar_t) (1 - r)
            r = alpha_bar_t / alpha_bar_s

        With s = t - 1 and so r = alpha_t these are equations 6 and 7 of Ho et al.  At s = 0 nothing
        is left open: the mean is x_0 and the variance 0.
        """
        s = t - 1 if s is None else s
        bar_t, bar_s = self.alpha_bar[t], self.alpha_bar[s]
        kept = bar_t / bar_s
        share = (1 - bar_s) / (1 - bar_t)
        of_x0 = math.sqrt(bar_s) * (1 - kept) / (1 - bar_t)
        return Posterior(float(of_x0), float(math.sqrt(kept) * share), float(share * (1 - kept)))


def linear(T: int) -> Schedule:
    """beta from 1e-4 to .02 in a thousand steps (Ho et al., section 4); times 1000 / T in T steps.

    So alpha_bar_T is near e^-10 = 4e-5 whatever T is: the last step leaves next to no signal.
    Raises ValueError for fewer than 21 steps, in which that cannot be.
    """
    return Schedule(np.linspace(1e-4, 0.02, T) * 1000 / T)


def cosine(T: int, s: float = 0.008) -> Schedule:
    """alpha_bar_t = f(t) / f(0), f(t) = cos^2((t/T + s) / (1 + s) pi/2), and beta at most .999.

    Nichol and Dhariwal 2021 (arXiv:2102.09672), eq. 17: the signal fades more evenly.
    """
    f = np.cos((np.arange(T + 1) / T + s) / (1 + s) * math.pi / 2) ** 2
    return Schedule(np.minimum(1 - f[1:] / f[:-1], 0.999))


def column(values: np.ndarray, t: Tensor, like: Tensor) -> Tensor:
    """values[t] for each example, shaped to multiply x: (N, ...), in x's dtype and place.

    values: (T + 1,) in float64.  t: (N,), int64.  Returns (N, 1, ...).
    """
    chosen = tensor(values, dtype=like.dtype, device=like.device)[t]
    return chosen.reshape(-1, *[1] * (like.ndim - 1))
