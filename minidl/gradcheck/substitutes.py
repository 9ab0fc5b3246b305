"""What may stand in a derivative in the place of what belongs there, to be tried: see `paths`.

Part of the incoming gradient, or that of a later step; another value, or another function.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .algebra import sigmoid
from .edges import Edge, Mistake, edges, same_shape
from .tracing import Step, Trace
from .view import fitted


def further(traced: Trace) -> Iterator[Mistake]:
    """Part of g is used; all between two steps is left out; other values stand in a derivative."""
    every = [*edges(traced)]
    for edge in every:
        yield from _some_times(edge, traced)
        yield from _other_g(edge, _of_gradient)
    yield from _shortcuts(traced, SHORT[:1])
    for edge in every:
        yield from _other_values(edge, traced)
    for edge in every:
        yield from _other_g(edge, _turned)
        yield from _turned_result(edge)
    yield from _shortcuts(traced, SHORT[1:])
    for edge in every:
        yield from _other_functions(edge)


# ------------------------------------------------------------------------------------- another g


def _some_times(edge: Edge, traced: Trace) -> Iterator[Mistake]:
    """Of a step that is made several times, only one counts, or one does not."""
    if (edge.step.site, 1) not in traced.at:
        return
    of = f"of those times that {edge.derivative} is differentiated"
    for word, is_it in (
        ("first", lambda step, traced: step.number == 0),
        ("last", lambda step, traced: (step.site, step.number + 1) not in traced.at),
    ):
        one = edge.sends(lambda step, g, r, traced, is_it=is_it: r * is_it(step, traced))
        yield Mistake("only-one", f"only the {word} {of} is used", one)
        others = edge.sends(lambda step, g, r, traced, is_it=is_it: r * (not is_it(step, traced)))
        yield Mistake("one-missing", f"the {word} {of} is left out", others)


def _other_g(edge: Edge, changes: Callable) -> Iterator[Mistake]:
    """Only part of g is used, or g is summed, turned or reversed, before the rule is given it."""
    for code, words, function in () if edge.step.node.outputs else changes(np.ndim(edge.step.y)):

        def other(step: Step, g: Any, r: Any, traced: Trace, function: Callable = function) -> Any:
            return edge.result(step, same_shape(function(g), g))

        text = f"{words.format('the incoming gradient')} in the derivative of {edge.derivative}"
        yield Mistake(code, text, edge.sends(other))


def _turned_result(edge: Edge) -> Iterator[Mistake]:
    for code, words, function in _turned(len(edge.shape)):

        def other(step: Step, g: Any, r: Any, traced: Trace, function: Callable = function) -> Any:
            return same_shape(function(r), r)

        text = f"{words.format('what is sent back')} in the derivative of {edge.derivative}"
        yield Mistake(code, text, edge.sends(other))


def _of_gradient(dims: int) -> Iterator[tuple[str, str, Callable]]:
    """(code, words, function) of what may be done to a gradient."""
    for axis in range(dims):
        for word, index in (("first", 0), ("last", -1)):
            text = f"only the {word} place of {{}} along axis {axis} is used"
            yield "only-one", text, lambda g, axis=axis, index=index: _only(g, axis, index)
        for word, function in (("sum", np.sum), ("mean", np.mean)):
            text = f"the {word} of {{}} along axis {axis} is used"
            yield (
                "gradient-reduced",
                text,
                lambda g, axis=axis, f=function: np.broadcast_to(
                    f(g, axis=axis, keepdims=True), g.shape
                ),
            )
    yield from _turned(dims)


def _turned(dims: int) -> Iterator[tuple[str, str, Callable]]:
    """The same for what leaves the numbers as they are."""
    for count in (1, 2):
        for axes in itertools.combinations(range(dims), count):
            along = f"axis {axes[0]}" if count == 1 else f"the axes {axes[0]} and {axes[1]}"
            text = f"{{}} is back to front along {along}"
            yield "gradient-flipped", text, lambda g, axes=axes: np.flip(g, axes)
    for a, b in itertools.combinations(range(dims), 2):
        text = f"the axes {a} and {b} of {{}} are exchanged"
        yield "gradient-transposed", text, lambda g, a=a, b=b: g.swapaxes(a, b)


def _only(g: np.ndarray, axis: int, index: int) -> np.ndarray:
    part = np.zeros_like(g)
    np.moveaxis(part, axis, 0)[index] = np.moveaxis(g, axis, 0)[index]
    return part


# ------------------------------------------------------------- from one step to an earlier one

SHORT = (
    ("", lambda t: 1.0), ("t", lambda t: t), ("t (1 - t)", lambda t: t * (1 - t)),
    ("(1 - t²)", lambda t: 1 - t * t), ("(1 - t)", lambda t: 1 - t), ("1/t", lambda t: 1 / t),
    ("t (1 + t)", lambda t: t + t * t), ("t²", np.square), ("(1 + t²)", lambda t: 1 + t * t),
)  # fmt: skip


def _shortcuts(traced: Trace, forms: tuple) -> Iterator[Mistake]:
    """The gradient of a step is handed on to one on which it depends, or to an input."""
    firsts = [s for s in traced.steps if s.number == 0 and isinstance(s.y, np.ndarray) and s.y.ndim]
    before = _depends_on(traced)
    inputs = [(name, f"`{name}`", x.shape) for name, x in traced.leaves.items()]
    for (form, function), late in itertools.product(forms, reversed(firsts)):
        earlier = [(s.site, s.value, s.y.shape) for s in firsts if s.site in before[late.site]]
        for place, early, shape in [*earlier, *inputs]:
            if shape != late.y.shape or (place in traced.leaves and place not in before[late.site]):
                continue

            def change(
                step: Step | None, g: Any, traced: Trace, late: Step = late, f: Callable = function
            ) -> Any:
                key = late.site, step.number if step else 0
                g = same_shape(traced.arrived[key], g) * f(traced.at[key].y)
                return step.results(g) if step else g

            text = f"the gradient of {late.value} is handed on to {early} as it is"
            if form:
                text = (
                    f"the gradient of {early} is that of {late.value} times {form}, where t is "
                    f"{late.value}"
                )
            yield Mistake("derivatives-missing", text, {place: change})


def _depends_on(traced: Trace) -> dict[tuple, set]:
    """The sites, and names of inputs, on which the steps of each site depend."""
    of_node = {step.node: step.site for step in traced.steps}
    of_node |= {x.node: name for name, x in traced.leaves.items()}
    found: dict[Any, set] = {name: set() for name in traced.leaves}
    for step in traced.steps:
        own = found.setdefault(step.site, set())
        for edge in step.node.edges:
            for e in [edge] if edge.__class__ is tuple else edge:
                if e is not None:
                    own |= {of_node[e[0]]} | found[of_node[e[0]]]
    return found


# ------------------------------------------------------------------ other values, other functions


def _other_values(edge: Edge, traced: Trace) -> Iterator[Mistake]:
    """The rule is given another value than the one that the forward function had."""
    plan = edge.step.node.plan
    for k, name in enumerate(plan.saves if plan.op.joint is None else ()):
        saved = edge.step.node.saved[k]
        if name == "axis" and isinstance(saved, int):
            yield from _other_axes(edge, k, saved)
        parts = [*enumerate(saved)] if name == plan.op.list_of else [(None, saved)]
        for element, value in parts:
            if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
                continue
            what = str(edge.step) if name == "y" else edge.step.operand(name, element)
            for code, words, function in _in_the_place_of(value, what, traced):

                def other(
                    step: Step, g: Any, r: Any, traced: Trace, k: int = k,
                    element: int | None = element, f: Callable = function,
                ) -> Any:  # fmt: skip
                    saved = [*step.node.saved]
                    if element is None:
                        saved[k] = same_shape(f(saved[k], step, traced), saved[k])
                    else:
                        saved[k] = [*saved[k]]
                        old = saved[k][element]
                        saved[k][element] = same_shape(f(old, step, traced), old)
                    return edge.result(step, g, saved)

                text = f"{words} in the derivative of {edge.derivative}"
                yield Mistake(code, text, edge.sends(other))


def _other_axes(edge: Edge, k: int, axis: int) -> Iterator[Mistake]:
    """An operation along an axis is differentiated along another one."""
    for other in range(len(edge.shape)):
        if other != axis % len(edge.shape):

            def along(step: Step, g: Any, r: Any, traced: Trace, other: int = other) -> Any:
                saved = [*step.node.saved]
                saved[k] = other
                return same_shape(edge.result(step, g, saved), r)

            text = f"axis {other} stands where axis {axis} belongs in the derivative of {edge.step}"
            yield Mistake("axis-replaced", text, edge.sends(along))


def _in_the_place_of(
    saved: np.ndarray, what: str, traced: Trace
) -> Iterator[tuple[str, str, Callable]]:
    """(code, words, function(saved, step, trace)) of what may stand for a saved value."""
    for code, words, function in _turned(saved.ndim):
        yield (
            code.replace("gradient", "operand"),
            words.format(what),
            (lambda v, step, traced, f=function: f(v)),
        )
    for name, value in traced.inputs.items():
        if isinstance(value, np.ndarray) and value.shape == saved.shape and value is not saved:
            text = f"`{name}` stands where {what} belongs"
            yield "operand-replaced", text, lambda v, step, traced, n=name: traced.inputs[n]
    for other in traced.steps:
        if other.number == 0 and np.shape(other.y) == saved.shape and other.y is not saved:
            text = f"{other.value} stands where {what} belongs"
            yield (
                "operand-replaced",
                text,
                lambda v, step, traced, site=other.site: traced.at[site, step.number].y,
            )
    for words, function in (
        ("1", np.ones_like), (f"the absolute value of {what}", np.abs),
        (f"the square of {what}", np.square), (f"1 over {what}", np.reciprocal),
        (f"the sign of {what}", np.sign),
    ):  # fmt: skip
        text = f"{words} stands where {what} belongs"
        yield "operand-replaced", text, lambda v, step, traced, f=function: f(v)


FORMS = (
    ("1 - t", lambda t: 1 - t), ("1 - t²", lambda t: 1 - t * t), ("t (1 - t)", lambda t: t - t * t),
    ("t", lambda t: t), ("1/t", lambda t: 1 / t), ("t²", np.square), ("1/t²", lambda t: t**-2.0),
    ("1 + t²", lambda t: 1 + t * t), ("1 + t", lambda t: 1 + t), ("exp(t)", np.exp),
    ("sqrt(t)", np.sqrt), ("1/sqrt(t)", lambda t: t**-0.5), ("sign(t)", np.sign),
    ("|t|", np.abs), ("1 where t > 0", lambda t: t > 0), ("1 where t < 0", lambda t: t < 0),
    ("sigmoid(t)", sigmoid), ("tanh(t)", np.tanh),
)  # fmt: skip


def _other_functions(edge: Edge) -> Iterator[Mistake]:
    """Another function stands for a derivative, or multiplies it."""
    step = edge.step
    if not isinstance(step.y, np.ndarray):
        return
    given = [(slot, step.operand(slot, None)) for slot in step.slots if edge.element is None]
    for (form, function), (slot, what) in itertools.product(FORMS, [*given, ("y", str(step))]):

        def instead(step, g, r, traced, f=function, slot=slot):
            return fitted(g * f(step.y if slot == "y" else step.values[slot]), r.shape)

        def times(step, g, r, traced, f=function, slot=slot):
            return same_shape(r * f(step.y if slot == "y" else step.values[slot]), r)

        text = f"{form} is taken for the derivative of {edge.derivative}, where t is {what}"
        yield Mistake("wrong-derivative", text, edge.sends(instead))
        text = f"the derivative of {edge.derivative} is multiplied by {form}, where t is {what}"
        yield Mistake("extra-factor", text, edge.sends(times))
