"""First-order MAML is not the average gradient of the tasks.

The notes end it with "basically take the average gradient across all tasks".  The average gradient
at phi is joint training.  First-order MAML takes each task's gradient where the task's own inner
loop ended: it leaves out how theta_t moves with phi, not that theta_t moved.

The truth is the slope of E L_B(U_t(phi) + d) in d at 0, by central differences of a closed form,
and the point where it is 0, which is the solution of a linear system.
"""

from __future__ import annotations

import numpy as np

from ...graph import tensor
from ...meta import Tasks, joint_loss, meta_loss
from ...oracles.quadratic_tasks import random_quadratic_tasks
from ...transforms import grad
from . import Line
from .maml import LR, quadratic_loss

STEPS = 3


def as_printed(loss, phi, tasks, steps, lr):
    """E grad L_B(phi)."""
    return grad(lambda phi: joint_loss(loss, phi, tasks))(phi)


def corrected(loss, phi, tasks, steps, lr):
    """E grad L_B(U(phi))."""
    return grad(lambda phi: meta_loss(loss, phi, tasks, steps, lr, first_order=True))(phi)


def experiment() -> list[Line]:
    """The slope at some place, and at the place where first-order MAML comes to rest."""
    oracle = random_quadratic_tasks(8, 3, np.random.default_rng(0))
    tasks = Tasks((tensor(oracle.A), tensor(oracle.a)), (tensor(oracle.B), tensor(oracle.b)))

    def slopes(phi: np.ndarray) -> list[float]:
        given = {"w": tensor(phi)}
        found = [f(quadratic_loss, given, tasks, STEPS, LR) for f in (as_printed, corrected)]
        return [gradient["w"][0].item() for gradient in found]

    def judged(theta: np.ndarray) -> float:  # E L_B(theta_t)
        d = theta - oracle.b
        return float(0.5 * np.einsum("ti,tij,tj->t", d, oracle.B, d).mean())

    place, h = np.array([1.0, -1.0, 0.5]), np.array([1e-5, 0, 0])
    theta = oracle.adapted(place, STEPS, LR)
    slope = (judged(theta + h) - judged(theta - h)) / 2e-5
    rest = oracle.first_order_optimum(STEPS, LR)
    return [
        Line("slope at the adapted parameters", *slopes(place), slope, 1e-8),
        Line("slope where it comes to rest", *slopes(rest), 0.0, 1e-12),
    ]
