"""Invented alphabets: characters made of a few strokes, and how different hands draw them.

For learning to learn from few examples one needs many classes with few examples each, as Omniglot
has them (Lake, Salakhutdinov and Tenenbaum 2015, doi:10.1126/science.aab3050).  Where that is not
at hand, these will do.  A character is two to four strokes, each a Bezier curve, often begun where
the last one ended or on the way of it; a drawing moves the control points a little, and turns,
stretches and shifts the whole.
"""

from __future__ import annotations

import numpy as np

POINTS = 48  # at which a stroke is inked
WIDTH = 0.026  # of the pen, as a share of the page


def characters(count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """`count` characters.  Each is an array (strokes, 4, 2): control points (x, y);
    the page is [0, 1]^2."""
    return [_character(rng) for _ in range(count)]


def _character(rng: np.random.Generator) -> np.ndarray:
    strokes: list[np.ndarray] = []
    for _ in range(rng.choice([2, 3, 4], p=[0.4, 0.4, 0.2])):
        start = rng.uniform(0, 1, 2)
        if strokes and rng.random() < 0.5:
            start = _curve(strokes[-1][None], np.array([rng.choice([0.0, 0.5, 1.0])]))[0, 0]
        angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 1.0)
        end = start + length * np.array([np.cos(angle), np.sin(angle)])
        middle = start + np.array([[1 / 3], [2 / 3]]) * (end - start)
        bend = length * rng.choice([0.03, 0.5])  # a straight stroke, or a curved one
        strokes.append(np.stack([start, *(middle + rng.normal(0, bend, (2, 2))), end]))
    character = np.stack(strokes)
    inked = _curve(character, np.linspace(0, 1, POINTS))  # fill three quarters of the page
    low, high = inked.min(axis=(0, 1)), inked.max(axis=(0, 1))
    return 0.5 + 0.74 * (character - (low + high) / 2) / (high - low).max()


def drawings(
    character: np.ndarray, count: int, rng: np.random.Generator, side: int = 28
) -> np.ndarray:
    """`count` drawings of a character by different hands: (count, side, side) float32 in [0, 1]."""
    jittered = character + rng.normal(0, 0.04, (count, *character.shape))
    # turn by up to 12 degrees or so, stretch by a tenth, shift by a few per cent
    angle, (sx, sy) = rng.normal(0, 0.2, count), rng.normal(1, 0.15, (2, count))
    turn = np.array(
        [[sx * np.cos(angle), -sy * np.sin(angle)], [sx * np.sin(angle), sy * np.cos(angle)]]
    )  # fmt: skip  (2, 2, count)
    moved = np.einsum("ijn,nskj->nski", turn, jittered - 0.5) + 0.5
    moved += rng.normal(0, 0.04, (count, 1, 1, 2))
    track = _curve(moved.reshape(-1, 4, 2), np.linspace(0, 1, POINTS))
    return _inked(track.reshape(count, -1, 2), side)


def _curve(control: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Points on Bezier curves.  control: (N, 4, 2), t: (P,).  Returns (N, P, 2)."""
    # (1-t)^3 c0 + 3 t (1-t)^2 c1 + 3 t^2 (1-t) c2 + t^3 c3
    basis = np.stack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=1)
    return np.einsum("pk,nkd->npd", basis, control)


def _inked(track: np.ndarray, side: int) -> np.ndarray:
    """Pages on which a pen has passed the points `track`: (N, P, 2) -> (N, side, side)."""
    centres = (np.arange(side) + 0.5) / side
    # a round drop exp(-(dx^2 + dy^2) / 2 w^2) is a product over the two axes, their sum a matmul
    across, down = (np.exp(-0.5 * ((track[..., i, None] - centres) / WIDTH) ** 2) for i in (0, 1))
    return (1 - np.exp(-3 * down.swapaxes(1, 2) @ across)).astype(np.float32)
