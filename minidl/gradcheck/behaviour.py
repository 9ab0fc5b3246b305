"""Behaviour: what a backward does when it is called, apart from the numbers that it returns.

A backward is a linear function of the incoming gradient: v(2g + k) = 2 v(g) + v(k), so v(0) = 0.
It has no memory and writes to nothing that it was given.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .student import Finding, Student, Wrong
from .trials import Trial, close, jacobian, same_arrays
from .view import Views, fitted


def repeats(student: Student, trial: Trial) -> Finding | None:
    """The same call three times: is it the same gradient?"""
    first, second, third = (student.gradients(trial) for _ in range(3))
    for name in trial.names:
        a, b, c = first[name], second[name], third[name]
        if same_arrays(a, b) and same_arrays(b, c):
            continue
        if a.shape == b.shape == c.shape and a.any() and close(c - b, b - a) and a.dtype == c.dtype:
            text = (
                "called again with the same arguments it returns more: this is what you get if a "
                "gradient is added to an array that outlives the call"
            )
            return Finding("accumulates", text, trial, (name,))
        text = "called again with the same arguments it returns another gradient"
        return Finding("not-deterministic", text, trial, (name,))
    return None


def keeps_inputs(student: Student, trial: Trial) -> Finding | None:
    """Does it write to what it is given?"""
    changed = student.writes_to(trial)
    if changed is None:
        return None
    code = "changes-upstream" if changed == "g" else "changes-input"
    what = "the incoming gradient g" if changed == "g" else changed
    text = (
        f"it writes to {what}, which others still need: this is what you get from `{changed} *= "
        f"...` or `{changed}[...] = ...`; work on a copy"
    )
    return Finding(code, text, trial)


def is_fresh(student: Student, trials: Sequence[Trial]) -> Finding | None:
    """Does a later forward change an earlier backward?"""
    before = student.gradients(trials[0])
    twin = Trial(**{**vars(trials[0]), "inputs": _other_values(trials[0])})
    for between in (twin, trials[1]):
        text = (
            "forward(a), forward(b), backward(a) gives another gradient than without forward(b): "
            "this is what you get if forward leaves its values in one place that all calls share"
        )
        try:
            after = student.gradients(trials[0], between=between)
        except Wrong:
            return Finding("stale-cache", text, trials[0])
        changed = tuple(n for n in before if not same_arrays(before[n], after[n]))
        if changed:
            return Finding("stale-cache", text, trials[0], changed)
    return None


def follows_inputs(student: Student, trial: Trial) -> Finding | None:
    """A gradient that is right at the first inputs: is it so at others of the same shapes?

    Measured along one direction d of all inputs: sum v d is the slope of sum g f(x + t d) in t.
    """
    rng = np.random.default_rng([trial.seed, trial.number, 3])
    direction = {name: rng.standard_normal(trial.inputs[name].shape) for name in trial.names}

    def at(t: float) -> Any:
        moved = {name: trial.redrawn[name] + t * d for name, d in direction.items()}
        with np.errstate(all="ignore"):
            return student.forward(*copy.deepcopy([*{**trial.redrawn, **moved}.values()]))

    def loss(t: float) -> float:
        ys = at(t) if trial.several else [at(t)]
        return float(sum(np.sum(g * y) for g, y in zip(trial.gs, ys)))

    try:
        slope, is_steady = jacobian(lambda t: np.array([loss(float(t))]), np.zeros(()))
        ys = at(0.0)
    except Exception:  # forward takes the first inputs only: there is nothing to compare with
        return None
    ys = [np.asarray(y) for y in (ys if trial.several else [ys])]
    student.gradients(trial)  # which may keep something
    found = student.gradients(dataclasses.replace(trial, inputs=trial.redrawn, ys=ys))
    parts = np.concatenate([np.ravel(found[name] * d) for name, d in direction.items()])
    if not is_steady or abs(parts.sum() - slope.item()) <= 1e-4 * np.abs(parts).sum() + 1e-7:
        return None
    text = (
        "it is right at the first inputs, and wrong at other inputs of the same shapes: this is "
        "what you get if values of an earlier call are kept and used again"
    )
    return Finding("stale-cache", text, trial, tuple(trial.names))


def linearity(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """If an input's gradient is not linear in g: what it is instead."""
    calls = []  # in each draw: v(g), v(0), v(2g), v(-g), v(k) and v(2g + k)
    for view in views:
        trial = view.trial
        rng = np.random.default_rng([trial.seed, trial.number, 2])
        k = [rng.uniform(0.5, 1.5, g.shape) for g in trial.gs]
        variants = [0 * g for g in trial.gs], [2 * g for g in trial.gs], [-g for g in trial.gs]
        both = [2 * g + other for g, other in zip(trial.gs, k)]
        found = [student.gradients(trial, gs)[view.name] for gs in (*variants, k, both)]
        calls.append([view.claimed, *found])
    v, v0, v2, minus, vk, v2k = zip(*calls)
    found = _constant(views, v, v0) or _with_own_term(views, v, v0)
    found = found or _nonlinear(v, v2, minus, vk, v2k)
    return found and Finding(*found[:2], views[0].trial, (views[0].name,), found[2])


Arrays = Sequence[np.ndarray]  # one a draw
Found = tuple[str, str, bool] | None  # code, text, whether it says the reason


def _constant(views: Views, v: Arrays, v0: Arrays) -> Found:
    """v(0) = v(g): it does not depend on g."""
    if not any(a.any() for a in v) or not _all_close(v, v0):
        return None
    of_ones = [w.trial.slopes(w.name, [np.ones_like(g) for g in w.trial.gs]) for w in views]
    what = next(_multiples(views, v), None)
    reason = f"{what} is returned, and g is not used" if what else "g is not used"
    if all(w.is_(ones) for w, ones in zip(views, of_ones)):
        reason = "the local derivative is returned without multiplying it by g"
    text = "it is the same whatever the incoming gradient g: this is what you get if "
    return "ignores-upstream", text + reason, True


def _with_own_term(views: Views, v: Arrays, v0: Arrays) -> Found:
    """v(0) is not 0: a term lacks g."""
    if not any(a.any() for a in v0):
        return None
    what = next((f", but {amount}" for amount in _multiples(views, v0)), "")
    text = f"it is not 0 for an incoming gradient of 0{what}: this is what you get if a term is "
    text += "added without multiplying it by g"
    is_right = all(close(a - b, w.true, w.steady) for w, a, b in zip(views, v, v0))
    if is_right:
        return "extra-term", f"{text}; without that term it is right", True
    for words, times in _of_g(views):
        if all(close(a - b + b * t, w.true, w.steady) for w, a, b, t in zip(views, v, v0, times)):
            return "extra-term", f"{text}; with that term times {words} it is right", True
    return "extra-term", text, False


def _of_g(views: Views) -> Iterator[tuple[str, list[np.ndarray]]]:
    """What a term may want to be multiplied by."""
    gs = [fitted(w.g, w.x.shape) for w in views]
    if all(g is not None for g in gs):
        yield "g", gs
        for axis in range(gs[0].ndim):
            yield f"the sum of g along axis {axis}", [g.sum(axis=axis, keepdims=True) for g in gs]


def _nonlinear(v: Arrays, v2: Arrays, minus: Arrays, vk: Arrays, v2k: Arrays) -> Found:
    """v(2g + k) is not 2 v(g) + v(k), or v(-g) is not -v(g)."""
    is_odd = _all_close(minus, [-a for a in v])
    if is_odd and _all_close(v2k, [a + b for a, b in zip(v2, vk)]):
        return None
    if _all_close(v2, [4 * a for a in v]):
        return "upstream-squared", (
            "doubling g makes it four times as large: this is what you get if it is multiplied by "
            "g twice"
        ), True  # fmt: skip
    if _all_close(v2, v):
        return "upstream-normalised", (
            "doubling g leaves it as it is: this is what you get if only the sign or the direction "
            "of g is used"
        ), True  # fmt: skip
    if _all_close(minus, v):
        text = "it is the same for g and -g: this is what you get if the sign of g is lost"
        return "upstream-absolute", text, True
    if _all_close(v2, [2 * a for a in v]):
        return "upstream-clipped", (
            "it doubles with g, but v(2g + k) is not 2 v(g) + v(k): this is what you get if "
            "positive and negative entries of g are treated differently"
        ), True  # fmt: skip
    text = "v(2g + k) is not 2 v(g) + v(k): g may only be multiplied, moved and summed"
    return "not-linear", f"it is not linear in the incoming gradient g: {text}", False


def _all_close(some: Arrays, others: Arrays) -> bool:
    return all(map(close, some, others))


def _multiples(views: Views, terms: Arrays) -> Iterator[str]:
    """Of which input or output the terms are a constant multiple: 'x', '0.1 x'."""
    for what in ("y", *views[0].trial.names):
        arrays = [w.trial.ys[0] if what == "y" else w.trial.inputs[what] for w in views]
        if any(a.shape != term.shape or not a.any() for a, term in zip(arrays, terms)):
            continue
        c = float(np.sum(terms[0] * arrays[0]) / np.sum(arrays[0] ** 2))
        if _all_close(terms, [c * a for a in arrays]):
            yield what if abs(c - 1) < 1e-6 else f"{c:.4g} {what}"


def _other_values(trial: Trial) -> dict:
    """Inputs of the same shapes, whose floats are others."""
    other = {**trial.inputs}
    for name in trial.names:
        other[name] = other[name][..., ::-1] if other[name].ndim else other[name] * 0.5
    return other
