"""The refsheet's EWC penalty lacks the 1/2 that the CS7150 notes and the paper have.

Printed: lambda sum_i H_ii (theta_i - theta_A,i)^2, two lines after a Taylor expansion with 1/2 H.
At lambda = 1 it counts task A twice.  Where losses are quadratic with diagonal curvature, the
penalty with 1/2 is what L_A rises by, and learning B under it ends at the optimum of L_A + L_B;
both are closed forms.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...continual import ewc
from ...graph import Tensor, tensor
from . import Line


def corrected(theta: dict, anchor: ewc.Anchor, strength: float = 1.0) -> Tensor:
    """lambda/2 sum_i F_i (theta_i - theta_A,i)^2."""
    return strength * ewc.penalty(theta, anchor)


def as_printed(theta: dict, anchor: ewc.Anchor, strength: float = 1.0) -> Tensor:
    """lambda sum_i F_i (theta_i - theta_A,i)^2."""
    return strength * sum(
        (F * (theta[name] - anchor.values[name]) ** 2).sum() for name, F in anchor.fisher.items()
    )


def experiment() -> list[Line]:
    """One parameter: L_A = 1.5 w^2 / 2 and L_B = .5 (w - 2)^2 / 2."""
    h_A, h_B, b = 1.5, 0.5, 2.0
    anchor = ewc.Anchor({"w": tensor([0.0])}, {"w": tensor([h_A])})
    at = lambda penalty, w: penalty({"w": tensor([w])}, anchor).item()

    def after_both(penalty: Callable) -> float:
        grid = np.linspace(0, 2, 2001)
        total = [at(penalty, w) + h_B * (w - b) ** 2 / 2 for w in grid]
        return float(grid[np.argmin(total)])

    rise = [at(penalty, 0.8) for penalty in (as_printed, corrected)]
    found = [after_both(penalty) for penalty in (as_printed, corrected)]
    return [
        Line("what L_A rises by", *rise, h_A * 0.8**2 / 2, 1e-6),
        Line("optimum of L_A + L_B", *found, h_B * b / (h_A + h_B), 1e-3),
    ]
