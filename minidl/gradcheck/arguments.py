"""Arguments: it would be right if backward were given something else.

The student's own code is run with one argument in the place of another, turned or reversed, or with
g times a local derivative.  If that makes every draw right, it says what the code lacks, also where
matrix products stand between, so that no formula of the result would show it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from .student import Finding, Student, Wrong
from .trials import Trial
from .view import View, Views

Change = tuple[str, str, str, Callable[[dict], np.ndarray]]  # code, text, argument, its new value

DERIVATIVES: list[tuple[str, Callable]] = [
    ("(1 - {0}²)", lambda t: 1 - t * t), ("{0} (1 - {0})", lambda t: t * (1 - t)),
    ("{0}", lambda t: t * 1.0), ("({0} > 0)", lambda t: t > 0), ("exp({0})", np.exp),
    ("(1 - {0})", lambda t: 1 - t), ("1/{0}", lambda t: 1 / t),
]  # fmt: skip


def arguments(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """The first change of an argument that makes the gradient right in every draw."""
    trial, name = views[0].trial, views[0].name
    if trial.several:
        return None
    for code, text, target, value in _changes(trial):
        if all(_is_right_with(student, v.trial, name, target, value) for v in views):
            return Finding(code, text, trial, (name,))
    return None


def _changes(trial: Trial) -> Iterator[Change]:
    arrays = [key for key, x in trial.inputs.items() if isinstance(x, np.ndarray)]
    for target, source in itertools.product([*arrays, "y"], [*arrays, "y", "g"]):
        if target != source:
            text = (
                f"with {source} in the place of {target} it would be right: this is what you get "
                f"if {target} is used where {source} belongs"
            )
            yield "mixed-up", text, target, lambda given, source=source: given[source]
    for (form, function), source in itertools.product(DERIVATIVES, ["y", *arrays]):
        words = form.format(source)
        text = (
            f"with g {words} in the place of g it would be right: this is what you get if the "
            f"local derivative {words} is forgotten"
        )
        change = lambda given, f=function, source=source: given["g"] * f(given[source])
        yield "derivative-missing", text, "g", change
    for target in [*arrays, "g"]:
        dims = np.ndim(trial.gs[0] if target == "g" else trial.inputs[target])
        if dims == 2:
            text = f"with {target} transposed it would be right: is a transpose missing?"
            yield "argument-transposed", text, target, lambda given, t=target: given[t].T
        for axis in range(dims):
            text = f"with {target} back to front along axis {axis} it would be right"
            change = lambda given, t=target, axis=axis: np.flip(given[t], axis)
            yield "argument-flipped", text, target, change


def _is_right_with(
    student: Student, trial: Trial, name: str, target: str, value: Callable[[dict], np.ndarray]
) -> bool:
    """Whether the gradient of `name` is right when backward is given `value` as `target`."""
    given = {**trial.inputs, "y": trial.ys[0], "g": trial.gs[0]}
    try:
        with np.errstate(all="ignore"):
            new, old = value(given), given[target]
    except ValueError:  # shapes that do not fit each other
        return False
    if np.shape(new) != np.shape(old) or np.array_equal(new, old):
        return False
    try:
        if target == "g":
            found = student.gradients(trial, [new])[name]
        else:
            found = student.gradients(trial, **{target: new})[name]
    except Wrong:
        return False
    return View(trial, name, found).is_right
