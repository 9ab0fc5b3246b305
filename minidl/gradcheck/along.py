"""Along an axis: what differs from the right gradient is one number in each row.

Statistics along an axis, such as the mean of a batch or the sum under a softmax, send the gradient
back as one number that multiplies the same thing all along the axis:

    a = n + c t         c: one number in each row, or column; t: 1, y, x or another input
    a = n + b + c t     two, such as those of a mean and a variance
    a = c n             rows that were scaled, each by a number of its own

So a wrong or forgotten statistic is known by its shape, although its value is not.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .student import Finding, Student
from .view import View, Views, fitted

SPARE = 12  # a fit must give this many more entries than it has free numbers, in all draws


def along(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """The first thing whose multiple, a number in each row, is the whole difference."""
    if any(v.claimed.shape != v.x.shape or not v.steady.all() for v in views):
        return None
    for axis in range(views[0].x.ndim):
        differences = [v.claimed - v.true for v in views]
        for draws in zip(*(_shared(v) for v in views)):
            name, terms = draws[0][0], [t for _, t in draws]
            if any(t is None for t in terms):
                continue
            for with_constant in (False, True) if name != "1" else (False,):
                if _fits(differences, terms, axis, with_constant):
                    code, text = _words(name, axis, with_constant)
                    return Finding(code, text, views[0].trial, (views[0].name,))
        if views[0].x.ndim > 1 and _fits(
            [v.claimed for v in views], [v.true for v in views], axis, False
        ):
            text = (
                f"along axis {axis} it is the right one times one number, another in each place of "
                "the other axes: this is what you get if a sum, a norm or a count is taken over "
                "the wrong entries, or is forgotten"
            )
            return Finding("row-factor", text, views[0].trial, (views[0].name,))
    return None


def _shared(v: View) -> Iterator[tuple[str, np.ndarray | None]]:
    """What a statistic may multiply."""
    yield "1", np.ones(v.x.shape)
    yield "y", fitted(v.y, v.x.shape)
    for name, value in v.trial.inputs.items():
        if isinstance(value, np.ndarray) and value.dtype == np.float64:
            yield name, fitted(value, v.x.shape)


def _fits(
    arrays: list[np.ndarray], terms: list[np.ndarray], axis: int, with_constant: bool
) -> bool:
    """Whether array = c term (+ b) along the axis, with enough entries to believe it.

    If c is the same in all rows of a draw, no statistic of rows is behind it.
    """
    spare, varies = 0, False
    for a, t in zip(arrays, terms):
        tolerance = np.abs(a).max(initial=0)
        if with_constant:
            a, t = (z - z.mean(axis=axis, keepdims=True) for z in (a, t))
        square = (t * t).sum(axis=axis, keepdims=True)
        c = (a * t).sum(axis=axis, keepdims=True) / np.where(square > 1e-12, square, 1)
        if not np.all(np.abs(a - c * t) <= 1e-5 * tolerance):
            return False
        spare += a.size - c.size * (1 + with_constant)
        used = c[square > 1e-12]
        varies |= c.size == 1 or bool(used.size and np.ptp(used) > 1e-4 * np.abs(used).max())
    return spare >= SPARE and varies


def _words(name: str, axis: int, with_constant: bool) -> tuple[str, str]:
    rows = f"along axis {axis}, another in each place of the other axes"
    if name == "1":
        return "wrong-reduction", (
            f"it differs from the right one by one number {rows}: this is what you get if the path "
            "through a mean or a sum along that axis is forgotten, or wrong"
        )
    if with_constant:
        return "wrong-statistics", (
            f"it differs from the right one by a number and a multiple of {name} {rows}: this is "
            "what you get if the paths through a mean and a variance along that axis are "
            "forgotten, or wrong"
        )
    return "wrong-reduction", (
        f"it differs from the right one by a multiple of {name} {rows}: this is what you get if "
        f"a sum along that axis, which multiplies {name}, is forgotten, or wrong"
    )
