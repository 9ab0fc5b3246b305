"""Attribution: how much of a score is due to each feature of the input.  A local explanation.

    saliency               d f / d x                                    what a small change does
    SmoothGrad             E_e d f / d x (x + sigma e)                  the same, less ragged
    integrated gradients   (x - x0) * int_0^1 d f / d x (x0 + t (x - x0)) dt
    Shapley values         mean, over all orders in which features come in, of what each adds

The last two say what makes the difference between f(x) and f at a baseline x0 (a black image, the
mean): they share it out without remainder, which is called completeness, or efficiency,

    sum_i phi_i = f(x) - f(x0).

A gradient does not: where a ReLU is off, or a probability near 1, it is 0 whatever the feature did.

Simonyan, Vedaldi and Zisserman 2014 (arXiv:1312.6034); Smilkov et al. 2017 (arXiv:1706.03825);
Sundararajan, Taly and Yan 2017 (arXiv:1703.01365), eq. 1; Shapley 1953, Lundberg and Lee 2017
(arXiv:1705.07874), eq. 8.

Rows of the notes: attribution-taxonomy.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .. import nn
from ..checks import checked, normal
from ..graph import Tensor, tensor
from ..ops.elementwise import exp
from ..ops.indexing import take_along_axis
from ..recording import no_grad
from ..transforms import grad

Score = Callable[[Tensor], Tensor]  # (N, ...) -> (N,), each example's own


def class_score(net: nn.Module, x: Tensor, classes: Tensor) -> Tensor:
    """The logit of one class for each example.  x: (N, ...), classes: (N,).  Returns (N,).

    Logits are explained, not probabilities, which also rise when other classes' logits fall.
    """
    return take_along_axis(net(x), classes.reshape(-1, 1), 1)[:, 0]


def saliency(score: Score, x: Tensor) -> Tensor:
    """d score / d x.  x: (N, ...), and the result; put the network in eval mode before."""
    return grad(lambda x: score(x).sum())(x)


def smooth_gradient(score: Score, x: Tensor, noise: Tensor) -> Tensor:
    """The mean of the gradients at x + noise.  x: (N, ...), noise: (S, N, ...).  Returns (N, ...).

    Smilkov et al. take 50 draws with a deviation of .1 to .2 of the range of x.
    """
    return sum(saliency(score, x + e) for e in noise) / len(noise)


def integrated_gradients(score: Score, x: Tensor, baseline: Tensor, steps: int = 50) -> Tensor:
    """(x - x0) times the mean gradient on the line from x0 to x, at the midpoints of `steps` parts.

    x: (N, ...), baseline: of that shape or broadcast to it.  Returns (N, ...).
    By the midpoint rule the sum is f(x) - f(x0) to O(1 / steps^2), where f has no kinks.
    """
    total = 0.0
    for k in range(steps):
        t = (k + 0.5) / steps
        total = total + saliency(score, baseline + t * (x - baseline))
    return (x - baseline) * total / steps


@no_grad()
def shapley(score: Score, x: Tensor, baseline: Tensor, groups: np.ndarray) -> Tensor:
    """What each group of features adds, in the mean over all orders, exactly: 2^d evaluations.

        phi_i = sum over S without i of |S|! (d - |S| - 1)! / d! (v(S + i) - v(S)),

    where v(S) is the score with the features outside S at the baseline.

    x: one example (...), baseline: of its shape.  groups: of its shape, which of 0 .. d-1 each
    feature belongs to.  Returns (d,).  Raises ValueError for more than 12 groups.
    """
    d = int(groups.max()) + 1
    if d > 12:
        raise ValueError(f"shapley: {d} groups need 2^{d} evaluations; give at most 12")
    coalitions = np.arange(2**d)[:, None] >> np.arange(d) & 1  # (2^d, d)
    inside = tensor(coalitions[:, groups], dtype=x.dtype, device=x.device)
    v = score(baseline + inside * (x - baseline))  # (2^d,)
    phi = []
    for i in range(d):
        without = np.flatnonzero(coalitions[:, i] == 0)
        sizes = coalitions[without].sum(axis=1)
        weight = [math.factorial(s) * math.factorial(d - s - 1) / math.factorial(d) for s in sizes]
        added = v[without + 2**i] - v[without]
        phi.append((tensor(weight, dtype=x.dtype, device=x.device) * added).sum().item())
    return tensor(phi, dtype=x.dtype, device=x.device)


# ------------------------------------------------------------------- for the finite differences


def bumps(x: Tensor) -> Tensor:
    """A score that is no polynomial: sum_d x_d e^(-x_d^2) + x_0 x_1.  x: (N, D)."""
    return (x * exp(-(x**2))).sum(axis=1) + x[:, 0] * x[:, 1]


def _network(rng: np.random.Generator) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4, rng=rng), nn.Tanh(), nn.Linear(4, 3, rng=rng))


checked(class_score, net=_network, x=normal(4, 3), classes=lambda rng: rng.integers(0, 3, 4))
checked(saliency, score=lambda rng: bumps, x=normal(2, 3))
checked(smooth_gradient, score=lambda rng: bumps, x=normal(2, 3), noise=normal(2, 2, 3))
checked(
    integrated_gradients, score=lambda rng: bumps, x=normal(2, 3), baseline=normal(2, 3), steps=3
)
