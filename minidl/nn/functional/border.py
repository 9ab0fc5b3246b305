"""Borders around images."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...graph import Tensor
from ...ops import indexing


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """A border around the input: pad = (before, after) of the last axis, of the one before it, ...

    mode: 'constant' (value, or 0; a negative number takes elements away), 'reflect' (a mirror image
    that leaves out the last element), 'replicate' (the last element), 'circular' (the other end).
    Raises ValueError for a border that the mode cannot fill.
    """
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ValueError(f"pad: {tuple(pad)} is not pairs for the last axes of {input.shape}")
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)][::-1]
    widths = [(0, 0)] * (input.ndim - len(pairs)) + pairs
    if mode == "constant":
        inside = [slice(max(-b, 0), n - max(-a, 0)) for (b, a), n in zip(widths, input.shape)]
        widths = [(max(b, 0), max(a, 0)) for b, a in widths]
        return indexing.pad(input[tuple(inside)], widths, constant_values=value or 0.0)
    names = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    if mode not in names:
        raise ValueError(f"pad: mode is 'constant' or one of {[*names]}, not {mode!r}")
    for (before, after), n in zip(widths, input.shape):
        most = {"reflect": n - 1, "replicate": math.inf, "circular": n}[mode]
        if not (0 <= before <= most and 0 <= after <= most):
            raise ValueError(f"pad: {mode!r} fills 0 to {most} elements at each end of {n}")
    return indexing.pad(input, widths, mode=names[mode])
