"""CuPy's random.Generator: few distributions, no bit generator's state, its own numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import table
from .array import StrictArray, on_device


class Generator:
    """cupy.random.Generator with the methods that the table lists; they return arrays, 0-d too."""

    def __init__(self, seed: Any = None):
        # CuPy draws other numbers than NumPy from the same seed, and so does a spawned sequence.
        self._numpy = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])


def default_rng(seed: Any = None) -> Generator:
    return seed if isinstance(seed, Generator) else Generator(seed)


def draw(name: str, row: table.Row) -> Any:
    """The method `name`: NumPy draws, the result gets the dtype that CuPy would give it."""
    signature = row.signature

    def draw(self: Generator, *args: Any, **kwargs: Any) -> StrictArray:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"CuPy's Generator.{name}{signature}: {error}") from None
        out = bound.arguments.pop("out", None)
        dtype = np.dtype(bound.arguments.pop("dtype", out.dtype if out is not None else None))
        bound.arguments.pop("method", None)  # of standard_exponential: how, not what
        parameters = {
            key: value._host if isinstance(value, StrictArray) else value
            for key, value in bound.arguments.items()
        }
        if out is not None:
            parameters["size"] = out.shape
        result = np.asarray(getattr(self._numpy, name)(**parameters))
        if "dtype" in signature.parameters:
            result = result.astype(dtype if "dtype" in kwargs or out is not None else result.dtype)
        if out is None:
            return on_device(result)
        out[...] = on_device(result)
        return out

    draw.__name__ = name
    return draw


for name, row in table.members("cupy.random.Generator").items():
    setattr(Generator, name, draw(name, row))
