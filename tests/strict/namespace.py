"""The modules `cupy` and `cupyx` of the double, with the names that the table lists."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import scipy.special

from . import generator, linalg, methods, table, ufuncs
from .strict_array import StrictArray
from .table import VERSION

# They call a function of the user's on the data, which on the host would not be the device's.
NOT_OFFERED = frozenset("apply_along_axis apply_over_axes fromfunction piecewise".split())
PAD_MODES = frozenset(
    "constant edge empty linear_ramp maximum mean minimum reflect symmetric wrap".split()
)


class Module(ModuleType):
    """A module that says, when asked for a name it lacks, that CuPy has none."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{VERSION} has no {self.__name__}.{name} (see cupy_table.tsv)")


def array(obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    return np.array(obj, dtype, copy=copy, order=order, subok=subok, ndmin=ndmin)


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    return np.asarray(a, dtype, order, copy=copy)


def einsum(*operands, dtype=None, optimize=False):
    return np.einsum(*operands, dtype=dtype, optimize=optimize)


def pad(array, pad_width, mode="constant", **kwargs):
    if mode not in PAD_MODES:
        raise ValueError(f"mode '{mode}' is not supported by CuPy")
    return np.pad(array, pad_width, mode, **kwargs)


def put_along_axis(arr, indices, values, axis):
    np.put_along_axis(arr, wrapped(arr, indices, axis), values, axis)


def ravel_multi_index(multi_index, dims, mode="wrap", order="C"):
    return np.ravel_multi_index(multi_index, dims, mode, order)


def sort(a, axis=-1, kind=None):
    result = np.array(a, order="C")
    methods.sort(result, axis, kind)
    return result


def take_along_axis(a, indices, axis):
    return np.take_along_axis(a, wrapped(a, indices, axis), axis)


def wrapped(a, indices, axis):
    """Indices into an axis of `a`, those outside it wrapped around."""
    return indices % (a.size if axis is None else a.shape[axis])


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    """CuPy's way to the host for any array."""
    return a.get(order=order, out=out) if isinstance(a, StrictArray) else np.asarray(a, order=order)


def get_array_module(*args):
    """cupy if one of the arguments is its array, else numpy."""
    return cupy if any(isinstance(x, StrictArray) for x in args) else np


def scatter(name: str) -> Any:
    def scatter(a, slices, value):
        getattr(cupy, name).at(a, slices, value)

    return scatter


COMPUTE = {
    "array": array,
    "asanyarray": asarray,
    "asarray": asarray,
    "argsort": methods.argsort,
    "astype": lambda x, dtype, /, *, copy=True: x.astype(dtype, copy=copy),
    "bincount": lambda x, weights=None, minlength=None: np.bincount(x, weights, minlength or 0),
    "einsum": einsum,
    "linalg.matmul": np.matmul,
    "linalg.pinv": lambda a, rcond=1e-15: np.linalg.pinv(a, rcond),
    "matmul": np.matmul,
    "pad": pad,
    "put": methods.put,
    "put_along_axis": put_along_axis,
    "ravel_multi_index": ravel_multi_index,
    "rsqrt": lambda x, **options: np.reciprocal(np.sqrt(x, **options)),
    "sort": sort,
    "take": methods.take,
    "take_along_axis": take_along_axis,
}
OWN = {  # what is no computation
    "cupy.asnumpy": asnumpy,
    "cupy.get_array_module": get_array_module,
    "cupy.random.default_rng": generator.default_rng,
    "cupyx.errstate": linalg.errstate,
    "cupyx.scatter_add": scatter("add"),
    "cupyx.scatter_max": scatter("maximum"),
    "cupyx.scatter_min": scatter("minimum"),
}
MODELS = {  # the module that computes -> the one whose names it has
    "cupy": np,
    "cupy.fft": np.fft,
    "cupy.lib.stride_tricks": np.lib.stride_tricks,
    "cupy.linalg": np.linalg,
    "cupyx": np,
    "cupyx.scipy.special": scipy.special,
}


def module(name: str) -> Module:
    """The module `name`, with its functions, ufuncs and NumPy's own objects."""
    result = Module(name)
    for bare, row in table.members(name).items():
        full = f"{name}.{bare}"
        if full in OWN:
            setattr(result, bare, OWN[full])
        elif bare not in NOT_OFFERED:
            setattr(result, bare, member(full, bare, row))
    return result


def member(full: str, bare: str, row: table.Row) -> Any:
    """The object that stands for CuPy's `full`."""
    owner = full.rpartition(".")[0]
    if row.kind == "numpy":
        return getattr(MODELS[owner], bare)
    name = full.removeprefix("cupyx.scipy.").removeprefix("cupyx.").removeprefix("cupy.")
    compute = COMPUTE.get(name) or getattr(MODELS[owner], bare)
    if owner == "cupy.linalg":
        compute = linalg.checked(compute)
    make = {"ufunc": ufuncs.Ufunc, "gufunc": ufuncs.GeneralizedUfunc, "function": ufuncs.function}
    return make[row.kind](name, row, compute)


cupy = module("cupy")
cupy.linalg, cupy.fft, cupy.random = map(module, ["cupy.linalg", "cupy.fft", "cupy.random"])
cupy.lib = Module("cupy.lib")
cupy.lib.stride_tricks = module("cupy.lib.stride_tricks")
cupy.ndarray, cupy.ufunc, cupy.random.Generator = StrictArray, ufuncs.Ufunc, generator.Generator
cupyx = module("cupyx")
cupyx.scipy = Module("cupyx.scipy")
cupyx.scipy.special = module("cupyx.scipy.special")
StrictArray.library, StrictArray.special = cupy, cupyx.scipy.special
