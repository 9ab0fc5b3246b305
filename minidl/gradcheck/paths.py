"""Paths: the forward function is differentiated with one mistake that gives what was claimed.

The forward function is traced, and its gradient sent back through the steps; but one step does not
do what it should:

    a path is left out, or has another sign or another factor
    a derivative is left out, that of one step or of all between two
    only part of g is used, or g comes in another order
    another value, or another function, stands in a derivative

The mistake is named by the expression of the source that it is about.  So it can be found in the
middle of a chain of matrix products, where no formula of the gradient would show it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import numpy as np

from .constants import believable, constants
from .edges import Edge, Mistake, edges
from .mistakes import simple
from .student import Finding, Student
from .substitutes import further
from .tracing import Trace, trace
from .view import View, Views

MOST = 30_000  # of the work for one draw, see `Trace.work`
Explained = Iterator[tuple[str, str]]  # code, and the end of "this is what you get if ..."


def simple_paths(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """A path or a derivative is left out, or has another factor; or part of g is."""
    return _first(student, views, lambda traces: itertools.chain(
        _outputs(views), _one_path(views, traces), _tried(views, traces, simple)
    ))  # fmt: skip


def further_paths(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """Two paths are left out, or other values and functions stand in a derivative."""
    return _first(student, views, lambda traces: itertools.chain(
        _two_paths(views, traces), _tried(views, traces, further)
    ))  # fmt: skip


def _first(
    student: Student, views: Views, explained: Callable[[list[Trace]], Explained]
) -> Finding | None:
    if any(v.claimed.shape != v.x.shape for v in views):
        return None
    traces = [trace(student.forward, v.trial) for v in views]
    if any(t is None for t in traces):
        return None
    with np.errstate(all="ignore"):
        found = next(explained(traces), None)
    if found is None:
        return None
    code, text = found
    text = f"this is what you get if {_once(text)}"
    return Finding(code, text, views[0].trial, (views[0].name,))


def _tried(
    views: Views, traces: list[Trace], mistakes: Callable[[Trace], Iterator[Mistake]]
) -> Explained:
    """The mistakes that give the claimed gradient in every draw."""
    begin = traces[0].work
    for mistake in mistakes(traces[0]):
        if traces[0].work - begin > MOST:
            return
        if all(v.is_(_pulled(t, v, mistake.changes)) for v, t in zip(views, traces)):
            yield mistake.code, mistake.text


def _pulled(traced: Trace, v: View, changes: dict) -> np.ndarray | None:
    """The gradient with these changes; None if they cannot be made."""
    try:
        found = traced.pull(changes)[v.name]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None
    return found if np.isfinite(found).all() else None


def _outputs(views: Views) -> Explained:
    """The incoming gradient of one of several outputs is not used."""
    count = len(views[0].trial.gs)
    for k in range(count if count > 1 else 0):
        gs = [[g * (i != k) for i, g in enumerate(v.trial.gs)] for v in views]
        if all(v.is_(v.trial.slopes(v.name, g)) for v, g in zip(views, gs)):
            yield "output-missing", f"g[{k}], the incoming gradient of output {k}, is left out"


Part = tuple[Edge, list[np.ndarray]]  # an edge, and what comes through it, in each draw


def _parts(views: Views, traces: list[Trace]) -> Iterator[Part]:
    for edge in edges(traces[0]):
        cut = edge.sends(lambda step, g, r, traced: np.zeros_like(r))
        without = [_pulled(t, v, cut) for v, t in zip(views, traces)]
        if not any(w is None for w in without):
            parts = [v.true - w for v, w in zip(views, without)]
            if all(np.abs(p).max(initial=0) > 1e-6 for p in parts):
                yield edge, parts


def _one_path(views: Views, traces: list[Trace]) -> Explained:
    """claimed = true + (c - 1) part: c is 0 if a path is left out."""
    missing = [v.true - v.claimed for v in views]
    factors = []
    for edge, parts in _parts(views, traces):
        found = constants(views, missing, parts)
        for factor in believable(views, found and [round(1 - c, 9) + 0.0 for c in found]):
            factors.append((edge, factor))
        if found and {*found} == {1.0}:
            yield "path-missing", _is_left_out(edge)
    for edge, factor in factors:
        if factor == "-":
            yield "path-sign", f"the derivative of {edge.derivative} has the other sign"
    for edge, factor in factors:
        yield "path-factor", f"the derivative of {edge.derivative} is taken {factor}times"


def _two_paths(views: Views, traces: list[Trace]) -> Explained:
    """claimed = true - one part - another; or with the other signs, - 2 - 2."""
    joined = lambda arrays: np.concatenate([a.ravel() for a in arrays])
    steady = joined([v.steady for v in views])
    missing = joined([v.true - v.claimed for v in views])[steady]
    found = [(edge, joined(parts)[steady]) for edge, parts in _parts(views, traces)]
    most = 1e-5 * np.abs(joined([v.true for v in views])).max(initial=0) + 1e-8
    for (one, a), (two, b) in itertools.combinations(found, 2):
        if (np.abs(a + b - missing) <= most).all():
            yield "path-missing", f"{_is_left_out(one)}, and {_is_left_out(two)}"
        for more, less, x, y in ((one, two, a, b), (two, one, b, a)):
            if (np.abs(y - x - missing) <= most).all():
                twice = f"the derivative of {more.derivative} is taken twice"
                yield "path-twice", f"{_is_left_out(less)}, and {twice}"
        if (np.abs(2 * a + 2 * b - missing) <= most).all():
            both = f"the derivatives of {one.derivative} and of {two.derivative}"
            yield "path-sign", f"{both} have the other sign"


def _is_left_out(edge: Edge) -> str:
    alone = len(edge.step.slots) == 1 and edge.element is None
    if alone:
        return f"{edge.step} is taken for a constant"
    return f"{edge.operand} is taken for a constant in {edge.step}"


def _once(text: str) -> str:
    """The text, which says only the first time in which call an expression is."""
    for call in {*re.findall(r" in `[^`]*`", text)}:
        first, *rest = text.split(call)
        text = f"{first}{call}{''.join(rest)}"
    return text
