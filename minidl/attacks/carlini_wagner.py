"""Carlini and Wagner's attack: not the most wrong within a distance, but the nearest that is wrong.

    min |x' - x|_2^2 + c g(x')    over w,    x' = 1/2 (tanh(w) + 1)

    g(x') = max( max_{i != t} Z_i - Z_t, -kappa )     to have it called t
    g(x') = max( Z_y - max_{i != y} Z_i, -kappa )     to have it called anything but y

Z are the logits.  tanh keeps the image in [0, 1] without a projection.  g is positive until
the goal is reached, by a margin of kappa if one is asked for.  The weight c is found by bisection,
for each image by itself: if the goal was reached c was large enough, and a smaller one may give a
smaller change.  Of all images met on the way that reach the goal, the nearest is returned.

Carlini and Wagner 2017 (arXiv:1608.04644), sections V and VI.A; their first form of the problem is
min |delta|_p + c g: `distance` may be any norm, squared or not.

What the notes print (`minidl notes cw-l2`, `minidl notes cw-untargeted`):

- f(x + delta) = y, where it must be t: with y, delta = 0 would do.
- Z as "the activations before the logit layer".  They are the logits: g compares classes.
- 1/2 tanh(w) + 1, which goes from .5 to 1.5.  The bracket is 1/2 (tanh(w) + 1).
- "c, ReLU" for c times the positive part, and an index outside of Z( ).
- - lambda (max_{i != y} z_i - z_y)^- for the untargeted penalty: right if a^- = min(a, 0), of the
  wrong sign if a^- = max(-a, 0).  Both readings are in use; lambda (z_y - max_{i != y} z_i)^+ has
  one only.

Rows of the notes: cw-l2, cw-penalised, cw-untargeted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend, nn, optim
from ..checks import between, checked, normal
from ..graph import Tensor, tensor
from ..ops.choices import maximum
from ..ops.elementwise import absolute
from ..ops.reduce import norm2
from ..ops.trigonometry import tanh
from ..recording import enable_grad
from .access import Access, Array, Best, Model, Result, conclude, prepared
from .objectives import Goal, margin
from .threat import Threat

Distance = Callable[[Tensor], Tensor]  # delta (N, D) -> (N,)
ALMOST_ONE = 0.9999  # black and white are atanh of this, not infinity, from where nothing moves
LARGEST = 1e10  # of the weights c that are tried


# ------------------------------------------------------------------------------- the objective


def squared(delta: Tensor) -> Tensor:
    """|delta|_2^2.  delta: (N, D).  Returns (N,)."""
    return (delta**2).sum(axis=1)


def l2(delta: Tensor) -> Tensor:
    """|delta|_2, of slope 0 at 0.  delta: (N, D).  Returns (N,)."""
    return norm2(delta, axis=1)


def l1(delta: Tensor) -> Tensor:
    """|delta|_1.  delta: (N, D).  Returns (N,)."""
    return absolute(delta).sum(axis=1)


def linf(delta: Tensor) -> Tensor:
    """|delta|_inf.  delta: (N, D).  Returns (N,)."""
    return absolute(delta).max(axis=1)


def shortfall(logits: Tensor, goal: Goal, kappa: float = 0.0) -> Tensor:
    """g: how far the logits are from the goal, and -kappa once it is passed by kappa.

    logits: (N, K).  Returns (N,).
    """
    return maximum(-goal.sign * margin(logits, goal.labels), -kappa)


def penalised(
    delta: Tensor, logits: Tensor, goal: Goal, weight: Any, distance: Distance = l2,
    kappa: float = 0.0,
) -> Tensor:  # fmt: skip
    """|delta| + lambda g(x + delta), one value an example: (N,).

    delta: (N, ...).  logits: (N, K), at x + delta.  weight: lambda, a number or (N,).
    A stationary point delta of the squared form for c is one of the l2 form for lambda =
    c / (2 |delta|), since 2 delta + c g' = 0 says the same as delta / |delta| + lambda g' = 0.
    """
    return distance(delta.reshape(len(delta), -1)) + weight * shortfall(logits, goal, kappa)


def image(w: Tensor) -> Tensor:
    """1/2 (tanh(w) + 1), which is in [0, 1] for every w."""
    return 0.5 * (tanh(w) + 1)


def preimage(x: Array) -> Array:
    """The w with image(w) = x, but for 5e-5: finite for black and white too."""
    return np.arctanh(ALMOST_ONE * (2 * x - 1))


def cw_objective(
    model: Model, w: Tensor, x: Tensor, goal: Goal, c: Any, distance: Distance = squared,
    kappa: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """distance(image(w) - x) + c g(image(w)), minimised over w; the image, and its logits.

    w, x: (N, ...), x in [0, 1].  c: a number or (N,).  Returns (N,), (N, ...), (N, K).
    """
    seen = image(w)
    logits = model(seen)
    return penalised(seen - x, logits, goal, c, distance, kappa), seen, logits


# ---------------------------------------------------------------------------------- the attack


class Weights:
    """The weight c of each image, and what is known of the least one that is enough."""

    def __init__(self, start: float, like: Array) -> None:
        self.c = backend.xp(like).full(len(like), start, like.dtype)
        self.too_small = self.c * 0
        self.enough = self.c * 0 + LARGEST

    def update(self, reached: Array) -> None:
        """Go halfway between what failed and what was enough; ten times up until something is."""
        self.enough = np.where(reached, np.minimum(self.enough, self.c), self.enough)
        self.too_small = np.where(reached, self.too_small, np.maximum(self.too_small, self.c))
        halfway = (self.too_small + self.enough) / 2
        self.c = np.where(self.enough < LARGEST, halfway, np.minimum(10 * self.c, LARGEST))


def carlini_wagner(
    model: Model, x: Any, goal: Goal, steps: int = 100, searches: int = 6, lr: float = 0.1,
    c: float = 1.0, kappa: float = 0.0, distance: Distance = squared,
) -> Result:  # fmt: skip
    """The nearest image in [0, 1] found that reaches the goal; x itself where none was found.

    x: (N, ...), in [0, 1].  steps: of Adam, for each of `searches` weights, the first of which is
    c; the rate falls from lr to 0.  (In the paper 10,000 steps for 9 weights from 1e-3 on, with lr
    .01.)  kappa: the margin by which the goal is to be passed.
    """
    box = Threat(2, math.inf)
    x, goal = prepared(x, goal, box)
    best, weights = Best(x), Weights(c, x)
    with Access(model, len(x)) as access, enable_grad():

        def offer(points: Array, logits: Array) -> Array:
            """Keep the points that reach the goal and are nearer; which do."""
            passed = shortfall(Tensor(logits), goal, kappa).data <= -kappa
            reached = goal.reached(logits) & passed
            best.offer(points, reached, -distance(Tensor((points - x).reshape(len(x), -1))).data)
            return reached

        offer(x, access.logits(x))
        for _ in range(searches):
            w = tensor(preimage(x), requires_grad=True)
            adam = optim.Adam([w], lr=lr)
            reached = backend.xp(x).zeros(len(x), bool)
            for step in range(steps):
                adam.param_groups[0]["lr"] = lr * (1 - step / steps)
                value, seen, logits = cw_objective(
                    access, w, Tensor(x), goal, weights.c, distance, kappa
                )
                reached |= offer(seen.data, logits.data)
                w.grad = access.slope(value, w)
                adam.step()
            weights.update(reached)
        return conclude(access, x, best.x, goal, box)


_goals = {
    "untargeted": lambda rng: Goal(rng.integers(0, 4, 5)),
    "targeted": lambda rng: Goal(rng.integers(0, 4, 5), True),
}
_model = lambda rng: nn.Sequential(nn.Linear(3, 6, rng=rng), nn.Tanh(), nn.Linear(6, 4, rng=rng))
for _case, _goal in _goals.items():
    checked(shortfall, case=_case, logits=normal(5, 4), goal=_goal, kappa=0.5)
    checked(
        cw_objective, case=_case, model=_model, w=normal(5, 3), x=between(0, 1, 5, 3), goal=_goal,
        c=between(0.5, 2, 5), distance=lambda rng: squared, kappa=0.5,
    )  # fmt: skip
for _distance in (squared, l2, l1, linf):
    checked(
        penalised, case=_distance.__name__, delta=normal(5, 3), logits=normal(5, 4),
        goal=_goals["untargeted"], weight=2.0,
        distance=lambda rng, distance=_distance: distance, kappa=0.5,
    )  # fmt: skip
