"""Few-shot classification of characters: name a drawing after one look at each of five characters.

A task is `ways` characters that were drawn by lot, `shots` drawings of each as the support, and
other drawings of the same characters as the query; the characters are numbered anew in every task.
Of a class none of whose drawings was ever in training the network must learn what it is from the
support.  Vinyals et al. 2016 (arXiv:1606.04080), section 4.

The characters are those of `omniglot` where that is found, or invented ones (`strokes`).

Rows of the notes: meta-objective.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..graph import tensor
from . import strokes
from .adaptation import Examples, Tasks


class Characters(NamedTuple):
    """images: (C, M, 28, 28) float32, ink 1 on paper 0: M drawings of each of C characters.

    alphabet: (C,), the name of the alphabet that each character belongs to.
    """

    images: np.ndarray
    alphabet: np.ndarray

    def only(self, kept: np.ndarray) -> Characters:
        """The characters where `kept` (C,) is true."""
        return Characters(self.images[kept], self.alphabet[kept])

    def turned(self) -> Characters:
        """Each character, and as three more characters the same turned by 90, 180, 270 degrees.

        Santoro et al. 2016 (arXiv:1605.06065), section 4.1.
        """
        turns = [np.rot90(self.images, k, axes=(2, 3)) for k in range(4)]
        return Characters(np.concatenate(turns), np.tile(self.alphabet, 4))

    def halved(self) -> Characters:
        """The same in pages of half the side: each pixel is the mean of four."""
        C, M, H, W = self.images.shape
        blocks = self.images.reshape(C, M, H // 2, 2, W // 2, 2)
        return Characters(blocks.mean(axis=(3, 5)), self.alphabet)


def invented(count: int, drawings: int, rng: np.random.Generator) -> Characters:
    """`count` characters of strokes, in alphabets of 25."""
    images = [strokes.drawings(c, drawings, rng) for c in strokes.characters(count, rng)]
    alphabets = [f"invented {i // 25 + 1}" for i in range(count)]
    return Characters(np.stack(images), np.array(alphabets))


def episodes(
    characters: Characters, count: int, ways: int, shots: int, queries: int,
    rng: np.random.Generator, device: str | None = None,
) -> Tasks:  # fmt: skip
    """`count` tasks of `ways` characters: `shots` drawings of each to learn from, `queries` others.

    x: (T, ways shots, 784) and (T, ways queries, 784), y: the characters' numbers in the task.
    Raises ValueError if there are too few characters, or too few drawings of each.
    """
    total, drawn = characters.images.shape[:2]
    if ways > total or shots + queries > drawn:
        raise ValueError(
            f"episodes: {ways} ways with {shots} + {queries} drawings of each, but there are "
            f"{total} characters with {drawn} drawings"
        )
    # without replacement: a task has no character twice, and no drawing in support and query
    which = rng.random((count, total)).argsort(axis=1)[:, :ways]
    drawing = rng.random((count, ways, drawn)).argsort(axis=2)
    images = characters.images.reshape(total, drawn, -1)

    def examples(chosen: np.ndarray) -> Examples:
        x = images[which[:, :, None], chosen]  # (T, ways, n, 784)
        y = np.broadcast_to(np.arange(ways)[:, None], chosen.shape)
        x, y = x.reshape(count, -1, x.shape[-1]), y.reshape(count, -1)
        return tensor(x, device=device), tensor(y, device=device)

    return Tasks(examples(drawing[..., :shots]), examples(drawing[..., shots : shots + queries]))
