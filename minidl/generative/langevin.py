"""Langevin dynamics: sample from a law of which only the score is known.

    x <- x + eps grad log p(x) + sqrt(2 eps) z,    z ~ N(0, I)

It is Euler's method for dx = grad log p dt + sqrt 2 dW, which leaves p as it is (Roberts and
Tweedie 1996, Bernoulli 2(4)).  The notes say that it will "eventually converge at a sample from
p(x)".  It does not quite: for every eps > 0 it ends in another law, for N(0, 1) in one of variance
1 / (1 - eps/2).  A Metropolis step mends that (`mala_step`).  Between two modes it takes a time
that grows exponentially in the height of what lies between; noise that shrinks from large to small
(`annealed_langevin`) or a ladder of temperatures (`tempering`) are the two ways out.

With the step alpha of Song and Ermon 2019 (arXiv:1907.05600), x + alpha/2 s(x) + sqrt(alpha) z,
eps is alpha / 2.

All functions take arrays or Tensors: `score` and `draw` decide.

Rows of the notes: langevin, langevin-multimodal, denoising-sm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..checks import checked, normal
from ..ops.choices import where
from ..ops.elementwise import log

Array = Any  # (N, D), of NumPy or CuPy, or a Tensor
Score = Callable[[Array], Array]
Draw = Callable[[tuple[int, ...]], Array]  # standard normal numbers of a shape


def langevin_step(x: Array, score: Score, step: float, z: Array) -> Array:
    """One step.  x, z: (N, D).  Returns (N, D)."""
    # x + eps grad log p(x) + sqrt(2 eps) z
    return x + step * score(x) + math.sqrt(2 * step) * z


def langevin(x: Array, score: Score, step: float, steps: int, draw: Draw) -> Iterator[Array]:
    """The N chains that begin at x: (N, D), after 1, 2, ... steps."""
    for _ in range(steps):
        x = langevin_step(x, score, step, draw(x.shape))
        yield x


def mala_step(
    x: Array, log_density: Callable[[Array], Array], score: Score, step: float, z: Array, u: Array
) -> tuple[Array, Array]:
    """A Langevin step that is taken back with just the probability that makes p stay as it is.

    From x it proposes y ~ q(y|x) = N(x + eps s(x), 2 eps I), and goes there if
        u < p(y) q(x|y) / (p(x) q(y|x)),    u uniform in [0, 1].
    log_density: (N, D) -> (N,), up to a constant.  x, z: (N, D), u: (N,).
    Returns where the chains are, and which of them went, (N,).
    Roberts and Tweedie 1996; Besag 1994.
    """
    y = langevin_step(x, score, step, z)
    # log q(b|a) = -|b - a - eps s(a)|^2 / (4 eps), up to a constant
    log_q = lambda b, a: -((b - a - step * score(a)) ** 2).sum(axis=1) / (4 * step)
    log_ratio = log_density(y) - log_density(x) + log_q(x, y) - log_q(y, x)
    went = log(u) < log_ratio
    return where(went[:, None], y, x), went


def annealed_langevin(
    x: Array, score: Callable[[Array, float], Array], sigmas: Sequence[float], step: float,
    steps: int, draw: Draw,
) -> Iterator[Array]:  # fmt: skip
    """Langevin dynamics for one noise level after the other; the state at the end of each level.

    x: (N, D), from anywhere.  score: of x and sigma, that of the data with noise N(0, sigma^2 I).
    sigmas: from the largest to the smallest.  steps: a level.  step: at the last level; before it
    step (sigma / sigma_L)^2, so that signal and noise of a step keep their ratio at every level.
    Song and Ermon 2019, algorithm 1, with eps = alpha / 2.
    """
    for sigma in map(float, sigmas):
        size = step * (sigma / float(sigmas[-1])) ** 2
        at_level = lambda x, sigma=sigma: score(x, sigma)
        for _ in range(steps):
            x = langevin_step(x, at_level, size, draw(x.shape))
        yield x


checked(langevin_step, x=normal(4, 2), score=lambda rng: (lambda x: -(x**3)), step=0.1,
        z=normal(4, 2))  # fmt: skip
