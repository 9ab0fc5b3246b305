"""CuPy's random.Generator: few distributions, a state without an interface, its own numbers.

Source: `_generator_api.pyx` and `_bit_generator.pyx` in CuPy's `random`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import table
from .strict_array import StrictArray, on_device


class BitGenerator:
    """CuPy's bit generator: `state` is no attribute but a method, and gives an address.

    The state itself lies on the device in the array `_state`, which every draw reads and writes.
    """

    def __init__(self, seed: Any = None):
        # CuPy draws other numbers than NumPy from the same seed, and so does a spawned sequence.
        self._numpy = np.random.SFC64(np.random.SeedSequence(seed).spawn(1)[0])
        self._state = on_device(np.zeros(48, np.int8))
        self._store()

    def state(self) -> int:
        return self._state.data.ptr

    def _load(self) -> None:
        *words, has_uint32, uinteger = self._state._host.view(np.uint64)
        rest = {"has_uint32": int(has_uint32), "uinteger": int(uinteger)}
        self._numpy.state = {"bit_generator": "SFC64", "state": {"state": np.array(words)}, **rest}

    def _store(self) -> None:
        state = self._numpy.state
        words = [*state["state"]["state"], state["has_uint32"], state["uinteger"]]
        self._state._host[...] = np.array(words, np.uint64).view(np.int8)


class Generator:
    """cupy.random.Generator with the methods that the table lists; they return arrays, 0-d too."""

    def __init__(self, bit_generator: BitGenerator):
        self.bit_generator = bit_generator
        self._numpy = np.random.Generator(bit_generator._numpy)


def default_rng(seed: Any = None) -> Generator:
    return seed if isinstance(seed, Generator) else Generator(BitGenerator(seed))


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
        self.bit_generator._load()
        drawn = np.asarray(getattr(self._numpy, name)(**given))
        self.bit_generator._store()
        if out is None:
            return on_device(drawn if dtype is None else drawn.astype(dtype))
        out[...] = drawn
        return bound.arguments["out"]

    draw.__name__ = name
    return draw


for name, row in table.members("cupy.random.Generator").items():
    setattr(Generator, name, draw(name, row))
