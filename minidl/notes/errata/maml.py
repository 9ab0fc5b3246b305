"""The notes take MAML's inner step on the query set B, on which its outcome is to be judged.

Printed: U_{t,A}(phi) = phi - eps grad L_{t,B}(phi), although U carries the letter A and the line
above it says that the inner loop uses the train set A.  A meta-learner made so learns to learn from
examples that it will not have.

The tasks have quadratic losses, so that the truth is a closed form: the slope of E L_B(U_A(phi)) by
central differences of it, and its minimum, where a right gradient is 0.
"""

from __future__ import annotations

import numpy as np

from ...graph import tensor
from ...meta import Tasks, meta_gradient
from ...oracles.quadratic_tasks import random_quadratic_tasks
from . import Line

STEPS, LR = 1, 0.3


def corrected(loss, phi, tasks, steps, lr):
    """The gradient of E L_B(U_A(phi)): the inner step on the support set A."""
    return meta_gradient(loss, phi, tasks, steps, lr)


def as_printed(loss, phi, tasks, steps, lr):
    """The same with the inner step on the query set B."""
    return meta_gradient(loss, phi, Tasks(support=tasks.query, query=tasks.query), steps, lr)


def experiment() -> list[Line]:
    """The slope of the loss after learning, at some place and at its minimum."""
    oracle = random_quadratic_tasks(8, 3, np.random.default_rng(0))
    tasks = Tasks((tensor(oracle.A), tensor(oracle.a)), (tensor(oracle.B), tensor(oracle.b)))

    def slopes(phi: np.ndarray) -> list[float]:
        given = {"w": tensor(phi)}
        found = [f(quadratic_loss, given, tasks, STEPS, LR) for f in (as_printed, corrected)]
        return [gradient["w"][0].item() for gradient in found]

    after = lambda phi: oracle.loss_after(phi, STEPS, LR)
    place, h = np.array([1.0, -1.0, 0.5]), np.array([1e-5, 0, 0])
    slope = (after(place + h) - after(place - h)) / 2e-5
    best = oracle.maml_optimum(STEPS, LR)
    return [
        Line("slope of the loss after learning", *slopes(place), slope, 1e-8),
        Line("slope where that loss is least", *slopes(best), 0.0, 1e-12),
    ]


def quadratic_loss(theta, curvature, optimum):
    """1/2 (w - a)' A (w - a) of each task: (T,)."""
    d = (theta["w"] - optimum)[:, :, None]
    return 0.5 * (d * (curvature @ d)).sum(axis=(1, 2))
