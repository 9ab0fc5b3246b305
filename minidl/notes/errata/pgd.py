"""The notes' projected gradient descent steps along the bare gradient, whose length says nothing.

Printed: delta := Clip[delta + alpha grad J(delta)].  Where the model is sure of itself the
gradient is tiny, and the steps go nowhere: the ball is not used.  Steps along the sign (in l-inf;
in l2 along grad / |grad|) are as long for every example (Madry et al. 2018, arXiv:1706.06083).

They also say that the projection is needed since x + delta "may not lie on the data manifold".  It
is the projection into the threat model's set, which knows nothing of the data.
"""

from __future__ import annotations

import numpy as np

from ... import nn
from ...attacks.gradient_steps import bare, pgd, steepest
from ...attacks.objectives import Goal
from ...attacks.threat import Threat
from . import Line

EPSILON, W = 0.1, np.array([[6.0, -4.0, 5.0], [-6.0, 4.0, -5.0]])


def reached(direction) -> float:
    """The growth of a linear model's margin in 20 steps of epsilon / 4, from where it is sure."""
    model = nn.Linear(3, 2, bias=False).double()
    model.load_state_dict({"weight": W})
    x, goal = np.array([[0.9, 0.2, 0.8]]), Goal(np.array([0]))
    how = dict(steps=20, step_size=EPSILON / 4, random_start=False, direction=direction)
    found = pgd(model, x, goal, Threat(np.inf, EPSILON), **how).adversarial.numpy()
    return float(((found - x) @ (W[1] - W[0])).item())


def as_printed() -> float:
    """delta := Clip[delta + alpha grad]."""
    return reached(bare)


def corrected() -> float:
    """delta := P[delta + alpha sign(grad)]."""
    return reached(steepest)


def experiment() -> list[Line]:
    """The growth of the margin within the ball; the most that there is, is epsilon |w|_1."""
    most = EPSILON * np.abs(W[1] - W[0]).sum()
    return [Line("growth of the margin, budget .1", as_printed(), corrected(), most, 1e-9)]
