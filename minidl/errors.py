"""From the array library's complaint to one that a learner can act on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import backend

# Operation name -> what is wrong with these arguments: a sentence, or None if it cannot tell.
# `ops` adds an entry beside an operation whose conditions are its own.
explanations: dict[str, Callable[..., str | None]] = {}


def explain(
    name: str, parameters: Sequence[str], values: Sequence[Any], error: Exception
) -> Exception:
    """The exception to raise when operation `name` failed on raw `values` with `error`."""
    kinds = {backend.device_of(v) for v in values if backend.is_array(v)}
    if len(kinds) > 1:
        devices = ", ".join(
            f"{p} on {backend.device_of(v)}"
            for p, v in zip(parameters, values)
            if backend.is_array(v)
        )
        return TypeError(
            f"{name}: inputs are on different devices ({devices}): move one with .to(...)"
        )
    text = None
    if name in explanations:
        text = explanations[name](*values)
    if text is None and "broadcast" in str(error):
        text = _broadcast_problem(parameters, values)
    if text is None and "axis" in str(error):
        text = _axis_problem(parameters, values)
    if text is None:
        shapes = ", ".join(
            f"{p} {_described(v)}" for p, v in zip(parameters, values) if backend.is_array(v)
        )
        text = f"{error}" + (f" ({shapes})" if shapes else "")
    kind = (
        type(error) if type(error) in (TypeError, IndexError, np.linalg.LinAlgError) else ValueError
    )
    return kind(f"{name}: {text}")


def _described(value: Any) -> str:
    return f"of shape {value.shape}, {value.dtype}"


def _broadcast_problem(parameters: Sequence[str], values: Sequence[Any]) -> str | None:
    """Two inputs whose shapes do not broadcast, and the axis where they disagree."""
    arrays = [(p, v) for p, v in zip(parameters, values) if backend.is_array(v)]
    if len(arrays) != 2:
        return None
    (p, a), (q, b) = arrays
    for axis in range(-1, -min(a.ndim, b.ndim) - 1, -1):
        m, n = a.shape[axis], b.shape[axis]
        if m != n and m != 1 and n != 1:
            return (
                f"{p} {a.shape} and {q} {b.shape} do not broadcast: on axis {axis} the lengths "
                f"{m} and {n} differ, and neither is 1"
            )
    return None


def _axis_problem(parameters: Sequence[str], values: Sequence[Any]) -> str | None:
    """An axis that the first array does not have."""
    given = dict(zip(parameters, values))
    axis, array = given.get("axis"), values[0] if values else None
    if axis is None or not backend.is_array(array):
        return None
    for one in axis if isinstance(axis, tuple) else (axis,):
        if isinstance(one, int) and not -array.ndim <= one < max(array.ndim, 1):
            return (
                f"axis {one} does not exist: the input has shape {array.shape}, so its axes are "
                f"{-array.ndim} to {array.ndim - 1}"
            )
    return None


def unexpected_keyword(name: str, keyword: str, allowed: Sequence[str]) -> TypeError:
    """`name` was called with a keyword that it lacks; PyTorch's spellings are pointed out."""
    numpy_spelling = {
        "dim": "axis",
        "keepdim": "keepdims",
        "unbiased": "ddof",
        "correction": "ddof",
    }
    if numpy_spelling.get(keyword) in allowed:
        hint = f"minidl's mathematics is spelled as NumPy's: use {numpy_spelling[keyword]}="
    else:
        hint = f"it takes {', '.join(allowed)}"
    return TypeError(f"{name}() has no parameter {keyword!r}: {hint}")
