"""The notes pull MAML's gradient back with DU, and it takes the transpose.

Printed: d/dphi L_B(U(phi)) = DU(phi) grad L_B.  After one step DU = I - eps H is symmetric and
nothing is wrong.  After two DU = (I - eps H_1)(I - eps H_0), its transpose has the factors in the
other order, and Hessians at two places need not commute.

The truth is the slope of E L_B(U^k(phi)) by central differences, on a loss whose Hessian changes.
"""

from __future__ import annotations

import numpy as np

from ...graph import tensor
from ...meta import adapt, meta_loss, trajectory
from ...meta import meta_gradient as corrected
from ...meta.maml import quartic_loss, regression_tasks
from ...transforms import grad, hvp
from ...trees import map_leaves
from . import Line

LR = 0.2


def as_printed(loss, phi, tasks, steps, lr):
    """E DU grad L_B: the factors I - lr H_i are applied in the order of the steps."""
    adapted = adapt(loss, phi, tasks.support, steps, lr)
    v = grad(lambda theta: loss(theta, *tasks.query).sum())(adapted)
    *visited, _ = trajectory(loss, phi, tasks.support, steps, lr)
    for theta in visited:
        Hv = hvp(lambda theta: loss(theta, *tasks.support).sum(), theta, v)
        v = {name: v[name] - lr * Hv[name] for name in v}
    return {name: part.mean(axis=0) for name, part in v.items()}


def experiment() -> list[Line]:
    """The slope in one direction after 2 and after 5 inner steps."""
    rng = np.random.default_rng(0)
    tasks, w = map_leaves(regression_tasks(rng), tensor), rng.normal(size=3)
    direction, h = np.array([0.6, 0.0, 0.8]), 1e-5

    def line(steps: int) -> Line:
        after = lambda w: meta_loss(quartic_loss, {"w": tensor(w)}, tasks, steps, LR).item()
        slope = (after(w + h * direction) - after(w - h * direction)) / (2 * h)
        slopes = [
            float(formula(quartic_loss, {"w": tensor(w)}, tasks, steps, LR)["w"].data @ direction)
            for formula in (as_printed, corrected)
        ]
        return Line(f"slope through {steps} inner steps", *slopes, slope, 1e-6)

    return [line(2), line(5)]
