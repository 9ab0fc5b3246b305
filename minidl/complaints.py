"""From the array library's complaint to one that a learner can act on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import backend

# Operation name -> what is wrong with these arguments: a sentence, or None if it cannot tell.
# `ops` adds an entry beside an operation whose conditions are its own.
explanations: dict[str, Callable[..., str | None]] = {}


# Operation name -> what the user called, where that is something else.
called: dict[str, str] = {
    "getitem": "x[index]",
    "einsum_of": "einsum",
    "pad_constant": "pad",
    "softmax_cross_entropy": "cross_entropy",
    "bernoulli_nll": "binary_cross_entropy",
    "bernoulli_nll_of_logits": "binary_cross_entropy_with_logits",
}


def complete(error: Exception) -> Exception:
    """`error`, raised inside an operation, whose text says all: shapes need not be added."""
    error.complete = True
    return error


def explain(
    name: str, parameters: Sequence[str], values: Sequence[Any], error: Exception
) -> Exception:
    """The exception to raise when operation `name` failed on raw `values` with `error`."""
    kind = type(error)
    if kind not in (TypeError, IndexError, np.linalg.LinAlgError):
        kind = ValueError
    name, own = called.get(name, name), name
    if getattr(error, "complete", False):
        return kind(f"{name}: {error}")
    arrays = _arrays(parameters, values)
    if len({backend.device_of(v) for _, v in arrays}) > 1:
        devices = ", ".join(f"{p} on {backend.device_of(v)}" for p, v in arrays)
        return TypeError(
            f"{name}: inputs are on different devices ({devices}): move one with .to(...)"
        )
    text = None
    if isinstance(error, np.linalg.LinAlgError):
        text = _not_invertible(str(error))
    if text is None and own in explanations:
        text = explanations[own](*values)
    if text is None and "broadcast" in str(error):
        text = _broadcast_problem(arrays)
    if text is None and any(word in str(error) for word in ("axis", "axes", "as an integer")):
        text = _axis_problem(parameters, values)
    if text is None:
        shapes = ", ".join(f"{p} {_described(v)}" for p, v in arrays)
        text = f"{error}" + (f" ({shapes})" if shapes else "")
    return kind(f"{name}: {text}")


def _not_invertible(text: str) -> str | None:
    """What a matrix lacks that a decomposition found out."""
    if "Singular" in text:
        return "the matrix is singular: it has no inverse; pinv and lstsq do without"
    if "positive definite" in text:
        return "the matrix is not positive definite: A A' + c I with c > 0 is"
    return None


def _arrays(parameters: Sequence[str], values: Sequence[Any]) -> list[tuple[str, Any]]:
    """The arrays among the arguments, those in lists too, by name."""
    arrays = []
    for parameter, value in zip(parameters, values):
        if isinstance(value, list | tuple):
            arrays += [(f"{parameter}[{i}]", v) for i, v in enumerate(value) if backend.is_array(v)]
        elif backend.is_array(value):
            arrays.append((parameter, value))
    return arrays


def _described(value: Any) -> str:
    return f"of shape {value.shape}, {value.dtype}"


def _broadcast_problem(arrays: Sequence[tuple[str, Any]]) -> str | None:
    """Two inputs whose shapes do not broadcast, the axis where they disagree, and a way out."""
    for (p, a), (q, b) in itertools.combinations(arrays, 2):
        axis = disagreement(a.shape, b.shape)
        if axis is None:
            continue
        text = (
            f"{p} {a.shape} and {q} {b.shape} do not broadcast: on axis {axis} the lengths "
            f"{a.shape[axis]} and {b.shape[axis]} differ, and neither is 1"
        )
        (_, long), (name, short) = sorted([(p, a), (q, b)], key=lambda pair: -pair[1].ndim)
        padded = short.shape + (1,) * (long.ndim - short.ndim)
        if short.ndim < long.ndim and disagreement(long.shape, padded) is None:
            lengths = ", ".join(map(str, padded))
            text += f"; to line {name} up with the first axes, use {name}.reshape({lengths})"
        return text
    return None


def disagreement(a: tuple[int, ...], b: tuple[int, ...]) -> int | None:
    """The last axis, counted from the end, on which two shapes do not broadcast; or None."""
    for axis in range(-1, -min(len(a), len(b)) - 1, -1):
        if a[axis] != b[axis] and a[axis] != 1 and b[axis] != 1:
            return axis
    return None


def _axis_problem(parameters: Sequence[str], values: Sequence[Any]) -> str | None:
    """An axis that the first array does not have, or that is named twice."""
    array = values[0] if values else None
    if not backend.is_array(array):
        return None
    for name, axis in zip(parameters, values):
        if name.startswith("axis") and isinstance(axis, list):
            return f"several axes are a tuple, {tuple(axis)}, not a list"
        axes = axis if isinstance(axis, tuple) else (axis,)
        if not name.startswith("axis") or not all(isinstance(one, int) for one in axes):
            continue
        for one in axes:
            if not -array.ndim <= one < max(array.ndim, 1):
                return no_axis(one, array.shape)
        if len({one % max(array.ndim, 1) for one in axes}) < len(axes):
            return f"axis {axis} names an axis of shape {array.shape} twice"
    return None


def no_axis(axis: int, shape: tuple[int, ...]) -> str:
    """Which axes a shape has, if not this one."""
    if not shape:
        return f"axis {axis} does not exist: the input is a number, without axes"
    return (
        f"axis {axis} does not exist: the input has shape {shape}, so its axes are "
        f"{-len(shape)} to {len(shape) - 1}"
    )


def checked_axis(name: str, axis: int, shape: tuple[int, ...]) -> int:
    """The axis as a number from 0; ValueError if the shape does not have it."""
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"{name}: {no_axis(axis, shape)}")
    return axis % len(shape)


def missing_argument(name: str, missing: str, allowed: Sequence[str]) -> TypeError:
    """`name` was called without an argument that has no default."""
    return TypeError(f"{name}() needs {missing!r}: it takes {', '.join(allowed)}")


def unexpected_argument(name: str, given: dict, allowed: Sequence[str], count: int) -> TypeError:
    """`name` was called with a keyword that it lacks, or with too many arguments."""
    if not given:
        return TypeError(f"{name}() takes {', '.join(allowed)}, but {count} arguments were given")
    keyword = next(iter(given))
    spelling = {"dim": "axis", "keepdim": "keepdims", "unbiased": "ddof", "correction": "ddof"}
    if spelling.get(keyword) in allowed:
        hint = f"minidl's mathematics is spelled as NumPy's: use {spelling[keyword]}="
    else:
        hint = f"it takes {', '.join(allowed)}"
    return TypeError(f"{name}() has no parameter {keyword!r}: {hint}")
