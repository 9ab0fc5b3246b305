"""Few-shot classification of characters: name a drawing after one look at each of five characters.

A task is `ways` characters that were drawn by lot, `shots` drawings of each as the support, and
other drawings of the same characters as the query; the characters are numbered anew in every task.
Of a character none of whose drawings was ever in training a network must learn from the support
what it looks like.  Vinyals et al. 2016 (arXiv:1606.04080), section 4.

Characters are arrays (C, M, H, W) float32, M drawings of each of C characters, ink 1 on paper 0.

Rows of the notes: meta-objective.
"""

from __future__ import annotations

import os

import numpy as np

from .. import data
from ..graph import tensor
from . import strokes
from .adaptation import Examples, Tasks


def episodes(
    characters: np.ndarray, count: int, ways: int, shots: int, queries: int,
    rng: np.random.Generator, device: str | None = None,
) -> Tasks:  # fmt: skip
    """`count` tasks of `ways` characters: `shots` drawings of each to learn from, `queries` others.

    x: (T, ways shots, H W) and (T, ways queries, H W), y: the characters' numbers in the task.
    Raises ValueError if there are too few characters, or too few drawings of each.
    """
    total, drawn = characters.shape[:2]
    if ways > total or shots + queries > drawn:
        raise ValueError(
            f"episodes: {ways} ways with {shots} + {queries} drawings of each, but there are "
            f"{total} characters with {drawn} drawings"
        )
    # without replacement: a task has no character twice, and no drawing in support and query
    which = rng.random((count, total)).argsort(axis=1)[:, :ways]
    drawing = rng.random((count, ways, drawn)).argsort(axis=2)
    images = characters.reshape(total, drawn, -1)

    def examples(chosen: np.ndarray) -> Examples:
        x = images[which[:, :, None], chosen]  # (T, ways, n, H W)
        y = np.broadcast_to(np.arange(ways)[:, None], chosen.shape)
        x, y = x.reshape(count, -1, x.shape[-1]), y.reshape(count, -1)
        return tensor(x, device=device), tensor(y, device=device)

    return Tasks(examples(drawing[..., :shots]), examples(drawing[..., shots : shots + queries]))


def turned(characters: np.ndarray) -> np.ndarray:
    """Each character, and as three more characters the same turned by 90, 180, 270 degrees.

    Santoro et al. 2016 (arXiv:1605.06065), section 4.1.
    """
    return np.concatenate([np.rot90(characters, k, axes=(2, 3)) for k in range(4)])


def halved(characters: np.ndarray) -> np.ndarray:
    """The same on pages of half the side: each pixel is the mean of four."""
    C, M, H, W = characters.shape
    return characters.reshape(C, M, H // 2, 2, W // 2, 2).mean(axis=(3, 5))


# -------------------------------------------------------------------------- where they are from


def invented(count: int, drawings: int, rng: np.random.Generator) -> np.ndarray:
    """`count` characters of strokes, on pages of 28 x 28."""
    return np.stack([strokes.drawings(c, drawings, rng) for c in strokes.characters(count, rng)])


def omniglot(split: str) -> np.ndarray:
    """Omniglot's characters: 964 to train on or 659 to test on, of other alphabets, by 20 people.

    Raises DataNotFoundError where `minidl.data` finds no Omniglot; it says how to get it.
    """
    x, _ = data.omniglot(split)
    return x.reshape(-1, 20, 28, 28)


def packed(path: str | os.PathLike[str]) -> np.ndarray:
    """Characters from an .npz file with x: (N, 98) uint8, 28 x 28 bits row by row, and y: (N,).

    y says of which character a drawing is.  Of each as many drawings are kept as all have.
    """
    with np.load(path, allow_pickle=False) as file:
        images, y = np.unpackbits(file["x"], axis=1).reshape(-1, 28, 28), file["y"]
    fewest = np.unique(y, return_counts=True)[1].min()
    return np.stack([images[y == c][:fewest] for c in np.unique(y)]).astype(np.float32)
