"""Random changes of images that keep their class: one more picture from each picture.

x: (N, C, H, W), a NumPy array; each of the N images draws its own change from `rng`.  A new array
comes back, `x` is left as it was.
"""

from __future__ import annotations

import numpy as np


def random_flip(x: np.ndarray, rng: np.random.Generator, p: float = 0.5) -> np.ndarray:
    """Each image mirrored left to right with probability p."""
    mirrored = rng.random(len(x)) < p
    return np.where(mirrored[:, None, None, None], x[..., ::-1], x)


def random_shift(x: np.ndarray, pixels: int, rng: np.random.Generator) -> np.ndarray:
    """Each image moved by up to `pixels` along both axes, uniformly; what comes in is 0."""
    n, channels, height, width = x.shape
    border = ((0, 0), (0, 0), (pixels, pixels), (pixels, pixels))
    padded = np.pad(x, border)
    down, right = rng.integers(0, 2 * pixels + 1, (2, n, 1))
    rows = (down + np.arange(height))[:, None, :, None]  # (N, 1, H, 1)
    columns = (right + np.arange(width))[:, None, None, :]  # (N, 1, 1, W)
    image = np.arange(n)[:, None, None, None]
    channel = np.arange(channels)[:, None, None]
    return padded[image, channel, rows, columns]
