"""A row of the table, and where its numbers come from."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis.strategies import SearchStrategy


@dataclasses.dataclass(frozen=True)
class Case:
    """One call.  Its float64 arrays, also those in lists, are inputs; the rest is constant."""

    args: tuple
    kwargs: dict[str, Any]
    has_inputs: bool = True


def case(*args: Any, **kwargs: Any) -> Case:
    """The call with these arguments."""
    return Case(args, kwargs)


def values(*args: Any, **kwargs: Any) -> Case:
    """A call at a tie or at a NaN, where values can be compared but no slopes."""
    return Case(args, kwargs, has_inputs=False)


@dataclasses.dataclass(frozen=True)
class Row:
    """What is known of one operation.

    function: the operation, or a function made of operations.
    reference: computes the same from NumPy arrays, by other means than minidl.
    cases: sample calls.
    drawn: further calls for hypothesis to draw.
    analytic: computed by functions that accept complex numbers, so that the complex step applies.
    linear: linear in all its inputs together, up to a constant: its gradient is its adjoint.
    rounding: the relative error allowed against the reference; 0 if it is the same arithmetic.
    """

    function: Callable
    reference: Callable
    cases: list[Case]
    drawn: SearchStrategy | None = None
    analytic: bool = False
    linear: bool = False
    rounding: float = 1e-13

    @property
    def name(self) -> str:
        """The name of the operation."""
        return self.function.__name__


def generator(*key: Any) -> np.random.Generator:
    """Random numbers that depend on `key` only: a row's stay when other rows change."""
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal numbers."""
    return np.array(rng.standard_normal(shape))


def between(low: float, high: float) -> Draw:
    """Uniform numbers in [low, high]."""
    return lambda rng, shape: np.array(rng.uniform(low, high, shape))


def either_sign(low: float, high: float) -> Draw:
    """Numbers of either sign whose absolute value is in [low, high]."""
    sizes = between(low, high)
    return lambda rng, shape: np.array(sizes(rng, shape) * rng.choice([-1.0, 1.0], shape))


def on_grid(offset: float) -> Draw:
    """Numbers k / 2 + offset: two draws with other offsets never meet."""
    return lambda rng, shape: np.array(0.5 * rng.integers(-4, 4, shape) + offset)


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers in [-2, 2], no two closer than 2 / size: no ties, and none within a step of one."""
    size = int(np.prod(shape))
    grid = (np.arange(size) + rng.uniform(0.25, 0.75, size)) * (4 / max(size, 1)) - 2
    return rng.permutation(grid).reshape(shape)
