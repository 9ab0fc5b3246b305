"""CuPy's indexing on NumPy arrays: out-of-range indices in arrays wrap, integers still raise.

Source: `_routines_indexing.pyx` in CuPy's `_core`.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class OnDevice:
    """What lies on the device: `_host` holds the data, and only the double may touch it."""

    __slots__ = ("_host",)
    _host: np.ndarray


def getitem(host: np.ndarray, index: Any) -> np.ndarray:
    """x[index]: a view for integers and slices, be it 0-d, and a C-ordered copy otherwise."""
    selection, advanced = resolve(host.shape, index)
    result = host[selection]
    return np.array(result, order="C") if advanced else result


def setitem(host: np.ndarray, index: Any, value: Any) -> None:
    """x[index] = value: from the host, integers and slices take scalars only."""
    selection, advanced = resolve(host.shape, index)
    if not advanced:
        host[selection] = value._host if isinstance(value, OnDevice) else fill_value(host, value)
        return
    # A place that the index names twice receives any of its values.  NumPy keeps the last;
    # the double keeps the first, so that no test passes by relying on the order.
    places = np.arange(host.size).reshape(host.shape)[selection]
    values = np.broadcast_to(upload(value, host.dtype), places.shape)
    host[np.unravel_index(places.ravel()[::-1], host.shape)] = values.ravel()[::-1]


def scatter(ufunc: np.ufunc, host: np.ndarray, index: Any, value: Any) -> None:
    """ufunc.at(x, index, value): every value counts where a place is named twice."""
    selection, advanced = resolve(host.shape, index)
    if advanced:
        ufunc.at(host, selection, upload(value, host.dtype))
    else:
        view = host[selection]
        ufunc(view, value._host if isinstance(value, OnDevice) else value, out=view)


def resolve(shape: tuple[int, ...], index: Any) -> tuple[tuple, bool]:
    """The index for NumPy with array indices wrapped, and whether it holds arrays."""
    parts = [on_host(part) for part in (index if isinstance(index, tuple) else (index,))]
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)  # without it NumPy returns a scalar where CuPy returns a 0-d view
    axis = 0
    for i, part in enumerate(parts):
        if part is Ellipsis:
            axis = len(shape) - sum(axes_used(later) for later in parts[i + 1 :])
            continue
        if isinstance(part, np.ndarray) and part.dtype.kind != "b" and axis < len(shape):
            parts[i] = part.astype(np.int64) % max(shape[axis], 1)
        axis += axes_used(part)
    return tuple(parts), any(isinstance(part, np.ndarray) for part in parts)


def on_host(part: Any) -> Any:
    """One part of an index: slices and integers as they are, everything else as an array."""
    if part is None or part is Ellipsis or isinstance(part, slice):
        return part
    if np.isscalar(part) and not isinstance(part, bool | np.bool_):
        return part
    array = upload(part, None)
    if isinstance(part, list | tuple) and array.size == 0:
        array = array.astype(np.intp)
    if array.dtype.kind not in "biu":
        raise IndexError(
            f"arrays used as indices must be of integer or boolean type (actual: {array.dtype})"
        )
    return array


def axes_used(part: Any) -> int:
    """How many axes of the array this part of an index takes."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1


def upload(value: Any, dtype: Any) -> np.ndarray:
    """What CuPy makes of an array, a list of arrays, or data on the host."""
    if isinstance(value, OnDevice):
        return value._host if dtype is None else value._host.astype(dtype, copy=False)
    if isinstance(value, list | tuple) and value and isinstance(value[0], OnDevice):
        value = [item._host for item in value]
    return np.asarray(value, dtype=dtype)


def fill_value(host: np.ndarray, value: Any) -> np.ndarray:
    """The scalar that fills an array; CuPy refuses arrays of the host here."""
    value = np.asarray(value, dtype=host.dtype)
    if value.ndim:
        raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
    return value
