"""The notes call FGSM's image the optimal adversarial one; it is so for a linear loss only.

x + epsilon sign(grad L) is where, within the ball, the loss's tangent at x is largest (Goodfellow,
Shlens and Szegedy 2015, arXiv:1412.6572, section 4).  A loss that bends has its maximum elsewhere,
and projected steps, from several starts, come to it.
"""

from __future__ import annotations

import numpy as np

from ... import nn
from ...attacks.gradient_steps import fgsm, pgd
from ...attacks.objectives import Goal, margin
from ...attacks.threat import Threat
from ...graph import Tensor, tensor
from . import Line

X, GOAL = np.array([[0.5, 0.5]]), Goal(np.array([0]))


class Bump(nn.Module):
    """Two classes, whose margin has its maximum, 1, at (.6, .45): near, but not in a corner."""

    def forward(self, x: Tensor) -> Tensor:
        away = (x - tensor(np.array([0.6, 0.45]))) ** 2
        z = 1 - away.sum(axis=1)
        return nn.functional.pad(z[:, None], (1, 0))


def loss(x: np.ndarray) -> float:
    """The margin at x: (1, 2)."""
    return margin(Bump()(tensor(x)), GOAL.labels).item()


def as_printed(epsilon: float) -> np.ndarray:
    """x + epsilon sign(grad L): (1, 2)."""
    return fgsm(Bump(), X, GOAL, Threat(np.inf, epsilon), margin).adversarial.numpy()


def corrected(epsilon: float) -> np.ndarray:
    """The best point of projected gradient ascent: (1, 2)."""
    inside = Threat(np.inf, epsilon)
    how = dict(steps=100, restarts=2, random_start=False, rng=0, objective=margin)
    return pgd(Bump(), X, GOAL, inside, **how).adversarial.numpy()


def experiment() -> list[Line]:
    """The largest loss in a ball of .2, beside that of the points of a fine grid."""
    grid = np.stack(np.meshgrid(*[np.linspace(0.3, 0.7, 401)] * 2), axis=2).reshape(-1, 2)
    truth = margin(Bump()(tensor(grid)), np.zeros(len(grid), int)).max().item()
    return [
        Line("largest loss within .2", loss(as_printed(0.2)), loss(corrected(0.2)), truth, 1e-4)
    ]
