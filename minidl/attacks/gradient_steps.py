"""Attacks of a fixed budget, by steps along the gradient: FGSM, its iteration, least likely, PGD.

    FGSM    x' = x + epsilon sign(grad_x L)                   Goodfellow et al. 2015 (1412.6572)
    BIM     x' <- P[x' + alpha sign(grad_x L)], from x        Kurakin et al. 2017 (1607.02533)
    PGD     the same from a random start, with restarts       Madry et al. 2018 (1706.06083)

P is the projection into the threat model's set (`Threat.project`).  The sign is the direction in
which a linear loss grows fastest for the length of the step in the norm inf; in another norm it is
another direction (`steepest`).

What the notes print:

- FGSM's image as "optimal".  It is, for the linear part of the loss; so for a linear model.
- BIM with steps of epsilon and without clipping: m steps leave the ball, up to m epsilon (`minidl
  notes ifgsm-bim`).  The step is alpha, here epsilon / m, and each step is projected.
- PGD without a step size, and with the bare gradient.  With that, one step from x becomes FGSM once
  the step is so long that every pixel is clipped: clip(t g, -epsilon, epsilon) = epsilon sign(g)
  when t |g_i| >= epsilon.  "sgn projects onto the l-inf ball" is true in that limit (`bare`).

Rows of the notes: fgsm, ifgsm-bim, least-likely, pgd, pgd-targeted, fgsm-as-pgd.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .access import Access, Array, Best, Model, Result, conclude, prepared, raw
from .objectives import Goal, Objective, cross_entropy
from .threat import Threat

Direction = Callable[[Array, Array, Threat, float], Array]  # (g, x, threat, length) -> (N, ...)


# -------------------------------------------------------------------------------------- a step


def steepest(g: Array, x: Array, threat: Threat, length: float) -> Array:
    """argmax <g, s> over |s|_p <= length, for the threat model's norm p.

        inf   length sign(g)
        2     length g / |g|_2, of each example by itself
        1     all of the length to the largest |g_i|, as far as the bounds give it room, what is
              left to the next largest, and so on
        0     as 2, since the number of changes has no direction

    g, x: (N, ...).  Returns (N, ...); 0 where g is 0.
    In l1 alone the bounds matter here: there a step to a pixel that is white already is lost whole
    (Croce and Hein 2021, arXiv:2103.01208, proposition 2.2).
    """
    if threat.norm == math.inf:
        return length * np.sign(g)
    flat = g.reshape(len(g), -1)
    if threat.norm == 1:
        return _fill_up(flat, x.reshape(flat.shape), threat, length).reshape(g.shape)
    size = np.sqrt((flat**2).sum(axis=1, keepdims=True))
    return (length * (flat / np.where(size > 0, size, 1))).reshape(g.shape)


def _fill_up(g: Array, x: Array, threat: Threat, length: float) -> Array:
    """The step of l1, for g and x of shape (N, D)."""
    low, high = threat.bounds
    sign = np.sign(g)
    room = np.minimum(np.where(g > 0, high - x, x - low) * np.abs(sign), length)
    order = np.argsort(-np.abs(g), axis=1)
    sorted_room = np.take_along_axis(room, order, axis=1)
    spent = np.cumsum(sorted_room, axis=1) - sorted_room  # by those before
    taken = np.clip(length - spent, 0, sorted_room)
    return sign * np.take_along_axis(taken, np.argsort(order, axis=1), axis=1)


def bare(g: Array, x: Array, threat: Threat, length: float) -> Array:
    """length g, as the notes print it: how far a step goes is decided by the gradient's length."""
    return length * g


# -------------------------------------------------------------------------------- the attacks


def fgsm(
    model: Model, x: Any, goal: Goal, threat: Threat, objective: Objective = cross_entropy
) -> Result:
    """One step of length epsilon from x, in the steepest direction: in l-inf, epsilon sign(grad).

    x: (N, ...).  Goodfellow, Shlens and Szegedy 2015 (arXiv:1412.6572), section 4.
    """
    x, goal = prepared(x, goal, threat)
    with Access(model, len(x)) as access:
        _, _, g = access.gradient(x, goal, objective)
        moved = x + steepest(g, x, threat, threat.epsilon)
        return conclude(access, x, moved, goal, threat)


def bim(
    model: Model, x: Any, goal: Goal, threat: Threat, steps: int = 10,
    step_size: float | None = None, objective: Objective = cross_entropy,
) -> Result:  # fmt: skip
    """FGSM in small steps from x, each projected: the basic iterative method.

    step_size: alpha; epsilon / steps unless given.
    Kurakin, Goodfellow and Bengio 2017 (arXiv:1607.02533), section 2.2.
    """
    step_size = threat.epsilon / steps if step_size is None else step_size
    return pgd(model, x, goal, threat, steps, step_size, random_start=False, objective=objective)


def least_likely(model: Model, x: Any) -> Goal:
    """The goal of the least likely class: of each example, the one with the smallest logit.

    With it, `fgsm` is x - epsilon sign(grad L(x, y_LL)), and `bim` the iterated form.
    Kurakin, Goodfellow and Bengio 2017 (arXiv:1607.02533), section 2.3.
    """
    x = raw(x)
    with Access(model, len(x)) as access:
        return Goal(access.logits(x).argmin(axis=1), targeted=True)


def pgd(
    model: Model, x: Any, goal: Goal, threat: Threat, steps: int = 40,
    step_size: float | None = None, restarts: int = 1, random_start: bool = True,
    rng: Any = None, objective: Objective = cross_entropy, direction: Direction = steepest,
) -> Result:  # fmt: skip
    """Projected gradient ascent in the threat model's set, from several starts; the best point met.

        x' <- P[x' + alpha s(grad_x L(f(x'), y))]

    x: (N, ...).  step_size: alpha; 2.5 epsilon / steps unless given, which reaches the rim from any
    start and can turn back (Madry et al. 2018).  restarts: how many starts.  random_start: whether
    the first is random too, or x itself; the others always are.  rng: for the starts, a generator
    or a seed.  direction: what of the gradient a step takes, `steepest` or `bare`.
    A point that reaches the goal is better than one that does not, then the larger loss is better;
    x itself is among the points.
    """
    x, goal = prepared(x, goal, threat)
    rng = np.random.default_rng(rng)
    step_size = 2.5 * threat.reach / steps if step_size is None else step_size
    best = Best(x)
    with Access(model, len(x)) as access:

        def offer(points: Array) -> None:
            value, reached = access.judge(points, goal, objective)
            best.offer(points, reached, value)

        offer(x)
        for restart in range(restarts):
            at_random = random_start or restart > 0
            moved = threat.random_start(x, rng) if at_random else x
            for _ in range(steps):
                value, reached, g = access.gradient(moved, goal, objective)
                best.offer(moved, reached, value)
                moved = threat.project(x, moved + direction(g, moved, threat, step_size))
            offer(moved)
        return conclude(access, x, best.x, goal, threat)
