"""Turned and shifted a little: the worst case over a grid of angles and shifts.

    max over angle, shift of   L( f(warp(x, angle, shift)), y )

Few numbers decide, and the loss has many hills in them, so that trying all of a grid finds more
than a climb along the gradient: Engstrom et al. 2019 (arXiv:1712.02779), section 3.  The notes name
rotation and translation as perturbations and say no more.  (They also name perturbations measured
by VGG features, which need a network that does not ship.)

Rows of the notes: spatial-attack.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend, nn
from ..checks import between, checked, normal
from ..graph import Tensor, tensor
from ..recording import no_grad
from .access import Access, Array, Best, Model, Result, numpy, raw
from .objectives import Goal, Objective, cross_entropy
from .warp import warp


def spatial_loss(
    model: Model, x: Tensor, angle: Tensor, shift: Tensor, labels: Any,
    objective: Objective = cross_entropy,
) -> Tensor:  # fmt: skip
    """L(f(warp(x, angle, shift)), y), one value an example, of slopes in angle and shift.

    x: (N, C, H, W).  angle: (N,) radians.  shift: (N, 2) pixels, down and right.  labels: (N,).
    """
    return objective(model(warp(x, angle, angle * 0 + 1, shift)), labels)


def worst_of_grid(
    model: Model, x: Any, goal: Goal, degrees: Sequence[float] = (-30, -15, 0, 15, 30),
    shifts: Sequence[float] = (0.0,), objective: Objective = cross_entropy,
) -> tuple[Result, np.ndarray]:  # fmt: skip
    """The worst of all angles and all pairs of shifts; and which it is: (N, 3), degrees and pixels.

    x: (N, C, H, W).  shifts: pixels, down as well as to the right.  Answers are enough: black box.
    """
    x, goal = raw(x), Goal(raw(goal.labels), goal.targeted)
    best, choices = Best(x), Best(backend.xp(x).zeros((len(x), 3), x.dtype))
    with Access(model, len(x)) as access:
        for choice in itertools.product(degrees, shifts, shifts):
            moved = turned(x, *choice)
            value, reached = access.judge(moved, goal, objective)
            best.offer(moved, reached, value)
            choices.offer(choices.x * 0 + backend.xp(x).asarray(choice, x.dtype), reached, value)
        seconds = time.perf_counter() - access.start
    result = Result(tensor(best.x), numpy(best.reached), access.queries, access.gradients, seconds)
    return result, numpy(choices.x)


def turned(x: Array, degrees: float, down: float, right: float) -> Array:
    """All images turned and shifted alike.  x: (N, C, H, W)."""
    xp = backend.xp(x)
    angle = Tensor(xp.full(len(x), math.radians(degrees), x.dtype))
    shift = Tensor(xp.asarray([(down, right)] * len(x), x.dtype))
    with no_grad():
        return warp(Tensor(x), angle, angle * 0 + 1, shift).data


checked(
    spatial_loss, x=normal(2, 1, 4, 4), angle=between(0.1, 0.5, 2), shift=between(0.2, 0.4, 2, 2),
    model=lambda rng: nn.Sequential(nn.Flatten(), nn.Linear(16, 3, rng=rng)),
    labels=lambda rng: rng.integers(0, 3, 2), objective=lambda rng: cross_entropy,
)  # fmt: skip
