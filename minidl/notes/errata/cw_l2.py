"""The notes' Carlini-Wagner attack: the wrong bracket, the wrong class.

Printed: delta = 1/2 tanh(w) + 1 - x in the final form, so that images lie in [.5, 1.5]; and the
constraint f(x + delta) = y, which delta = 0 fulfils.  Right are 1/2 (tanh(w) + 1), which fills
[0, 1], and f(x + delta) = t.  They also take Z for "the activations before the logit layer"; the
penalty compares the logits of classes (Carlini and Wagner 2017, arXiv:1608.04644, section V).
"""

from __future__ import annotations

import numpy as np

from ... import nn
from ...attacks.carlini_wagner import carlini_wagner, image
from ...attacks.objectives import Goal
from ...attacks.threat import norm
from ...graph import tensor
from . import Line


def as_printed(w: np.ndarray) -> np.ndarray:
    """1/2 tanh(w) + 1."""
    return 0.5 * np.tanh(w) + 1


def corrected(w: np.ndarray) -> np.ndarray:
    """1/2 (tanh(w) + 1)."""
    return image(tensor(w)).numpy()


def distance(target: int) -> float:
    """How far the attack goes to have a linear model say `target`, where it says 0."""
    model = nn.Linear(3, 2).double()
    model.load_state_dict({"weight": np.array([[1.0, 2.0, 2.0], [0.0] * 3]), "bias": [-2.2, 0.0]})
    x = np.array([[0.5, 0.5, 0.5]])
    goal = Goal(np.array([target]), targeted=True)
    found = carlini_wagner(model, x, goal, steps=100, searches=9, lr=0.05)
    return float(norm(found.adversarial.numpy() - x, 2)[0])


def experiment() -> list[Line]:
    """The ends of the range; and the distance of a linear boundary, |margin| / |w| = .3 / 3."""
    black, white = np.array([-30.0]), np.array([30.0])
    return [
        Line("blackest pixel", *(f(black).item() for f in (as_printed, corrected)), 0.0, 1e-9),
        Line("whitest pixel", *(f(white).item() for f in (as_printed, corrected)), 1.0, 1e-9),
        Line("distance to the boundary", distance(0), distance(1), 0.1, 0.002),
    ]
