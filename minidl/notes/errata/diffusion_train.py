"""The notes climb the loss of a diffusion; it is to be descended.

Printed: theta <- theta + eta grad |epsilon - epsilon_theta(x_t, t)|^2.  (Ho et al. 2020, algorithm
1, "take gradient descent step".)
"""

from __future__ import annotations

import numpy as np

from ... import nn, optim
from ...generative.diffusion import Diffusion, diffusion_loss
from ...generative.diffusion import train_step as corrected
from ...generative.schedules import linear
from ...graph import Tensor, tensor
from . import Line


def as_printed(
    diffusion: Diffusion, optimiser: optim.Optimizer, x0: Tensor, t: Tensor, epsilon: Tensor
) -> None:
    """theta + eta grad of the mean loss."""
    optimiser.zero_grad()
    (-diffusion_loss(diffusion, x0, t, epsilon).mean()).backward()
    optimiser.step()


def experiment() -> list[Line]:
    """Data +-1, noise +-1, and the guess c x_t: the best c is sqrt(1 - alpha_bar_t)."""
    schedule, t = linear(100), 40
    x0, epsilon = np.array([[1.0], [1.0], [-1.0], [-1.0]]), np.array([[1.0], [-1.0]] * 2)
    found = []
    for step in (as_printed, corrected):
        c = nn.Parameter(np.zeros(1))
        diffusion = Diffusion(lambda x, t, c=c: c * x, schedule)
        optimiser = optim.SGD([c], lr=0.1)
        for _ in range(200):
            step(diffusion, optimiser, tensor(x0), tensor(np.full(4, t)), tensor(epsilon))
        found.append(c.item())
    best = (1 - np.prod(1 - schedule.beta[: t + 1])) ** 0.5
    return [Line(f"c after 200 steps, t = {t}", *found, best, 1e-9)]
