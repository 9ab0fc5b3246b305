"""What a function is tried on: inputs described by the names of their axes, in three draws.

    x=normal("N", "D"), w=normal("D", "K"), labels=integers("K", "N"), eps=1e-5

An axis called "N" has the same length wherever it stands, and within a draw differently named axes
differ in length.  So a transposed matrix does not fit, and a factor that is wrong by 1/N is another
number in each draw, and another one than 1/D.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..differences import random

# The lengths of the first, second, ... axis name of each draw.  No name has the same length twice,
# and no two names keep a constant ratio or difference.
LENGTHS = ((3, 5, 4, 7, 2, 6), (5, 2, 7, 3, 6, 4), (4, 7, 2, 6, 5, 3))
DRAWS = len(LENGTHS)


class Sizes(dict[str, int]):
    """Axis names and their lengths in one draw; a name gets its length when it is first asked."""

    def __init__(self, draw: int) -> None:
        super().__init__()
        self.lengths = iter(LENGTHS[draw])

    def __missing__(self, name: str) -> int:
        try:
            self[name] = next(self.lengths)
        except StopIteration:
            most = len(LENGTHS[0])
            raise ValueError(
                f"{name!r} is one name of an axis too many, {most} are known"
            ) from None
        return self[name]

    def shape(self, dims: tuple[str | int, ...]) -> tuple[int, ...]:
        """The lengths of axes such as "N", 1, or "4H", four times H."""
        return tuple(self.length(dim) for dim in dims)

    def length(self, dim: str | int) -> int:
        if isinstance(dim, int):
            return dim
        match = re.fullmatch(r"(\d*)\s*\*?\s*([A-Za-z_]\w*)|(\d+)", dim.strip())
        if not match:
            raise ValueError(f"the axis {dim!r}: a name such as 'N', a multiple '4H', or a number")
        times, name, number = match.groups()
        return int(number) if number else int(times or 1) * self[name]


Sample = Callable[[np.random.Generator, Sizes], Any]


def normal(*dims: str | int) -> Sample:
    """Standard normal numbers."""
    return lambda rng, sizes: rng.standard_normal(sizes.shape(dims))


def between(low: float, high: float, *dims: str | int) -> Sample:
    """Numbers that are spread evenly from `low` to `high`."""
    return lambda rng, sizes: rng.uniform(low, high, sizes.shape(dims))


def integers(below: str | int, *dims: str | int) -> Sample:
    """Integers from 0 to `below` - 1, such as labels and indices."""
    return lambda rng, sizes: rng.integers(0, sizes.length(below), sizes.shape(dims))


def one_hot(*dims: str | int) -> Sample:
    """Zeros, and along the last axis a single 1."""

    def sample(rng: np.random.Generator, sizes: Sizes) -> np.ndarray:
        *rows, classes = sizes.shape(dims)
        return np.eye(classes)[rng.integers(0, classes, rows)]

    return sample


def probabilities(*dims: str | int) -> Sample:
    """Positive numbers whose sum over the last axis is 1."""

    def sample(rng: np.random.Generator, sizes: Sizes) -> np.ndarray:
        weights = rng.uniform(0.5, 1.5, sizes.shape(dims))
        return weights / weights.sum(axis=-1, keepdims=True)

    return sample


def mask(keep: float, *dims: str | int) -> Sample:
    """Booleans, True with probability `keep`."""
    return lambda rng, sizes: rng.random(sizes.shape(dims)) < keep


def inputs_of_draw(samples: Mapping[str, Any], draw: int, seed: int) -> tuple[dict, Sizes]:
    """The inputs of draw number `draw`, by name, and the lengths of the axes.

    What is not a function of (rng, sizes) is passed on as it is.
    """
    rng, sizes = np.random.default_rng([seed, draw]), Sizes(draw)
    inputs = {
        n: sample(rng, sizes) if callable(sample) else sample for n, sample in samples.items()
    }
    return inputs, sizes


def incoming(shapes: list[tuple[int, ...]], draw: int, seed: int) -> list[np.ndarray]:
    """A random incoming gradient for each output."""
    rng = np.random.default_rng([seed, draw, 1])
    return [random(rng, shape) for shape in shapes]


def samples_of_docstring(text: str, parameters: list[str]) -> dict[str, Sample]:
    """The samples that a docstring describes, of those parameters that it does.

    `x: (N, D)` are normal numbers, `labels: (N,) below K` integers.
    """
    found = {}
    for name in parameters:
        match = re.search(rf"\b{name}\b[^:()\n]*:\s*\(([^()]*)\)(?:[^\n]*?\bbelow\s+(\w+))?", text)
        if match:
            dims = [dim.strip() for dim in match[1].split(",") if dim.strip()]
            found[name] = integers(match[2], *dims) if match[2] else normal(*dims)
    return found
