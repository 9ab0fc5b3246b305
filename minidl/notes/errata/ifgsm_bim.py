"""The notes' iterated FGSM takes steps of epsilon and clips nothing: m steps leave the ball.

Printed: x^(m) = x^(m-1) + epsilon sign(grad L), and beside it "fix-perturbation attack".  Where the
sign stays the same, as it does for a linear model, m steps go m epsilon far, and out of [0, 1].
With steps of alpha, each clipped to the ball and to the bounds, the perturbation is at most epsilon
(Kurakin, Goodfellow and Bengio 2017, arXiv:1607.02533, section 2.2).
"""

from __future__ import annotations

import numpy as np

from ... import nn
from ...attacks.gradient_steps import bim
from ...attacks.objectives import Goal
from ...attacks.threat import Threat
from . import Line

M, EPSILON = 10, 0.05
W = np.array([[2.0, -1.0, 0.5, -3.0], [-1.0, 1.0, -0.5, 2.0]])


def as_printed(x: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """m times x <- x + epsilon sign."""
    for _ in range(M):
        x = x + EPSILON * sign
    return x


def corrected(x: np.ndarray) -> np.ndarray:
    """m times x <- clip(x + alpha sign(grad L)), with alpha = epsilon / m."""
    model = nn.Linear(4, 2, bias=False).double()
    model.load_state_dict({"weight": W})
    goal = Goal(np.zeros(len(x), int))
    return bim(model, x, goal, Threat(np.inf, EPSILON), steps=M).adversarial.numpy()


def experiment() -> list[Line]:
    """A linear model: how far the attack goes, how white a pixel gets, and how the margin grows."""
    x = np.array([[0.5, 0.4, 0.6, 0.98]])
    w = W[1] - W[0]  # grows the loss of class 0, whatever x
    printed, right = as_printed(x, np.sign(w)), corrected(x)
    best = np.minimum(EPSILON, np.where(w > 0, 1 - x[0], x[0])) @ np.abs(w)
    return [
        Line("largest change, budget .05", np.abs(printed - x).max(), np.abs(right - x).max(),
             EPSILON, 1e-12),
        Line("whitest pixel", printed.max(), right.max(), 1.0, 1e-12),
        Line("growth of the margin", (printed - x)[0] @ w, (right - x)[0] @ w, best, 1e-12),
    ]  # fmt: skip
