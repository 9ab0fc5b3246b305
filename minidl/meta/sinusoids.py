"""Sinusoids: the smallest family of tasks on which learning to learn shows.

A task is a wave a sin(x - p) with its own amplitude and phase; a few points of it are the support,
and the rest of the wave is to be found.  Averaged over phases the waves cancel, so that a network
trained on all tasks together learns little, while a network that knows what the tasks share needs
but a few points.  Finn, Abbeel and Levine 2017 (arXiv:1703.03400), section 5.1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import nn
from ..graph import tensor
from .adaptation import Examples, Tasks

AMPLITUDES, PHASES, INPUTS = (0.1, 5.0), (0.0, np.pi), (-5.0, 5.0)


class Sinusoids(NamedTuple):
    """T waves y = amplitude sin(x - phase).  amplitude, phase: (T,)."""

    amplitude: np.ndarray
    phase: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """x: (T, N, 1).  Returns (T, N, 1)."""
        return self.amplitude[:, None, None] * np.sin(x - self.phase[:, None, None])

    def tasks(
        self, shots: int, queries: int, rng: np.random.Generator, device: str | None = None
    ) -> Tasks:
        """`shots` points of each wave as its support, and `queries` others of it as its query."""

        def points(n: int) -> Examples:
            x = rng.uniform(*INPUTS, (len(self.phase), n, 1))
            x, y = x.astype(np.float32), self(x).astype(np.float32)
            return tensor(x, device=device), tensor(y, device=device)

        return Tasks(support=points(shots), query=points(queries))


def sample(count: int, rng: np.random.Generator) -> Sinusoids:
    """`count` waves of amplitude .1 to 5 and phase 0 to pi."""
    return Sinusoids(rng.uniform(*AMPLITUDES, count), rng.uniform(*PHASES, count))


def joint_error() -> float:
    """The least squared error of one answer for all waves: what joint training can reach, 3.006.

    With phases over half a turn, E sin(x - p) = -(2/pi) cos x and E sin^2 = 1/2, so the variance
    at x is E[a^2]/2 - (2 E[a] / pi)^2 cos^2 x, and cos^2 averages 1/2 + sin(2h) / 4h over [-h, h].
    """
    (low, high), h = AMPLITUDES, INPUTS[1]
    mean, square = (low + high) / 2, (low**2 + low * high + high**2) / 3
    return square / 2 - (2 * mean / np.pi) ** 2 * (1 / 2 + np.sin(2 * h) / (4 * h))


def network(width: int = 40) -> nn.Sequential:
    """The network of the paper: two hidden layers of 40 ReLUs."""
    return nn.Sequential(
        nn.Linear(1, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1)
    )
