"""The methods of StrictArray that the table lists, each computed by NumPy's of the same name."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from . import indexing, table
from .arguments import call
from .strict_array import StrictArray, on_device

# Of use only to CUDA code, or to write files.
NOT_OFFERED = frozenset("cstruct dump dumps flat mdspan reduced_view toDlpack tofile".split())


def astype(host, dtype, order="K", casting=None, subok=None, copy=True):
    """CuPy takes `casting` and `subok` only to refuse them."""
    if casting is not None or subok is not None:
        raise TypeError("CuPy's astype supports neither casting nor subok")
    return host.astype(dtype, order=order, copy=copy)


def sort(host, axis=-1, kind=None):
    """In place, of C-contiguous arrays only."""
    if kind not in (None, "stable"):
        raise ValueError("kind can only be None or 'stable'")
    if not host.flags.c_contiguous:
        raise NotImplementedError("Sorting non-contiguous array is not supported.")
    host.sort(axis, kind="stable")


def argsort(host, axis=-1, kind=None):
    if kind not in (None, "stable"):
        raise ValueError("kind can only be None or 'stable'")
    return np.argsort(host, axis, kind="stable")


def take(host, indices, axis=None, out=None):
    return np.take(host, indices, axis, out, mode="wrap")


def put(host, indices, values, mode="wrap"):
    np.put(host, indices, values, mode)


def fill(host, value):
    host[...] = indexing.fill_value(host, value)


def scatter(ufunc: np.ufunc) -> Callable[..., None]:
    def scatter(host, slices, value):
        warnings.warn("use cupy.add.at (maximum.at, minimum.at)", DeprecationWarning, stacklevel=4)
        indexing.scatter(ufunc, host, slices, on_device(np.asarray(value)))

    return scatter


COMPUTE = {
    "argsort": argsort,
    "astype": astype,
    "fill": fill,
    "ptp": np.ptp,
    "put": put,
    "scatter_add": scatter(np.add),
    "scatter_max": scatter(np.maximum),
    "scatter_min": scatter(np.minimum),
    "sort": sort,
    "take": take,
}


def method(name: str, compute: Callable[..., Any], signature: inspect.Signature) -> Any:
    """cupy.ndarray's method `name`, computed on the host by `compute(host, ...)`."""

    def method(self: StrictArray, *args: Any, **kwargs: Any) -> Any:
        return call(f"ndarray.{name}", compute, signature, args, kwargs, this=(self,))

    method.__name__ = name
    return method


for name, row in table.members("cupy.ndarray").items():
    if row.detail and name not in NOT_OFFERED and name not in vars(StrictArray):
        compute = COMPUTE.get(name) or getattr(np.ndarray, name)
        setattr(StrictArray, name, method(name, compute, row.signature))
