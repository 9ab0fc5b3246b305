"""Hidden semantics: what does a unit of a hidden layer stand for?

Two answers.  The input that drives it most, found by gradient ascent within the inputs allowed,

    x <- P(x + eta g / |g|),    g = d a(x) / dx,

P the projection onto a box or a ball (for a linear unit w.x the ball's answer is w / |w|, and the
box's 1 where w > 0); and the examples of the data that drive it most.  `selectivity` puts a number
on how far a unit belongs to one class.

Erhan et al. 2009 (Université de Montréal, technical report 1341); Simonyan, Vedaldi and Zisserman
2014 (arXiv:1312.6034), section 2; selectivity: Morcos et al. 2018 (arXiv:1803.06959), eq. 1.

Rows of the notes: attribution-taxonomy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..graph import Tensor
from ..ops.choices import clip, maximum
from ..ops.elementwise import sqrt
from ..recording import no_grad
from .attribution import Score, saliency

Projection = Callable[[Tensor], Tensor]


def into_box(low: float = 0.0, high: float = 1.0) -> Projection:
    """The nearest point of [low, high]^D."""
    return lambda x: clip(x, low, high)


def into_ball(radius: float) -> Projection:
    """The nearest point, for each example, of the l2 ball about 0."""
    return lambda x: x / maximum(_norms(x) / radius, 1.0)


@no_grad()
def maximise(
    score: Score, start: Tensor, project: Projection, steps: int = 100, lr: float = 0.5
) -> Tensor:
    """The inputs found by gradient ascent from `start`; of those visited, the best.  (N, ...).

    The length of a step falls from lr to 0 along a line, so that it comes to rest at corners.
    """
    x = project(start)
    best, highest = x, score(x)
    for k in range(steps):
        g = saliency(score, x)
        x = project(x + lr * (1 - k / steps) * g / maximum(_norms(g), 1e-12))
        value = score(x)
        better = (value > highest).reshape(-1, *[1] * (x.ndim - 1)).astype(x.dtype)
        best = better * x + (1 - better) * best
        highest = maximum(value, highest)
    return best


def strongest(activations: np.ndarray, k: int) -> np.ndarray:
    """The k examples that drive each unit most, strongest first.  (N, H) gives (H, k)."""
    return np.argsort(-activations.T, axis=1, kind="stable")[:, :k]


def selectivity(activations: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(m - r) / (m + r), m the largest mean of a class and r that of all others: 0 to 1 a unit.

    activations: (N, H), not negative.  Returns (H,); 0 for a unit that is never active.
    """
    classes = np.unique(labels)
    means = np.stack([activations[labels == c].mean(axis=0) for c in classes])  # (C, H)
    most = means.max(axis=0)
    rest = (means.sum(axis=0) - most) / (len(classes) - 1)
    return (most - rest) / np.maximum(most + rest, 1e-12)


def _norms(x: Tensor) -> Tensor:
    """The l2 norm of each example, in a shape that divides x."""
    return sqrt((x.reshape(len(x), -1) ** 2).sum(axis=1)).reshape(-1, *[1] * (x.ndim - 1))
