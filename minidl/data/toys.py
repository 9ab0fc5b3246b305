"""Data made on the spot: small sets whose truth is known, for seeing what an algorithm does.

Each function takes a NumPy generator `rng` (or a seed) and returns arrays: points float32, labels
int64.  Points in the plane are (N, 2) and lie within about [-2, 2].
"""

from __future__ import annotations

import itertools

import numpy as np

Rng = np.random.Generator | int
Arrays = tuple[np.ndarray, np.ndarray]

# ------------------------------------------------------------------------ points in the plane


def moons(n: int, noise: float = 0.1, rng: Rng = 0) -> Arrays:
    """Two half circles that reach into each other; `noise` is the standard deviation about them.

    Returns x: (n, 2), y: (n,) in {0, 1}, as many of each as n allows, shuffled.
    """
    rng = np.random.default_rng(rng)
    y = _even_labels(n, 2, rng)
    angle = rng.uniform(0, np.pi, n)
    upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], 1)
    return _noisy(np.where(y[:, None] == 0, upper, -upper), noise, rng), y


def circles(n: int, noise: float = 0.05, inner: float = 0.5, rng: Rng = 0) -> Arrays:
    """A circle of radius 1 (label 0) around one of radius `inner` (label 1)."""
    rng = np.random.default_rng(rng)
    y = _even_labels(n, 2, rng)
    radius = np.where(y == 0, 1.0, inner)
    return _noisy(_polar(radius, rng.uniform(0, 2 * np.pi, n)), noise, rng), y


def spirals(n: int, arms: int = 2, turns: float = 1.5, noise: float = 0.02, rng: Rng = 0) -> Arrays:
    """`arms` spirals around one another, one a class; they wind `turns` times about the centre."""
    rng = np.random.default_rng(rng)
    y = _even_labels(n, arms, rng)
    t = np.sqrt(rng.uniform(0, 1, n))  # along the arm: points lie evenly on its length
    return _noisy(_polar(t, 2 * np.pi * (turns * t + y / arms)), noise, rng), y


def gaussian_ring(
    n: int, modes: int = 8, std: float = 0.02, radius: float = 2.0, rng: Rng = 0
) -> Arrays:
    """Narrow Gaussians at equal distances on a circle: a generator that forgets one shows it.

    The eight Gaussians of the GAN literature (Metz et al. 2017, arXiv:1611.02163).
    Returns x: (n, 2), y: (n,) which of the `modes` each point comes from.
    """
    rng = np.random.default_rng(rng)
    y = rng.integers(0, modes, n)
    return _noisy(_polar(np.full(n, radius), 2 * np.pi * y / modes), std, rng), y


def _even_labels(n: int, classes: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(np.arange(n) % classes)


def _polar(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)


def _noisy(x: np.ndarray, std: float, rng: np.random.Generator) -> np.ndarray:
    return (x + std * rng.standard_normal(x.shape)).astype(np.float32)


# ---------------------------------------------------------------------------------- patterns


def bars_and_stripes(side: int = 4) -> np.ndarray:
    """All binary images of full columns or of full rows: 2^(side+1) - 2 of them, each once.

    The whole law of these data is known, so that a likelihood can be checked by enumeration.
    MacKay 2003, "Information Theory, Inference, and Learning Algorithms", section 43.
    Returns (2^(side+1) - 2, side, side) float32 in {0, 1}.
    """
    lines = np.array([*itertools.product([0, 1], repeat=side)], np.float32)
    columns = np.repeat(lines[:, None, :], side, axis=1)
    rows = np.repeat(lines[1:-1, :, None], side, axis=2)  # all 0 and all 1 are there already
    return np.concatenate([columns, rows])


# The height of the pen while it draws a digit, at equal times.
_STROKES = np.array(
    [
        [0, 4, 7, 8, 7, 4, 0, -4, -7, -8, -6, -2],  # 0
        [0, 3, 6, 8, 5, 2, -1, -4, -8, -8, -8, -8],  # 1
        [3, 7, 8, 6, 2, -2, -6, -8, -8, -7, -8, -8],  # 2
        [6, 8, 6, 2, 0, 1, -1, -4, -7, -8, -7, -5],  # 3
        [8, 5, 2, -1, -2, -2, -2, 3, 7, 1, -4, -8],  # 4
        [8, 8, 8, 4, 1, 2, 1, -3, -6, -8, -7, -5],  # 5
        [8, 6, 2, -2, -6, -8, -6, -3, 0, 0, -2, -5],  # 6
        [8, 8, 8, 8, 7, 4, 1, -2, -4, -6, -7, -8],  # 7
        [2, 6, 8, 6, 2, -2, -6, -8, -6, -2, 1, 3],  # 8
        [2, 5, 8, 6, 2, 1, 3, 5, 1, -3, -6, -8],  # 9
    ],
    float,
)


def digits_1d(n: int, rng: Rng = 0) -> Arrays:
    """Digits as signals of 40 numbers: ten templates moved, scaled, sheared and buried in noise.

    Made in the way of MNIST-1D (Greydanus 2020, arXiv:2011.14439), with templates of our own: where
    the signal lies differs, so that a convolution has something to find that a linear map has not.
    Returns x: (n, 40), y: (n,) in 0..9.
    """
    rng = np.random.default_rng(rng)
    length, y = 40, _even_labels(n, 10, rng)
    x = 0.25 * _smooth(rng.standard_normal((n, length)))  # correlated noise between the signals
    time = np.linspace(0, 1, _STROKES.shape[1])
    for i, digit in enumerate(y):
        width = rng.integers(14, 23)
        start = rng.integers(0, length - width + 1)
        stroke = np.interp(np.linspace(0, 1, width), time, _STROKES[digit]) / 6
        slope = np.linspace(-0.4, 0.4, width) * rng.uniform(-1, 1)
        x[i, start : start + width] = rng.uniform(0.8, 1.2) * stroke + slope
    return _noisy(x, 0.02, rng), y


def _smooth(x: np.ndarray) -> np.ndarray:
    """A running mean over 5 along the last axis, its variance restored."""
    padded = np.pad(x, ((0, 0), (2, 2)), mode="wrap")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 5, axis=1)
    return windows.mean(axis=-1) * np.sqrt(5)


# --------------------------------------------------------------- many tasks out of one data set


def permuted_tasks(x: np.ndarray, tasks: int, rng: Rng = 0) -> list[np.ndarray]:
    """The data set anew for each task, with its inputs in another order; the first keeps theirs.

    Kirkpatrick et al. 2017 (arXiv:1612.00796).  x: (N, ...).  Returns `tasks` arrays like x.
    """
    rng = np.random.default_rng(rng)
    flat = x.reshape(len(x), -1)
    orders = [np.arange(flat.shape[1]), *(rng.permutation(flat.shape[1]) for _ in range(tasks - 1))]
    return [flat[:, order].reshape(x.shape) for order in orders]


def split_tasks(x: np.ndarray, y: np.ndarray, tasks: int) -> list[Arrays]:
    """The classes dealt out to tasks in their order: 10 classes and 5 tasks give 0-1, 2-3, ...

    Labels are counted from 0 within a task.  Zenke, Poole & Ganguli 2017 (arXiv:1703.04200).
    Raises ValueError if the classes cannot be dealt out evenly.
    """
    classes = np.unique(y)
    if len(classes) % tasks:
        raise ValueError(f"{len(classes)} classes cannot be dealt out evenly to {tasks} tasks")
    parts = []
    for own in np.split(classes, tasks):
        mine = np.isin(y, own)
        parts.append((x[mine], np.searchsorted(own, y[mine])))
    return parts
