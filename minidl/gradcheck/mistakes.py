"""Mistakes of a backward pass that are plain to read, to be tried: see `paths`.

A derivative is left out, parts are exchanged or overwritten, a condition or choice is another one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .edges import Mistake, edges, same_shape
from .tracing import Change, Step, Trace
from .view import fitted


def simple(traced: Trace) -> Iterator[Mistake]:
    """A derivative is left out, parts are exchanged or overwritten, a condition is wrong."""
    for edge in edges(traced):
        text = f"the derivative of {edge.derivative} is left out"
        handed_on = edge.sends(lambda step, g, r, traced: fitted(g, r.shape))
        yield Mistake("derivative-missing", text, handed_on)
    yield from _exchanged(traced)
    yield from _overwritten(traced)
    yield from _conditions(traced)
    yield from _choices(traced)


# ------------------------------------------------------------------------------ parts exchanged


def _exchanged(traced: Trace) -> Iterator[Mistake]:
    """Two parts that are cut out of an array, or put together, take each other's gradient."""
    firsts = [step for step in traced.steps if step.number == 0]
    reads = [step for step in firsts if step.node.name == "getitem"]
    for one, two in itertools.combinations(reads, 2):
        if one.node.edges[0][:2] == two.node.edges[0][:2] and one.y.shape == two.y.shape:
            text = f"{one} and {two} take each other's gradient"
            changes = {one.site: _put_where(two), two.site: _put_where(one)}
            yield Mistake("exchanged", text, changes)
    for step in firsts:
        for a, b in itertools.combinations(range(step.node.outputs), 2):

            def other_parts(step: Step, g: list, traced: Trace, a: int = a, b: int = b) -> list:
                return step.results(_swapped(g, a, b))

            text = f"the parts {a} and {b} of {step} take each other's gradient"
            yield Mistake("exchanged", text, {step.site: other_parts})
        for slot, edge in enumerate(step.node.edges):
            pairs = itertools.combinations(range(len(edge) if isinstance(edge, list) else 0), 2)
            for a, b in pairs:

                def other_elements(
                    step: Step, g: Any, traced: Trace, slot: int = slot, a: int = a, b: int = b
                ) -> list:
                    results = step.results(g)
                    results[slot] = _swapped(results[slot], a, b)
                    return results

                names = [step.operand(step.slots[slot], k) for k in (a, b)]
                text = f"{names[0]} and {names[1]} take each other's gradient in {step}"
                yield Mistake("exchanged", text, {step.site: other_elements})


def _put_where(read: Step) -> Change:
    """The gradient of a part goes to the place of another part, which was read by `read`."""

    def change(step: Step, g: Any, traced: Trace) -> list:
        out = np.zeros(step.values["x"].shape)
        np.add.at(out, traced.at[read.site, step.number].values["index"], g)
        return [out]

    return change


def _swapped(parts: list, a: int, b: int) -> list:
    parts = [*parts]
    parts[a], parts[b] = same_shape(parts[b], parts[a]), parts[a]
    return parts


def _overwritten(traced: Trace) -> Iterator[Mistake]:
    """The gradients of parts that overlap take each other's place, where they should add up."""
    reads: dict[Any, list[Step]] = {}
    for step in traced.steps:
        if step.node.name == "getitem":
            reads.setdefault(step.node.edges[0][:2], []).append(step)
    for group in reads.values():
        sites = {step.site for step in group}
        for word, order in (("last", 1), ("first", -1)):
            if len(group) > 1:
                text = (
                    f"the gradients of parts that overlap, such as {group[0]}, are not added up, "
                    f"but written over each other: only the {word} one stays"
                )
                changes = dict.fromkeys(sites, _kept(sites, order))
                yield Mistake("overwritten", text, changes)


def _kept(sites: set, order: int) -> Change:
    """What a part sends, but for the entries that a later (order 1) or earlier part takes."""

    def change(step: Step, g: Any, traced: Trace) -> list:
        (result,) = step.results(g)
        of_all = [s for s in traced.steps if s.site in sites and s.node.edges == step.node.edges]
        place = next(i for i, s in enumerate(of_all) if s is step)
        for other in of_all[place + 1 :] if order == 1 else of_all[:place]:
            result[other.values["index"]] = 0
        return [result]

    return change


# --------------------------------------------------------------------- another condition or choice


def _conditions(traced: Trace) -> Iterator[Mistake]:
    """A condition is another one."""
    for step in traced.steps:
        for k, name in enumerate(step.node.plan.saves if step.number == 0 else ()):
            saved = step.node.saved[k]
            if not isinstance(saved, np.ndarray) or saved.dtype.kind != "b":
                continue
            what = step.operand(name, None)
            where = f"in the derivative of {step}"
            for code, words, function in _other_conditions(saved, traced):

                def other(
                    step: Step, g: Any, traced: Trace, k: int = k, f: Callable = function
                ) -> list:
                    saved = [*step.node.saved]
                    saved[k] = np.broadcast_to(f(saved[k], step, traced), saved[k].shape)
                    return step.results(g, saved)

                yield Mistake(code, f"the condition {what} {words} {where}", {step.site: other})


def _other_conditions(saved: np.ndarray, traced: Trace) -> Iterator[tuple[str, str, Callable]]:
    """(code, words, function(condition, step, trace))."""
    yield "condition-inverted", "is inverted", lambda c, step, traced: ~c
    yield "condition-missing", "is taken to hold everywhere", lambda c, step, traced: ~c | True
    bounds = {"0": 0.0}
    for name, value in traced.inputs.items():
        if isinstance(value, float | int):
            bounds |= {name: float(value), f"-{name}": -float(value)}
    bounds |= {"1": 1.0, "-1": -1.0}
    values = [(f"`{n}`", n) for n in traced.leaves]
    values += [(s.value, s.site) for s in traced.steps if s.number == 0]
    for (name, key), (bound, value) in itertools.product(values, bounds.items()):
        for form, compare in CONDITIONS:

            def condition(c, step, traced, key=key, value=value, compare=compare):
                t = traced.leaves[key].data if key in traced.leaves else None
                return compare(traced.at[key, step.number].y if t is None else t, value)

            words = f"is taken for {form.format(name, bound)}"
            yield "condition-replaced", words, condition


CONDITIONS = (
    ("{0} > {1}", np.greater), ("{0} < {1}", np.less),
    ("|{0}| > {1}", lambda t, c: np.abs(t) > c), ("|{0}| < {1}", lambda t, c: np.abs(t) < c),
)  # fmt: skip


def _choices(traced: Trace) -> Iterator[Mistake]:
    """A largest or smallest entry is looked for in the wrong way."""
    for step in traced.steps:
        if step.number or step.node.name not in ("max", "min") or not step.node.edges:
            continue
        for words, choose in CHOICES:

            def other(step: Step, g: Any, traced: Trace, choose: Callable = choose) -> list:
                x, axis = step.values["x"], step.values["axis"]
                axes = tuple(range(x.ndim)) if axis is None else axis
                return [choose(x, axes) * np.where(np.ones_like(x), _spread(g, x, axes), 0.0)]

            yield Mistake("choice-replaced", f"{words} in the derivative of {step}",
                          {step.site: other})  # fmt: skip


def _spread(g: np.ndarray, x: np.ndarray, axes: Any) -> np.ndarray:
    return g if np.ndim(g) == x.ndim else np.expand_dims(g, axes)


def _end(x: np.ndarray, axes: Any, index: int) -> np.ndarray:
    """True at the first or last place along the axes."""
    mask = np.ones(x.shape, bool)
    for axis in axes if isinstance(axes, tuple) else (axes,):
        other = np.arange(x.shape[axis]) != np.arange(x.shape[axis])[index]
        np.moveaxis(mask, axis, 0)[other] = False
    return mask


CHOICES: tuple[tuple[str, Callable], ...] = (
    ("the first entry is taken", lambda x, axes: _end(x, axes, 0)),
    ("the last entry is taken", lambda x, axes: _end(x, axes, -1)),
    ("the largest is taken", lambda x, axes: x == x.max(axis=axes, keepdims=True)),
    ("the smallest is taken", lambda x, axes: x == x.min(axis=axes, keepdims=True)),
    ("the positive ones are taken", lambda x, axes: x > 0),
    ("all but the largest are taken", lambda x, axes: x != x.max(axis=axes, keepdims=True)),
)
