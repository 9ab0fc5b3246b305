"""One perturbation for all images, put together from the nearest boundaries of many.

    for each image x that x + v does not fool yet:
        v <- P[ v + r ],    r = the least change that takes x + v over the boundary
    until a share of the images is fooled

P projects into |v|_p <= xi.  The least change is found by DeepFool, which takes the model for
linear again and again: for a linear one it is exact,

    r = min over k != y of  |z_k - z_y| / |w_k - w_y|_2,   along w_k - w_y = grad (z_k - z_y).

Later steps undo what earlier ones did.  To climb the loss of many images together does better
(`universal_ascent`), if what is fooled already is not pushed further:

    v <- P[ v + alpha s(g) ],    g = gradient of   sum over a batch of  min(margin(f(x + v), y), 1)

Moosavi-Dezfooli, Fawzi and Frossard 2016 (arXiv:1511.04599), algorithm 2; with Fawzi 2017
(arXiv:1610.08401), algorithm 1; Shafahi et al. 2020 (arXiv:1811.11304), section 3.  The notes state
what comes out, "80 %", and not the algorithm.  That it carries over to other models is an
observation, to be made anew each time.

Rows of the notes: universal-perturbation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend
from ..checks import checked, normal
from ..graph import Tensor, tensor
from ..ops.choices import minimum
from ..recording import enable_grad
from .access import Access, Array, Model, Result, conclude, prepared, raw
from .gradient_steps import steepest
from .objectives import Goal, margin
from .threat import Threat

OVERSHOOT = 0.02  # how far beyond the boundary, as a share of the way to it


def deepfool(
    model: Model, x: Any, bounds: tuple[float, float] = (0.0, 1.0), steps: int = 10
) -> Result:
    """A nearby point of another class than the model gives x, by `nearest_boundary`.

    x: (N, ...), within the bounds.  steps: how often the model is taken for linear, at most.
    The point lies beyond the boundary by a share `OVERSHOOT` of the way to it.
    Moosavi-Dezfooli, Fawzi and Frossard 2016 (arXiv:1511.04599), algorithm 2.
    """
    box = Threat(2, math.inf, bounds)
    x = raw(x)
    with Access(model, len(x)) as access:
        goal = Goal(access.logits(x).argmax(axis=1))
        x, goal = prepared(x, goal, box)
        return conclude(access, x, nearest_boundary(access, x, goal, bounds, steps), goal, box)


def nearest_boundary(
    access: Access, x: Array, goal: Goal, bounds: tuple[float, float], steps: int = 10,
    rows: Any = None,
) -> Array:  # fmt: skip
    """x moved over the nearest boundary of its class `goal.labels`, clipped after each step.

    x: (N, ...).  rows: which examples these are.  Returns (N, ...).
    """
    n, xp = len(x), backend.xp(x)
    rows, everyone, moved = np.arange(n) if rows is None else rows, xp.arange(n), x
    for _ in range(steps):
        z, w = linear_part(access, moved, rows)  # (N, K), (N, K, D)
        reached = goal.reached(z)
        if reached.all():
            break
        gap = np.abs(z - z[everyone, goal.labels][:, None])
        w = w - w[everyone, goal.labels][:, None]
        at = moved.reshape(n, 1, -1)  # what has no room in the direction of w stays
        w = w * np.where(w > 0, at < bounds[1], at > bounds[0])
        length = np.sqrt((w**2).sum(axis=2))
        # the class itself, whose gap and length are 0, is no boundary
        far = np.where(length > 0, gap / np.where(length > 0, length, 1), math.inf)
        k = far.argmin(axis=1)
        go = np.where(reached, 0, (1 + OVERSHOOT) * far[everyone, k] / length[everyone, k])
        moved = np.clip(moved + (go[:, None] * w[everyone, k]).reshape(x.shape), *bounds)
    return moved


def linear_part(access: Access, x: Array, rows: Any) -> tuple[Array, Array]:
    """The logits and their gradients: (N, K), (N, K, D).

    Each example is shown K times, so that one backward pass gives the gradients of its K logits.
    """
    n, classes = len(x), access.logits(x[:1], rows[:1]).shape[1]
    copies = np.repeat(rows, classes)
    with enable_grad():
        shown = Tensor(x.repeat(classes, axis=0)).requires_grad_()
        z = access(shown, copies).reshape(n, classes, classes)
        own = backend.xp(x).arange(classes)
        w = access.slope(z[:, own, own].reshape(-1), shown, copies)
    return z.data[:, 0], w.data.reshape(n, classes, -1)


def universal(
    model: Model, x: Any, threat: Threat, share: float = 0.8, passes: int = 5, rng: Any = None,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[Tensor, list[float]]:  # fmt: skip
    """One v with |v|_p <= epsilon, to add to any image, and the share fooled after each pass.

    x: (N, ...), the images to make it from.  threat: norm, xi = epsilon, and the images' bounds.
    share: of the images to be fooled (the paper's 1 - delta).  passes: at most so many over x.
    Fooled is an image of which the model says another thing than before.
    """
    x = raw(x)
    threat.check_inputs(x)
    rng = np.random.default_rng(rng)
    alone = Threat(threat.norm, threat.epsilon, (-math.inf, math.inf))  # of v itself
    v, shares = np.zeros_like(x[:1]), []
    with Access(model, len(x)) as access:
        said = access.logits(x).argmax(axis=1)
        for _ in range(passes):
            for i in rng.permutation(len(x))[:, None]:
                shown, goal = add(x[i], v, threat), Goal(said[i])
                if not goal.reached(access.logits(shown, i)).all():
                    # not clipped: what has no room in this image may have some in others
                    there = nearest_boundary(access, shown, goal, alone.bounds, rows=i)
                    v = alone.project(np.zeros_like(v), v + there - shown)
            now = access.logits(add(x, v, threat)).argmax(axis=1)
            shares.append(float((now != said).mean()))
            progress(shares[-1])
            if shares[-1] >= share:
                break
    return tensor(v), shares


def universal_ascent(
    model: Model, x: Any, threat: Threat, steps: int = 60, batch_size: int = 100, rng: Any = None
) -> Tensor:
    """One v with |v|_p <= epsilon, to add to any image, by ascent on the loss of batches.

    x: (N, ...).  The step is a tenth of epsilon, in the steepest direction.
    """
    x = raw(x)
    threat.check_inputs(x)
    rng = np.random.default_rng(rng)
    alone = Threat(threat.norm, threat.epsilon, (-math.inf, math.inf))
    zero = v = np.zeros_like(x[:1])
    with Access(model, len(x)) as access:
        said = Goal(access.logits(x).argmax(axis=1))
        for _ in range(steps):
            rows = rng.integers(0, len(x), batch_size)
            shown = add(x[rows], v, threat)
            _, _, g = access.gradient(shown, said.of(rows), not_fooled_yet, rows)
            g = g.sum(axis=0, keepdims=True)
            v = alone.project(zero, v + steepest(g, v, alone, threat.reach / 10))
    return tensor(v)


def not_fooled_yet(logits: Tensor, labels: Any) -> Tensor:
    """min(margin, 1): what is fooled by a margin of 1 pulls no more.  (N, K), (N,) -> (N,)."""
    return minimum(margin(logits, labels), 1.0)


def add(x: Array, v: Array, threat: Threat) -> Array:
    """The images with v on them, within their bounds.  x: (N, ...), v: (1, ...)."""
    return np.clip(x + v, *threat.bounds)


def fooling_rate(model: Model, x: Any, v: Any, threat: Threat) -> float:
    """The share of images of which the model says another thing once v is added."""
    x, v = raw(x), raw(v)
    with Access(model, len(x)) as access:
        before, after = access.logits(x), access.logits(add(x, v, threat))
    return float((before.argmax(axis=1) != after.argmax(axis=1)).mean())


checked(not_fooled_yet, logits=normal(5, 4), labels=lambda rng: rng.integers(0, 4, 5))
