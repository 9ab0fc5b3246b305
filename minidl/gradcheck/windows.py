"""Windows: an output is a weighted sum of neighbours, and a neighbour has the wrong weight.

If y is shorter than x along one axis by the same number in all draws, each y_i may depend on x_i,
x_(i+1), ...: then the gradient is a sum of g moved by 0, 1, ... places, each with a weight.
"""

from __future__ import annotations

import numpy as np

from .constants import number
from .student import Finding, Student
from .view import View, Views


def windows(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """Which weights were used, if both gradients are such sums."""
    kinds = {_shorter(v) for v in views}
    if len(kinds) != 1 or None in kinds:
        return None
    axis, missing = kinds.pop()
    if any(v.claimed.shape != v.x.shape or not v.steady.all() for v in views):
        return None
    moved = []
    for k in range(missing + 1):
        pads = [[(0, 0)] * v.x.ndim for v in views]
        for pad in pads:
            pad[axis] = (k, missing - k)
        moved.append(np.concatenate([np.pad(v.g, pad).ravel() for v, pad in zip(views, pads)]))
    matrix, weights = np.stack(moved, axis=1), []
    for array in ([v.true for v in views], [v.claimed for v in views]):
        flat = np.concatenate([a.ravel() for a in array])
        c = np.linalg.lstsq(matrix, flat, rcond=None)[0]
        if np.abs(matrix @ c - flat).max() > 1e-5 * np.abs(flat).max() + 1e-8:
            return None
        weights.append(", ".join(number(round(float(w), 6)) for w in c))
    text = (
        f"each incoming gradient reaches {missing + 1} neighbours along axis {axis} with the "
        f"weights {weights[1]}, where {weights[0]} would be right"
    )
    return Finding("window-weights", text, views[0].trial, (views[0].name,))


def _shorter(v: View) -> tuple[int, int] | None:
    """Along which axis y is shorter than x, and by how much."""
    if v.g is None or v.g.ndim != v.x.ndim:
        return None
    pairs = enumerate(zip(v.x.shape, v.g.shape))
    axes = [(axis, n - m) for axis, (n, m) in pairs if n != m]
    return axes[0] if len(axes) == 1 and 0 < axes[0][1] <= 4 else None
