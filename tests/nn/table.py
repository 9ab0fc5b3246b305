"""One table of layers, losses and functions: how each is made and called, in minidl and in PyTorch.

A row's `make` is given a namespace, minidl.nn or torch.nn, and returns something to call; since
the names are the same, one text serves both.  `tests/nn/test_table.py` puts each row through every
check that applies to it, compares it with values that PyTorch gave (`tests/reference/`), and fails
where a public layer or function has no row.  To add a layer, add a row to the file of its family,
and run `python -m tests.reference.make_torch_reference`.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Row:
    """What is known of one layer or function, with one choice of its arguments.

    name: of the class or function, and after a blank what is special about this row.
    make: namespace -> a module, or a function of the inputs.
    inputs: draw -> the inputs.  Float arrays are differentiated unless wrapped in `Constant`.
    noisy: random in training, so that only use is compared with PyTorch.
    ours: PyTorch has no such thing.
    modal: it does something else in training than in use, without being noisy.
    moving: in training the output depends on a state that each call moves, so that finite
        differences apply to use only.
    detached: it has no gradient, or one that by design is not the derivative; finite differences do
        not apply.
    rounding: how far from PyTorch's values ours may be, relative to the largest.
    """

    name: str
    make: Callable[[Any], Callable]
    inputs: Callable[[Draw], tuple]
    noisy: bool = False
    ours: bool = False
    modal: bool = False
    moving: bool = False
    detached: bool = False
    rounding: float = 1e-12

    @property
    def subject(self) -> str:
        """The name of the layer or function."""
        return self.name.partition(" ")[0]

    @property
    def is_module(self) -> bool:
        """Whether it is a class: PyTorch's functions are in small letters."""
        return self.subject[0].isupper()


@dataclasses.dataclass(frozen=True)
class Constant:
    """A float input that is not differentiated: a target, a weight of classes, a mask."""

    array: np.ndarray


class Draw:
    """The random inputs of a row, which depend on its name alone.

    RandomState's streams never change, so that the stored values of PyTorch stay valid.
    """

    def __init__(self, name: str) -> None:
        self.rng = np.random.RandomState(zlib.crc32(name.encode()))

    def real(self, *shape: int) -> np.ndarray:
        """Standard normal numbers."""
        return np.asarray(self.rng.standard_normal(shape))

    def positive(self, *shape: int) -> np.ndarray:
        """Numbers in [.3, 2]."""
        return np.asarray(self.rng.uniform(0.3, 2.0, shape))

    def unit(self, *shape: int) -> np.ndarray:
        """Numbers in [.1, .9]."""
        return np.asarray(self.rng.uniform(0.1, 0.9, shape))

    def shares(self, *shape: int) -> np.ndarray:
        """Probabilities: positive numbers that sum to 1 along axis 1, or the only one."""
        p = self.positive(*shape)
        return p / p.sum(axis=min(1, len(shape) - 1), keepdims=True)

    def integers(self, high: int, *shape: int) -> np.ndarray:
        """0, ..., high - 1."""
        return np.asarray(self.rng.randint(0, high, shape))

    def signs(self, *shape: int) -> np.ndarray:
        """-1. and 1."""
        return self.integers(2, *shape) * 2.0 - 1.0
