"""DDIM: the same trained network, fewer steps, and as little chance as is wanted.

    x_s = sqrt(alpha_bar_s) x0_theta + sqrt(1 - alpha_bar_s - sigma^2) epsilon_theta + sigma z
    sigma = eta sqrt((1 - alpha_bar_s) / (1 - alpha_bar_t)) sqrt(1 - alpha_bar_t / alpha_bar_s)

from a step t to any earlier one s.  Song, Meng and Ermon 2020 (arXiv:2010.02502), eq. 12 and 16.
Training asks for the marginals q(x_t | x_0) alone, and every sigma keeps them.  With eta = 1 this
is DDPM's sampler with the posterior variance.  With eta = 0 nothing is random but x_T: the sample
is a smooth function of it, and the steps are Euler's method for an ordinary differential equation,
which is why few of them do.

The notes have DDPM's sampler only; this goes beyond them.

Rows of the notes: diffusion-sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from ..checks import checked, normal
from ..graph import Tensor
from .diffusion import Diffusion, Draw, _small


def spaced_steps(T: int, n: int) -> list[int]:
    """T = t_0 > t_1 > ... > t_n = 0, evenly spread: the steps to visit, and data at the end.

    The last pair ends at 0, where alpha_bar is 1.  Raises ValueError unless 1 <= n <= T.
    """
    if not 1 <= n <= T:
        raise ValueError(f"of {T} steps, from 1 to {T} can be taken, not {n}")
    return [int(t) for t in np.rint(np.linspace(T, 0, n + 1))]


def ddim_step(
    diffusion: Diffusion, x_t: Tensor, t: int, s: int, z: Tensor | None = None, eta: float = 0.0
) -> Tensor:
    """x_s from x_t: (N, ...), with s < t; z: standard normal, needed if eta is not 0."""
    bar_t, bar_s = diffusion.schedule.alpha_bar[t], diffusion.schedule.alpha_bar[s]
    sigma = eta * math.sqrt((1 - bar_s) / (1 - bar_t) * (1 - bar_t / bar_s))
    guess = diffusion(x_t, t)
    straight = math.sqrt(max(1 - bar_s - sigma**2, 0.0))
    mean = math.sqrt(bar_s) * guess.x0 + straight * guess.epsilon
    return mean + sigma * z if sigma else mean


def ddim(
    diffusion: Diffusion, x_T: Tensor, steps: Sequence[int], draw: Draw | None = None,
    eta: float = 0.0,
) -> Iterator[Tensor]:  # fmt: skip
    """x at each of the steps after the first; the last is a sample of the data.

    x_T: (N, ...), standard normal.  steps: as `spaced_steps` gives them.  draw: needed if eta > 0.
    Put `no_grad()` around the loop.
    """
    x = x_T
    for t, s in pairwise(steps):
        x = ddim_step(diffusion, x, t, s, draw(x.shape) if eta else None, eta)
        yield x


checked(ddim_step, diffusion=_small("v"), x_t=normal(3, 2), t=40, s=20, z=normal(3, 2), eta=0.5)
