"""Sums: the claimed gradient as one or two terms made of g, x, y and the other inputs.

    a = c g p q                    elementwise, as in a product rule with a term forgotten
    a = c g p q + d g r s
    a = c g + d p sum(g q)         with a sum along an axis, as under a softmax

p, q, r, s are 1, an array, or a usual function of one.  All pairs are compared at once: with the
Gram matrix of the terms, the rest that two of them leave of a is a closed form.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from .algebra import sigmoid
from .constants import number
from .student import Finding, Student
from .view import View, Views, fitted

ENTRIES = 24  # in all draws, to believe one of some hundred thousand formulas
FORMS = (
    ("{}", lambda t: t), ("{}²", lambda t: t * t), ("exp({})", np.exp), ("log({})", np.log),
    ("exp({}/2)", lambda t: np.exp(t / 2)), ("sigmoid({})", sigmoid), ("tanh({})", np.tanh),
    ("1/{}", lambda t: 1 / t), ("sign({})", np.sign),
)  # fmt: skip


def sums(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """The first sum of one or two terms that is all of the claimed gradient."""
    if sum(v.x.size for v in views) < ENTRIES or not all(v.steady.all() for v in views):
        return None
    if any(v.claimed.shape != v.x.shape or fitted(v.g, v.x.shape) is None for v in views):
        return None
    with np.errstate(all="ignore"):
        draws = [dict(_terms(v)) for v in views]
    name = views[0].name
    names = [n for n in draws[0] if all(n in d and np.isfinite(d[n]).all() for d in draws)]
    for over, sizes in (
        ("", [1 for _ in views]),
        (f" / the size of {name}", [v.x.size for v in views]),
        (f" / the length of {name}", [len(v.x) if v.x.ndim else 1 for v in views]),
    ):
        matrix = np.stack(
            [np.concatenate([(d[n] / s).ravel() for d, s in zip(draws, sizes)]) for n in names]
        )
        found = _fit(np.concatenate([v.claimed.ravel() for v in views]), matrix)
        if found:
            words = " + ".join(f"{_factor(c)}{names[i]}" for i, c in found).replace("+ -", "- ")
            words = f"({words}){over}" if over and len(found) > 1 else words + over
            return Finding("wrong-formula", f"it is {words}", views[0].trial, (name,))
    return None


def _factor(c: float) -> str:
    c = round(c, 6)
    return {1.0: "", -1.0: "-"}.get(c, f"{number(c)} ")


def _terms(v: View) -> Iterator[tuple[str, np.ndarray]]:
    """The terms of one draw, by name; simple ones first."""
    g, shape = fitted(v.g, v.x.shape), v.x.shape
    arrays = [("y", fitted(v.y, shape) if v.y is not None and v.y.size > 1 else None)]
    for name, value in v.trial.inputs.items():
        is_array = isinstance(value, np.ndarray) and value.dtype == np.float64
        arrays.append((name, fitted(value, shape) if is_array else None))
    simple = [("", np.ones(shape))] + [
        (form.format(name), function(array))
        for form, function in FORMS
        for name, array in arrays
        if array is not None
    ]
    for name, p in simple:
        yield f"g {name}".strip(), g * p
    if v.g is not None and v.g.shape == shape:
        for axis, (first, p), (second, q) in itertools.product(range(g.ndim), simple, simple):
            name = f"{first} sum(g{' ' * bool(second)}{second}) along axis {axis}".strip()
            yield name, p * (g * q).sum(axis=axis, keepdims=True)
    for (first, p), (second, q) in itertools.combinations_with_replacement(simple[1:], 2):
        yield f"g {first} {second}", g * p * q


def _fit(a: np.ndarray, matrix: np.ndarray) -> list[tuple[int, float]] | None:
    """The rows of `matrix`, one or two, whose combination is a, and their constants."""
    length = np.sqrt((matrix**2).sum(axis=1))
    rows = np.flatnonzero(length > 1e-9)
    unit = matrix[rows] / length[rows, None]
    a_unit = a / np.linalg.norm(a) if a.any() else a
    b = unit @ a_unit
    gram = unit @ unit.T
    # |a - P a|² = 1 - (b_i² - 2 G_ij b_i b_j + b_j²) / (1 - G_ij²), which is to be below 1e-8:
    # without the quotient, row by row, as there are a million pairs
    near = [(i, i) for i in np.flatnonzero(1 - b**2 < 1e-8)]
    for i in range(len(rows) - 1):
        cosine, c = gram[i, i + 1 :], b[i + 1 :]
        open_angle = 1 - cosine * cosine
        left = b[i] ** 2 + c * (c - 2 * b[i] * cosine)
        found = (left > (1 - 1e-8) * open_angle) & (open_angle > 1e-6)
        near += [(i, i + 1 + k) for k in np.flatnonzero(found)]
    for i, j in sorted(near, key=lambda pair: (pair[0] != pair[1], sum(pair))):
        chosen = [int(rows[i])] if i == j else [int(rows[i]), int(rows[j])]
        c = np.linalg.lstsq(matrix[chosen].T, a, rcond=None)[0]
        is_there = np.abs(c @ matrix[chosen] - a).max() <= 1e-5 * np.abs(a).max() + 1e-8
        if is_there and np.abs(c * length[chosen]).min() > 1e-4 * np.linalg.norm(a):
            return list(zip(chosen, c.tolist()))
    return None
