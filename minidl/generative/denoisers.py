"""A network that looks at a noisy example and at the step, and guesses what is behind the noise.

It takes x_t: (N, ...) and t: (N,), int64, and returns a tensor shaped like x_t.

The step comes in as sines and cosines of many frequencies, so that near steps look alike and far
ones do not (Vaswani et al. 2017, arXiv:1706.03762, section 3.5, for positions; Ho et al. 2020,
arXiv:2006.11239, appendix B, for steps).  The last layer begins at 0: at first the guess is 0 at
every step, the mean of the target.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import nn
from ..graph import Tensor, tensor
from ..nn import functional as F
from ..ops.shape import concatenate
from ..ops.trigonometry import cos, sin


def step_features(t: Tensor, width: int, like: Tensor) -> Tensor:
    """sin(w t) and cos(w t) for width / 2 frequencies w from 1 down to 1e-4.

    t: (N,).  Returns (N, width), in the dtype of `like`.
    """
    w = np.exp(-math.log(1e4) * np.arange(width // 2) / (width // 2))
    angle = t.astype(like.dtype)[:, None] * tensor(w, dtype=like.dtype, device=like.device)
    return concatenate([sin(angle), cos(angle)], axis=1)


class StepMLP(nn.Module):
    """For points and small pictures: a residual network of fully connected layers.

    Each block is  h + W2 silu(W1 norm(h) + V c),  where c is made of the step, and of the class if
    there are any.  x: (N, ...) with D numbers an example.
    waves: how many sines and cosines of each coordinate go in beside it, of wave lengths 4, 2, 1,
        ..., without which a network is slow to learn fine shapes in few dimensions (Tancik et al.
        2020, arXiv:2006.10739).
    """

    def __init__(
        self, d: int, hidden: int = 128, blocks: int = 3, classes: int = 0, waves: int = 0,
        rng: Any = None,
    ) -> None:  # fmt: skip
        self.hidden, self.waves = hidden, waves
        self.first = nn.Linear(d * (1 + 2 * waves), hidden, rng=rng)
        self.step = nn.Linear(hidden, hidden, rng=rng)
        self.kind = nn.Embedding(classes, hidden, rng=rng) if classes else None
        self.blocks = nn.ModuleList([_Block(hidden, rng) for _ in range(blocks)])
        self.last = zeroed(nn.Linear(hidden, d, rng=rng))

    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """x: (N, ...), t: (N,), y: (N,), the classes, if there are any.  Returns the like of x."""
        c = self.step(step_features(t, self.hidden, x))
        if self.kind is not None:
            c = c + self.kind(y)
        c = F.silu(c)
        flat = x.reshape(len(x), -1)
        angles = [math.pi / 2 * 2**k * flat for k in range(self.waves)]
        h = self.first(concatenate([flat, *map(sin, angles), *map(cos, angles)], axis=1))
        for block in self.blocks:
            h = h + block(h, c)
        return self.last(F.silu(h)).reshape(x.shape)


class _Block(nn.Module):
    def __init__(self, hidden: int, rng: Any) -> None:
        self.norm = nn.LayerNorm(hidden)
        self.inner = nn.Linear(hidden, hidden, rng=rng)
        self.given = nn.Linear(hidden, hidden, bias=False, rng=rng)
        self.outer = nn.Linear(hidden, hidden, rng=rng)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        return self.outer(F.silu(self.inner(self.norm(h)) + self.given(c)))


def zeroed(layer: nn.Module) -> nn.Module:
    """The layer with weight and bias 0."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
