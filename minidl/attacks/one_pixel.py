"""One pixel, found by differential evolution: no gradient is asked for, only the answers.

A candidate is a place and a colour.  From three others drawn at random a child is made,

    child = a + F (b - c),    F = 1/2,

and it takes the place of its parent, the candidate with the same number, if it is better: if the
margin is larger, which does not flatten out as probabilities do.

Storn and Price 1997 (doi:10.1023/A:1008202821328); Su, Vargas and Sakurai 2019 (arXiv:1710.08864),
section III.D: 400 candidates, 100 generations, no crossover.  The notes call it self-explanatory.

Rows of the notes: one-pixel.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backend
from .access import Access, Array, Model, Result, conclude, numpy, prepared
from .objectives import Goal, margin
from .threat import Threat


def one_pixel(
    model: Model, x: Any, goal: Goal, population: int = 400, generations: int = 100,
    bounds: tuple[float, float] = (0.0, 1.0), rng: Any = None, F: float = 0.5,
) -> Result:  # fmt: skip
    """Change one pixel of each image, all of its channels, to reach the goal.

    x: (N, C, H, W).  population: candidates for each image.  generations: how often each has a
    child a + F (b - c), at most: the image is asked about population * (generations + 1) times.
    An image that has reached its goal is left alone after that generation.
    """
    return _search(model, x, goal, population, generations, bounds, rng, F)


def random_pixel(
    model: Model, x: Any, goal: Goal, tries: int, bounds: tuple[float, float] = (0.0, 1.0),
    rng: Any = None,
) -> Result:  # fmt: skip
    """The best of `tries` pixels drawn at random: what `one_pixel` is to be measured against."""
    return _search(model, x, goal, tries, 0, bounds, rng, 0.0)


def _search(
    model: Model, x: Any, goal: Goal, population: int, generations: int,
    bounds: tuple[float, float], rng: Any, F: float,
) -> Result:  # fmt: skip
    threat = Threat(0, x.shape[1], bounds)  # one pixel is C numbers
    x, goal = prepared(x, goal, threat)
    rng, n = np.random.default_rng(rng), len(x)
    with Access(model, n) as access:

        def judge(rows: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            """Values, and whether the goal is reached: (M, P), (M, P)."""
            copies = np.repeat(rows, candidates.shape[1])
            shown = with_pixel(x[copies], candidates.reshape(len(copies), -1), bounds)
            value, reached = access.judge(shown, goal.of(copies), margin, copies)
            return tuple(numpy(a).reshape(len(rows), -1) for a in (value, reached))

        found = rng.uniform(size=(n, population, 2 + x.shape[1]))  # row, column, colour, in [0, 1]
        value, reached = judge(np.arange(n), found)
        for _ in range(generations):
            rows = np.flatnonzero(~reached.any(axis=1))
            if not len(rows):
                break
            child = offspring(found[rows], F, rng)
            new_value, new_reached = judge(rows, child)
            better = new_value > value[rows]
            found[rows] = np.where(better[:, :, None], child, found[rows])
            value[rows] = np.where(better, new_value, value[rows])
            reached[rows] = np.where(better, new_reached, reached[rows])
        first = np.where(reached, value + 1e9, value).argmax(axis=1)
        best = with_pixel(x, found[np.arange(n), first], bounds)
        return conclude(access, x, best, goal, threat)


def offspring(parents: np.ndarray, F: float, rng: np.random.Generator) -> np.ndarray:
    """a + F (b - c), with a, b and c three different candidates of the same image.

    parents: (N, P, D) in [0, 1].  Returns (N, P, D): what leaves [0, 1] comes back on the rim.
    """
    n, p, _ = parents.shape
    if p < 3:
        raise ValueError(f"one_pixel: a child has three parents, a population of {p} is too small")
    # three different numbers below p: each draw steps over those before it
    draws = [rng.integers(0, p - k, size=(n, p)) for k in range(3)]
    others = [draws[0]]
    for draw in draws[1:]:
        for earlier in np.sort(others, axis=0):
            draw += draw >= earlier
        others.append(draw)
    a, b, c = (np.take_along_axis(parents, k[:, :, None], axis=1) for k in others)
    return np.clip(a + F * (b - c), 0, 1)


def with_pixel(x: Array, candidate: np.ndarray, bounds: tuple[float, float]) -> Array:
    """Each image with its one pixel changed.  x: (M, C, H, W), candidate: (M, 2 + C) in [0, 1]."""
    m, _, height, width = x.shape
    row, column = (
        np.minimum((candidate[:, k] * size).astype(int), size - 1)
        for k, size in ((0, height), (1, width))
    )
    colour = bounds[0] + (bounds[1] - bounds[0]) * candidate[:, 2:]
    xp = backend.xp(x)
    changed = x.copy()
    changed[xp.arange(m), :, xp.asarray(row), xp.asarray(column)] = xp.asarray(
        colour.astype(x.dtype)
    )
    return changed
