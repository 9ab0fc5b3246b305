"""What is wrong with a call, operation by operation, where NumPy's words do not help a learner.

Each function is given the arguments of an operation that failed, and returns a sentence, or None if
it sees nothing wrong.  `complaints.explain` puts the operation's name in front.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import backend
from ..complaints import explanations, no_axis


def _reshape(x: Any, shape: Any) -> str | None:
    lengths = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
    if lengths.count(-1) > 1:
        return f"only one of the lengths {lengths} can be -1, the one to be worked out"
    known = math.prod(n for n in lengths if n != -1)
    if -1 in lengths:
        return (
            f"{known} does not divide the {x.size} elements of shape {x.shape}: no -1 of {lengths}"
        )
    return f"shape {x.shape} has {x.size} elements, shape {lengths} would have {known}"


def _concatenate(arrays: list, axis: int | None = 0) -> str | None:
    if not arrays:
        return "the list is empty"
    if axis is None:
        return None
    first = arrays[0]
    for k, other in enumerate(arrays[1:], 1):
        if other.ndim != first.ndim:
            return (
                f"arrays[0] {first.shape} has {first.ndim} axes and arrays[{k}] {other.shape} "
                f"{other.ndim}: all must have the same number; stack makes a new axis"
            )
        wrong = [i for i in range(first.ndim) if first.shape[i] != other.shape[i]]
        if any(i != axis % first.ndim for i in wrong):
            at = next(i for i in wrong if i != axis % first.ndim)
            return (
                f"arrays[0] {first.shape} and arrays[{k}] {other.shape} differ on axis {at}: only "
                f"along axis {axis}, on which they are joined, may lengths differ"
            )
    return None


def _stack(arrays: list, axis: int = 0) -> str | None:
    if not arrays:
        return "the list is empty"
    for k, other in enumerate(arrays[1:], 1):
        if other.shape != arrays[0].shape:
            return (
                f"arrays[0] {arrays[0].shape} and arrays[{k}] {other.shape} differ: all must have "
                "the same shape; concatenate joins along an axis that exists"
            )
    return None


def _split(x: Any, indices_or_sections: Any, axis: int = 0) -> str | None:
    pieces = indices_or_sections
    if not isinstance(pieces, int) or not -x.ndim <= axis < x.ndim or x.shape[axis] % pieces == 0:
        return None
    return (
        f"axis {axis} of shape {x.shape} is {x.shape[axis]} long, which is not {pieces} equal "
        "pieces: give a list of the places to cut, or use array_split"
    )


def _broadcast_to(x: Any, shape: Any) -> str | None:
    shape = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
    if len(shape) < x.ndim:
        return f"shape {x.shape} has {x.ndim} axes, more than {shape}"
    for axis in range(-1, -x.ndim - 1, -1):
        if x.shape[axis] not in (1, shape[axis]):
            return (
                f"{x.shape} cannot become {shape}: only axes of length 1 can be stretched, and "
                f"axis {axis} is {x.shape[axis]} long"
            )
    return None


def _squeeze(x: Any, axis: Any = None) -> str | None:
    for one in axis if isinstance(axis, tuple) else (axis,):
        if isinstance(one, int) and -x.ndim <= one < x.ndim and x.shape[one] != 1:
            return (
                f"axis {one} of shape {x.shape} is {x.shape[one]} long: "
                "only axes of length 1 can go"
            )
    return None


def _transpose(x: Any, axes: Any = None) -> str | None:
    if not isinstance(axes, tuple):
        return None
    swap = f"; to exchange two of them, use swapaxes{axes}" if len(axes) == 2 else ""
    return f"the axes {axes} must name each of the {x.ndim} axes of shape {x.shape} once{swap}"


def _expand_dims(x: Any, axis: Any) -> str | None:
    if not isinstance(axis, int):
        return None
    return (
        f"axis {axis} is no place for a new axis: with it, shape {x.shape} has {x.ndim + 1} axes, "
        f"{-x.ndim - 1} to {x.ndim}"
    )


def _getitem(x: Any, index: Any, *_: Any) -> str | None:
    parts = index if isinstance(index, tuple) else (index,)
    taken, axis = sum(map(_axes, parts)), 0
    if taken > x.ndim:
        return f"{taken} indices for shape {x.shape}, which has {x.ndim} axes"
    for part in parts:
        if part is Ellipsis:
            axis += x.ndim - taken
        elif isinstance(part, int | np.integer):
            if not -x.shape[axis] <= part < x.shape[axis]:
                return _no_place(int(part), axis, x.shape)
        elif backend.is_array(part) and part.dtype.kind in "iu":
            wrong = part[(part < -x.shape[axis]) | (part >= x.shape[axis])]
            if wrong.size:
                return _no_place(int(wrong[0]), axis, x.shape)
        elif backend.is_array(part) and part.dtype.kind == "b":
            if part.shape != x.shape[axis : axis + part.ndim]:
                return (
                    f"a mask must have the shape of what it selects from: it has {part.shape}, and "
                    f"the axes from {axis} on are {x.shape[axis:]}"
                )
        elif backend.is_array(part) or isinstance(part, float):
            if isinstance(part, float):
                return f"an index must be a whole number, not {part}"
            return f"an index must hold whole numbers, or be a mask: cast {part.dtype} to int64"
        elif not (part is None or isinstance(part, slice)):
            return f"{part!r} is no index: use numbers, slices, arrays of integers or masks"
        axis += _axes(part)
    return None


def _axes(part: Any) -> int:
    """How many axes one part of an index goes through."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if backend.is_array(part) and part.dtype.kind == "b" else 1


def _no_place(index: int, axis: int, shape: tuple[int, ...]) -> str:
    n = shape[axis]
    places = f"they go from {-n} to {n - 1}" if n else "there are none"
    return f"index {index} does not exist on axis {axis} of shape {shape}: {places}"


def _along_axis(x: Any, indices: Any, axis: int = -1) -> str | None:
    if not -x.ndim <= axis < x.ndim:
        return no_axis(axis, x.shape)
    if indices.ndim != x.ndim:
        return f"x {x.shape} and indices {indices.shape} must have the same number of axes"
    if indices.dtype.kind not in "iu":
        return f"indices must be whole numbers, not {indices.dtype}"
    wrong = indices[(indices < -x.shape[axis]) | (indices >= x.shape[axis])]
    return _no_place(int(wrong[0]), axis, x.shape) if wrong.size else None


def _square(a: Any, *_: Any) -> str | None:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        return f"the last two axes of {a.shape} must be those of a square matrix, (..., n, n)"
    return None


def _solve(a: Any, b: Any) -> str | None:
    text = _square(a)
    n = a.shape[-1] if a.ndim else 0
    if text is None and (b.shape[0] if b.ndim == 1 else b.shape[-2]) != n:
        text = (
            f"a {a.shape} stands for {n} equations, and b {b.shape} for another number: "
            f"it must be ({n},) or (..., {n}, k)"
        )
    return text


explanations.update(
    reshape=_reshape,
    concatenate=_concatenate,
    stack=_stack,
    split=_split,
    broadcast_to=_broadcast_to,
    squeeze=_squeeze,
    transpose=_transpose,
    expand_dims=_expand_dims,
    getitem=_getitem,
    index_put=_getitem,
    take_along_axis=_along_axis,
    inv=_square,
    det=_square,
    slogdet=_square,
    cholesky=_square,
    eigh=_square,
    solve=_solve,
)
