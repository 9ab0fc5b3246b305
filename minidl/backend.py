"""NumPy or CuPy: which library an array belongs to, the default dtype, the random generator.

The operations call NumPy's functions, and NumPy's dispatch protocols hand CuPy arrays to CuPy.
What does not dispatch (creation, random numbers, views by strides, scattered addition) is here, so
that no operation asks which library it runs on.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from typing import Any

import numpy as np
import scipy.special

Array = Any  # a numpy.ndarray or a cupy.ndarray

# array type -> (device kind, the library).  CuPy's entry is made when CuPy is first used.
libraries: dict[type, tuple[str, Any]] = {np.ndarray: ("cpu", np)}


def register(array_type: type, device: str, namespace: Any) -> None:
    """Make arrays of `array_type` tensor data: they live on `device`, `namespace` makes them."""
    libraries[array_type] = (device, namespace)


def is_array(value: Any) -> bool:
    """Whether `value` is an array of a known library."""
    return type(value) in libraries or _is_cupy(value)


def xp(array: Array) -> Any:
    """The library of `array`: numpy, or cupy."""
    if type(array) not in libraries and not _is_cupy(array):
        return np
    return libraries[type(array)][1]


def device_of(array: Array) -> str:
    """Where `array` lives: 'cpu', or 'cuda:0'."""
    kind = libraries[type(array)][0] if is_array(array) else "cpu"
    return f"cuda:{array.device.id}" if kind == "cuda" else kind


def _is_cupy(value: Any) -> bool:
    """Recognise a CuPy array that the user made, before minidl itself has imported CuPy."""
    if type(value).__module__.partition(".")[0] != "cupy" or not hasattr(
        value, "__cuda_array_interface__"
    ):
        return False
    register(type(value), "cuda", _import_cupy())
    return True


def _import_cupy() -> Any:
    try:
        import cupy
    except ImportError as error:
        raise RuntimeError(
            "device 'cuda' needs CuPy: pip install 'minidl[cuda12]' (or cuda13), "
            "or stay on the CPU with device='cpu'"
        ) from error
    return cupy


def cuda_is_available() -> bool:
    """Whether CuPy is installed and sees a GPU."""
    try:
        return bool(_import_cupy().cuda.runtime.getDeviceCount())
    except Exception:  # CuPy raises its own errors when the driver is missing
        return False


def namespace(device: str | None) -> Any:
    """The array library of a device: None or 'cpu' is numpy, 'cuda' or 'cuda:1' is cupy.

    Raises ValueError for an unknown device name, RuntimeError where CuPy or a GPU is missing.
    """
    if device is None or device == "cpu":
        return np
    kind, _, number = str(device).partition(":")
    if kind == "cuda" and (number == "" or number.isdigit()):
        cupy = _import_cupy()
        if not cuda_is_available():
            raise RuntimeError(
                "device 'cuda': CuPy is installed but finds no GPU; use device='cpu'"
            )
        cupy.cuda.Device(int(number or 0)).use()
        register(cupy.ndarray, "cuda", cupy)
        return cupy
    for known, library in libraries.values():
        if known == device:
            return library
    raise ValueError(f"unknown device {device!r}: use 'cpu', 'cuda' or 'cuda:0'")


# ---------------------------------------------------------------------------- data and dtypes

_default_dtype = np.dtype(np.float32)


def set_default_dtype(dtype: Any) -> None:
    """The dtype that Python floats become: float32 unless changed (gradient checks use float64)."""
    global _default_dtype
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        raise TypeError(f"the default dtype must be a float type, not {dtype}: try 'float64'")
    _default_dtype = dtype


def get_default_dtype() -> np.dtype:
    """The dtype that Python floats become."""
    return _default_dtype


def array(data: Any, dtype: Any = None, device: str | None = None) -> Array:
    """A new array with a copy of `data`.

    Arrays keep their dtype and device; Python floats become the default dtype, Python ints int64.
    Raises TypeError for complex numbers and for what is not numeric.
    """
    if device is None and is_array(data):
        library = xp(data)
    else:
        library = namespace(device)
    source = data
    if is_array(data) and xp(data) is not library:
        source = data.get() if library is np else data
    if is_array(source) and xp(source) is library:
        result = library.array(source, dtype=dtype)  # keeps the memory layout (order='K')
    else:
        try:
            result = np.array(source, dtype=dtype)
        except ValueError as error:
            if "inhomogeneous" not in str(error):
                raise
            raise ValueError(
                "lists of different lengths are no array: pad the shorter ones, or make a tensor "
                "of each"
            ) from None
        made_of_floats = dtype is None and result.dtype == np.float64
        if made_of_floats and not isinstance(source, np.ndarray | np.generic):
            if not _holds_arrays(source):
                result = result.astype(_default_dtype)
        if library is not np:
            result = library.asarray(result)
    return checked_dtype(result)


def checked_dtype(result: Array) -> Array:
    """`result`, or a TypeError if its dtype cannot be a tensor's."""
    kind = result.dtype.kind
    if kind == "c":
        raise TypeError(
            "complex numbers are not supported: a complex derivative is two numbers, not one, and "
            "conventions differ; keep real and imaginary part as two tensors"
        )
    if kind not in "fiub":
        what = {"U": "text", "S": "bytes", "O": "objects such as None"}.get(kind, result.dtype)
        raise TypeError(f"a tensor holds numbers, not {what}")
    return result


def only_array(value: Any) -> Array:
    """`value`, which must be an array or one of NumPy's scalars, as an array.

    Raises TypeError for anything else: `tensor` makes arrays of numbers and lists.
    """
    value = as_array(value)
    if not is_array(value):
        raise TypeError(
            f"Tensor() wraps an array as it is, and was given {type(value).__name__}: "
            "write minidl.tensor(...), which copies numbers and lists too"
        )
    return value


def as_array(value: Any) -> Array:
    """`value`, as an array if it is one of NumPy's scalars, which reductions return."""
    return np.asarray(value) if isinstance(value, np.generic) else value


def read_only(value: Array) -> Array:
    """A view of an array that cannot be written to (a GPU's arrays have none)."""
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
    return value


def _holds_arrays(data: Any) -> bool:
    """Whether nested lists hold arrays or NumPy scalars, which bring a dtype of their own."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return isinstance(data, np.ndarray | np.generic)


# ----------------------------------------------------------------------------- random numbers

_generators: dict[str, Any] = {}
_seed: int | None = None


def seed(number: int) -> None:
    """Start the random numbers of every device anew: the same seed gives the same numbers."""
    global _seed
    _seed = int(number)
    _generators.clear()


def generator(device: str | None = None, rng: Any = None) -> Any:
    """The random generator of a device, or `rng`: a Generator, or an int that seeds a new one."""
    if rng is not None and not isinstance(rng, int | np.integer):
        return rng
    library = namespace(device)
    if rng is not None:
        return library.random.default_rng(int(rng))
    key = device or "cpu"
    if key not in _generators:
        _generators[key] = library.random.default_rng(_seed)
    return _generators[key]


def random_state() -> dict[str, Any]:
    """The state of every generator in use, to be given back to `set_random_state`."""
    return {key: _read_state(rng.bit_generator) for key, rng in _generators.items()}


def set_random_state(state: dict[str, Any]) -> None:
    """Put the generators back into a state that `random_state` returned."""
    for key, value in state.items():
        bits = generator(key).bit_generator
        if callable(bits.state):
            bits._state[...] = value
        else:
            bits.state = value


def _read_state(bits: Any) -> Any:
    """NumPy's state is a dictionary; CuPy's `state()` is but an address, its array is private."""
    return bits._state.copy() if callable(bits.state) else bits.state


# -------------------------------------------------------------------- what does not dispatch


def zeros(shape: tuple[int, ...], dtype: Any, like: Array) -> Array:
    """Zeros on the device of `like`."""
    return xp(like).zeros(shape, dtype)


def as_strided(x: Array, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """A view of x's memory with another shape and other strides (bytes)."""
    return xp(x).lib.stride_tricks.as_strided(x, shape=shape, strides=strides)


def linalg_raises(x: Array) -> Any:
    """A context in which linear algebra on a singular matrix raises, as it always does in NumPy."""
    if device_of(x).partition(":")[0] == "cuda":
        return importlib.import_module("cupyx").errstate(linalg="raise")
    return contextlib.nullcontext()


def zeta(s: float, x: Array) -> Array:
    """Hurwitz's zeta function, the sum over k >= 0 of (x + k)^-s."""
    if xp(x) is np:
        return scipy.special.zeta(s, x)
    special = importlib.import_module("cupyx.scipy.special")
    return special.zeta(xp(x).asarray(s, x.dtype), x)


def scatter_add(target: Array, index: Any, values: Array) -> None:
    """target[index] += values, where a place that `index` names twice receives both values."""
    library = xp(target)
    if library is np:
        np.add.at(target, index, values)
    else:
        library.add.at(target, index, values)


def threads() -> int:
    """Threads to use for work split by hand: the cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
