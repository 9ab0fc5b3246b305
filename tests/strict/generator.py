"""CuPy's random.Generator: few distributions, no bit generator's state, its own numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import table
from .strict_array import StrictArray, on_device


class Generator:
    """cupy.random.Generator with the methods that the table lists; they return arrays, 0-d too."""

    def __init__(self, seed: Any = None):
        # CuPy draws other numbers than NumPy from the same seed, and so does a spawned sequence.
        self._numpy = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])


def default_rng(seed: Any = None) -> Generator:
    return seed if isinstance(seed, Generator) else Generator(seed)


def draw(name: str, row: table.Row) -> Any:
    """The method `name`: NumPy draws, and the numbers get the dtype that CuPy would give them."""
    signature = row.signature

    def draw(self: Generator, *args: Any, **kwargs: Any) -> StrictArray:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"CuPy's Generator.{name}{signature}: {error}") from None
        bound.apply_defaults()
        given = {
            k: v._host if isinstance(v, StrictArray) else v for k, v in bound.arguments.items()
        }
        out, dtype, _ = given.pop("out", None), given.pop("dtype", None), given.pop("method", None)
        if out is not None:
            if out.dtype != dtype or given["size"] not in (None, out.shape):
                raise TypeError(f"Generator.{name}: out is {out.dtype} {out.shape}")
            given["size"] = out.shape
        drawn = np.asarray(getattr(self._numpy, name)(**given))
        if out is None:
            return on_device(drawn if dtype is None else drawn.astype(dtype))
        out[...] = drawn
        return bound.arguments["out"]

    draw.__name__ = name
    return draw


for name, row in table.members("cupy.random.Generator").items():
    setattr(Generator, name, draw(name, row))
