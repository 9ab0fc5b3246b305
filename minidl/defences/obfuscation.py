"""Obfuscated gradients: defences that hide the slope, not the weakness, and how they are broken.

A network that is attacked in vain may be robust, or its gradient may lead nowhere.  Three ways to
hide it, all broken in Athalye, Carlini and Wagner 2018 (arXiv:1802.00420):

    shattered     a step that is not differentiable, such as rounding the input:    `Quantised`
    stochastic    randomness, so that each gradient is one of another network:      `Rippled`
    vanishing     very deep or very steep networks, whose gradient is 0 or huge:    `Steep`

and the ways through:

    BPDA          in the backward pass take the step for the identity, which it is nearly
    EOT           climb the mean over the randomness, of as many draws as are needed
    margins       climb an objective that does not saturate: a difference of logits

The attacker attacks a model of its own, built from the same parts and weights (`seen_through`), and
what it finds is judged on the defended one.  What gives such a defence away: an attack of one step
beats one of many; attacks from another network beat those with the true gradient; a ball as large
as all images still leaves some unharmed; sampling finds what gradients do not.

Rows of the notes: obfuscated-gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .. import backend, nn
from ..checks import checked, normal
from ..graph import Tensor
from ..nn import functional as F
from ..ops.choices import round as nearest
from ..ops.reduce import logsumexp
from ..ops.shape import concatenate
from ..ops.trigonometry import sin

# ---------------------------------------------------------------------------------- three defences


class Quantised(nn.Module):
    """The model on inputs in [0, 1] that are rounded to so many levels: of slope 0 everywhere."""

    def __init__(self, model: nn.Module, levels: int) -> None:
        self.model, self.levels = model, levels

    def rounded(self, x: Tensor) -> Tensor:
        """x at the nearest of 0, 1 / (levels - 1), ..., 1."""
        return nearest(x * (self.levels - 1)) / (self.levels - 1)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, ...).  Returns logits (N, K)."""
        return self.model(self.rounded(x))

    def seen_through(self) -> Callable[[Tensor], Tensor]:
        """The same outputs, with a gradient: BPDA."""
        return lambda x: self.model(straight_through(self.rounded, x))


class Rippled(nn.Module):
    """The model on x + a sin(omega x + phase), with a fresh random phase of each pixel, each time.

    A ripple of height a hardly changes the output, but its slope, 1 + a omega cos, is of random
    sign if a omega > 1, and so is every entry of the gradient.  Its mean is that of no ripple.
    """

    def __init__(
        self, model: nn.Module, height: float, frequency: float, rng: np.random.Generator
    ) -> None:
        self.model, self.height, self.frequency, self.rng = model, height, frequency, rng

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, ...).  Returns logits (N, K), others each time."""
        phase = self.rng.uniform(0, 2 * math.pi, x.shape).astype(x.dtype)
        wave = sin(self.frequency * x + Tensor(backend.xp(x.data).asarray(phase)))
        return self.model(x + self.height * wave)

    def seen_through(self, draws: int) -> Callable[[Tensor], Tensor]:
        """The mean over so many draws: EOT."""
        return lambda x: log_mean_softmax(self(repeated(x, draws)).reshape(draws, len(x), -1))


class Steep(nn.Module):
    """The model with its logits times `scale`: the same answers, and a loss without a slope.

    Where the largest logit leads by more than 100 / scale or so, softmax gives exactly 1 in
    float32, and the cross-entropy is flat, whatever the depth or the width that makes it so.
    """

    def __init__(self, model: nn.Module, scale: float) -> None:
        self.model, self.scale = model, scale

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, ...).  Returns logits (N, K)."""
        return self.scale * self.model(x)


# ------------------------------------------------------------------------------- the ways through


def straight_through(step: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """step(x), with the gradient of x: the backward pass differentiable approximation (BPDA).

    step: keeps the shape of x and changes its numbers little.
    """
    return x + (step(x) - x).detach()


def repeated(x: Tensor, draws: int) -> Tensor:
    """x under itself, `draws` times: (draws N, ...)."""
    return concatenate([x] * draws)


def log_mean_softmax(logits: Tensor) -> Tensor:
    """log of the mean over the draws of softmax(logits): (M, N, K) to (N, K).

    Its cross-entropy is -log E[p_y], what expectation over transformation (EOT) climbs; the
    gradient is that of the mean, whose error falls with 1 / sqrt(M).
    Athalye, Engstrom, Ilyas and Kwok 2018 (arXiv:1707.07397).
    """
    return logsumexp(F.log_softmax(logits, dim=2), axis=0) - math.log(len(logits))


checked(log_mean_softmax, logits=normal(3, 4, 5))
