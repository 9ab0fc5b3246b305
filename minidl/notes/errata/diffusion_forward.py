"""The notes jump to step t with alpha_t; it takes alpha_bar_t, the product of all alphas so far.

Printed: x_t = sqrt(alpha_t) x_0 + sqrt(1 - alpha_t) epsilon.  That is one step of the chain, from
data, whatever t is: with beta_T = .02 the last step is data with a little noise, so that sampling,
which begins at N(0, I), begins where training has never been.  (Ho et al. 2020, eq. 4.)
"""

from __future__ import annotations

import numpy as np

from ...generative.diffusion import noisy as corrected
from ...generative.schedules import Schedule, linear
from ...graph import tensor
from . import Line


def as_printed(
    schedule: Schedule, x0: np.ndarray, t: np.ndarray, epsilon: np.ndarray
) -> np.ndarray:
    """sqrt(alpha_t) x_0 + sqrt(1 - alpha_t) epsilon."""
    alpha = schedule.alpha[t][:, None]
    return np.sqrt(alpha) * x0 + np.sqrt(1 - alpha) * epsilon


def experiment() -> list[Line]:
    """What is left of x_0 = 1, and the variance of the noise, beside the chain's own steps."""
    schedule, one, zero = linear(1000), np.ones((1, 1)), np.zeros((1, 1))
    lines = []
    for t in (100, 1000):
        signal, variance = 1.0, 0.0
        for beta in schedule.beta[1 : t + 1]:
            signal, variance = (1 - beta) ** 0.5 * signal, (1 - beta) * variance + beta
        step = np.array([t])
        at = lambda x0, z, step=step: (
            as_printed(schedule, x0, step, z).item(),
            corrected(schedule, tensor(x0), tensor(step), tensor(z)).item(),
        )
        lines.append(Line(f"signal at step {t}", *at(one, zero), signal, 1e-12))
        lines.append(Line(f"noise at step {t}", *at(zero, one), variance**0.5, 1e-12))
    return lines
