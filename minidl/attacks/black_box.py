"""Without gradients: those of another model, or differences of answers.

Transfer.  An attack on a model of one's own (the grey box, if that has the same architecture) is
tried on the victim, of which nothing is asked.  Papernot et al. 2016 (arXiv:1605.07277).

Queries.  The gradient is estimated from the victim's answers at pairs of points to both sides of x,

    g = 1/(2 n sigma) sum_k ( L(x + sigma u_k) - L(x - sigma u_k) ) u_k,    u_k ~ N(0, I),

"natural evolution strategies": Ilyas et al. 2018 (arXiv:1804.08598), section 2.  For a linear loss
it is right on average, and in D dimensions its cosine with the gradient is about sqrt(n / (n + D)).

Rows of the notes: transfer-blackbox.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend
from .access import Access, Array, Best, Model, Result, conclude, numpy, prepared, raw
from .gradient_steps import steepest
from .objectives import Goal, Objective, margin
from .threat import Threat


def transfer(
    attack: Callable[..., Result], surrogate: Model, victim: Model, x: Any, goal: Goal,
    threat: Threat, **how: Any,
) -> Result:  # fmt: skip
    """Attack the surrogate; judge what came out by the victim, which is asked once an example.

    attack: called as attack(surrogate, x, goal, threat, **how), as all of this package can be.
    x: (N, ...).  The queries and gradients counted are those of the victim.
    """
    crafted = attack(surrogate, x, goal, threat, **how)
    x, goal = prepared(x, goal, threat)
    with Access(victim, len(x)) as access:
        return conclude(access, x, raw(crafted.adversarial), goal, threat)


def random_noise(model: Model, x: Any, goal: Goal, threat: Threat, rng: Any = None) -> Result:
    """A random point on the rim: what an attack is to be better than.

    In l-inf all signs are random, in the other norms the direction is.
    """
    x, goal = prepared(x, goal, threat)
    u = normal_like(x, np.random.default_rng(rng))
    with Access(model, len(x)) as access:
        moved = x + steepest(u, x, threat, threat.reach)
        return conclude(access, x, moved, goal, threat)


def nes_gradient(
    access: Access, x: Array, goal: Goal, pairs: int, sigma: float, rng: np.random.Generator,
    objective: Objective = margin, rows: np.ndarray | None = None,
) -> Array:  # fmt: skip
    """The gradient of what the attacker climbs, estimated from 2 * `pairs` answers an example.

    x: (N, ...).  Returns (N, ...).
    """
    n, rows = len(x), np.arange(len(x)) if rows is None else rows
    total = np.zeros_like(x)
    for _ in range(pairs):
        u = normal_like(x, rng)
        ahead, _ = access.judge(x + sigma * u, goal, objective, rows)
        behind, _ = access.judge(x - sigma * u, goal, objective, rows)
        total += ((ahead - behind) / (2 * sigma * pairs)).reshape(n, *[1] * (x.ndim - 1)) * u
    return total


def nes_attack(
    model: Model, x: Any, goal: Goal, threat: Threat, steps: int = 20, pairs: int = 25,
    sigma: float = 0.01, step_size: float | None = None, rng: Any = None,
    objective: Objective = margin,
) -> Result:  # fmt: skip
    """PGD from x with estimated gradients: 2 * pairs + 1 queries a step, until the goal is reached.

    x: (N, ...).  An example that has reached its goal is asked no more.
    """
    x, goal = prepared(x, goal, threat)
    rng = np.random.default_rng(rng)
    step_size = 2.5 * threat.reach / steps if step_size is None else step_size
    best, moved = Best(x), x.copy()
    with Access(model, len(x)) as access:
        for step in range(steps + 1):
            rows = np.flatnonzero(~numpy(best.reached))
            value, reached = access.judge(moved[rows], goal.of(rows), objective, rows)
            best.offer(moved[rows], reached, value, rows)
            rows = np.flatnonzero(~numpy(best.reached))
            if step == steps or not len(rows):
                break
            now = moved[rows]
            g = nes_gradient(access, now, goal.of(rows), pairs, sigma, rng, objective, rows)
            moved[rows] = threat.project(x[rows], now + steepest(g, now, threat, step_size))
        return conclude(access, x, best.x, goal, threat)


def normal_like(x: Array, rng: np.random.Generator) -> Array:
    """Standard normal numbers with the shape, the dtype and on the device of x."""
    return backend.xp(x).asarray(rng.standard_normal(x.shape).astype(x.dtype))
