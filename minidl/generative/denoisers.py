"""Networks that look at a noisy example and at the step, and guess what is behind the noise.

Each takes x_t: (N, ...) and t: (N,), int64, and returns a tensor shaped like x_t.

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

    Each block is  h + W2 silu(W1 norm(h) + V features(t)).  x: (N, ...) with D numbers an example.
    """

    def __init__(self, d: int, hidden: int = 128, blocks: int = 3, rng: Any = None) -> None:
        self.hidden = hidden
        self.first = nn.Linear(d, hidden, rng=rng)
        self.step = nn.Sequential(nn.Linear(hidden, hidden, rng=rng), nn.SiLU())
        self.blocks = nn.ModuleList([_Block(hidden, rng) for _ in range(blocks)])
        self.last = zeroed(nn.Linear(hidden, d, rng=rng))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """x: (N, ...), t: (N,).  Returns the like of x."""
        step = self.step(step_features(t, self.hidden, x))
        h = self.first(x.reshape(len(x), -1))
        for block in self.blocks:
            h = h + block(h, step)
        return self.last(F.silu(h)).reshape(x.shape)


class _Block(nn.Module):
    def __init__(self, hidden: int, rng: Any) -> None:
        self.norm = nn.LayerNorm(hidden)
        self.inner = nn.Linear(hidden, hidden, rng=rng)
        self.step = nn.Linear(hidden, hidden, bias=False, rng=rng)
        self.outer = nn.Linear(hidden, hidden, rng=rng)

    def forward(self, h: Tensor, step: Tensor) -> Tensor:
        return self.outer(F.silu(self.inner(self.norm(h)) + self.step(step)))


def zeroed(layer: nn.Module) -> nn.Module:
    """The layer with weight and bias 0."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
