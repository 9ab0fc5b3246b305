"""CuPy's ufuncs: fewer keywords than NumPy's, and few methods.

Source: `_kernel.pyx` in CuPy's `_core`.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from . import indexing
from .arguments import call, operand
from .strict_array import StrictArray, on_device
from .table import Row

# The dtypes for which CUDA has the atomic operation that ufunc.at needs.
INTEGERS = "ilqILQ"  # 32 and 64 bits, signed and unsigned
ATOMIC = {
    "add": INTEGERS + "efd",
    "subtract": "iI",
    "maximum": INTEGERS + "fd",
    "minimum": INTEGERS + "fd",
    "bitwise_and": INTEGERS,
    "bitwise_or": INTEGERS,
    "bitwise_xor": INTEGERS,
}


class Ufunc:
    """CuPy's ufunc `name`, computed by a ufunc (or function) of NumPy's or SciPy's."""

    def __init__(self, name: str, row: Row, compute: Any):
        arity, *self.methods = row.detail.split()
        self.nin, self.nout = map(int, arity.split("->"))
        self.name = self.__name__ = name
        self.compute = compute

    def __repr__(self) -> str:
        return f"<ufunc '{self.name}'>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        options = {key: kwargs.pop(key) for key in ("dtype", "casting") if key in kwargs}
        if kwargs:  # `where` and `order` among them
            raise TypeError(f"CuPy's {self.name}: wrong arguments {kwargs}")
        if not self.nin <= len(args) <= self.nin + self.nout:
            raise TypeError(f"CuPy's {self.name}: wrong number of arguments {len(args)}")
        inputs, outputs = [operand(x) for x in args[: self.nin]], args[self.nin :]
        if out is not None:
            if outputs:
                raise ValueError("Cannot specify 'out' as both a positional and keyword argument")
            outputs = out if isinstance(out, tuple) else (out,)
            if len(outputs) != self.nout:
                raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
        if not all(o is None or isinstance(o, StrictArray) for o in outputs):
            raise TypeError("Output arguments type must be cupy.ndarray")
        if isinstance(self.compute, np.ufunc):
            options["order"] = "C"  # whatever the order of the inputs
        if any(o is not None for o in outputs):
            options["out"] = tuple(None if o is None else o._host for o in outputs)
        with np.errstate(all="ignore"):
            results = self.compute(*inputs, **options)
        results = results if isinstance(results, tuple) else (results,)
        outputs = tuple(outputs) + (None,) * (self.nout - len(outputs))
        wrapped = [on_device(np.asarray(r)) if o is None else o for r, o in zip(results, outputs)]
        return wrapped[0] if self.nout == 1 else tuple(wrapped)

    def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False) -> Any:
        self.needs("reduce")
        method = array.sum if self.name == "add" else array.prod
        return method(axis, dtype, out, keepdims)

    def accumulate(self, array, axis=0, dtype=None, out=None) -> Any:
        self.needs("accumulate")
        method = array.cumsum if self.name == "add" else array.cumprod
        return method(axis, dtype, out)

    def reduceat(self, array, indices, axis=0, dtype=None, out=None) -> Any:
        """Differences of running sums, as CuPy does it: long float32 arrays lose digits."""
        self.needs("reduceat")
        x, starts = np.moveaxis(array._host, axis, -1), indexing.upload(indices, np.int64)
        sums = np.concatenate([np.zeros_like(x[..., :1]), x.cumsum(-1, dtype)], -1)
        ends = np.append(starts[1:], x.shape[-1])
        totals = sums[..., ends] - sums[..., starts]
        result = np.moveaxis(np.where(starts < ends, totals, x[..., starts]), -1, axis)
        if out is None:
            return on_device(np.ascontiguousarray(result))
        out[...] = on_device(result)
        return out

    def at(self, a, indices, b=None) -> None:
        self.needs("at")
        _, advanced = indexing.resolve(a.shape, indices)
        if advanced and a.dtype.char not in ATOMIC[self.name]:
            raise TypeError(f"cupy.{self.name}.at does not support {a.dtype}")
        indexing.scatter(self.compute, a._host, indices, b)

    def outer(self, A, B, **kwargs: Any) -> Any:
        A, B = on_device(indexing.upload(A, None)), on_device(indexing.upload(B, None))
        return self(A.reshape(A.shape + (1,) * B.ndim), B, **kwargs)

    def needs(self, method: str) -> None:
        """Raise where CuPy does: it has the method but for a few ufuncs it does nothing."""
        if method not in self.methods:
            raise NotImplementedError(f"`{self.name}.{method}` is not supported yet by CuPy")


class GeneralizedUfunc:
    """CuPy's matmul: not a ufunc there, so it has no reduce, outer or at."""

    def __init__(self, name: str, row: Row, compute: np.ufunc):
        self.name = self.__name__ = name
        self.signature, self.compute = row.signature, compute

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for x in args:
            operand(x)
        return call(self.name, self.compute, self.signature, args, kwargs)


def function(name: str, row: Row, compute: Any) -> Any:
    """CuPy's function `name`, computed by NumPy's."""
    signature: inspect.Signature = row.signature

    def function(*args: Any, **kwargs: Any) -> Any:
        return call(name, compute, signature, args, kwargs)

    function.__name__ = function.__qualname__ = name.rpartition(".")[2]
    return function
