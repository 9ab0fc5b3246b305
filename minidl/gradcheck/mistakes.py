"""Mistakes in one step of a backward pass, to be tried: see `paths`.

A mistake says what a step sends to its inputs in the place of what its rules give.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .algebra import sigmoid
from .tracing import Change, Step, Trace
from .view import fitted


@dataclasses.dataclass
class Mistake:
    """What leads to it, as the end of 'this is what you get if ...', and what it changes."""

    code: str
    text: str
    changes: dict[Any, Change]


@dataclasses.dataclass(frozen=True)
class Edge:
    """The way from a step back to one of its inputs, or to one element of a list of inputs."""

    step: Step
    slot: int
    element: int | None

    @property
    def operand(self) -> str:
        """How the input is written."""
        return self.step.operand(self.step.slots[self.slot], self.element)

    @property
    def derivative(self) -> str:
        """What is differentiated, and with respect to what."""
        alone = len(self.step.slots) == 1 and self.element is None
        return str(self.step) if alone else f"{self.step} with respect to {self.operand}"

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the input."""
        found = self.step.node.edges[self.slot]
        return (found if self.element is None else found[self.element])[2]

    def sends(self, function: Callable[[Step, Any, Any, Trace], Any]) -> dict[Any, Change]:
        """The change of what goes this way, to function(step, g, what its rule gives, trace)."""
        i, j = self.slot, self.element

        def change(step: Step, g: Any, traced: Trace) -> list:
            results = step.results(g)
            if j is None:
                results[i] = function(step, g, results[i], traced)
            else:
                results[i] = [*results[i]]
                results[i][j] = function(step, g, results[i][j], traced)
            return results

        return {self.step.site: change}

    def result(self, step: Step, g: Any, saved: list | None = None) -> Any:
        """What its rule gives for another g, or with other saved values."""
        found = step.results(g, saved)[self.slot]
        return found if self.element is None else found[self.element]


def edges(traced: Trace) -> Iterator[Edge]:
    """All edges of the graph; of the steps that share a site, those of the first."""
    for step in traced.steps:
        if step.number == 0:
            for slot, edge in enumerate(step.node.edges):
                if edge.__class__ is tuple:
                    yield Edge(step, slot, None)
                else:
                    yield from (Edge(step, slot, j) for j, e in enumerate(edge) if e is not None)


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


def _same(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """new, if it has the shape of old."""
    if np.shape(new) != np.shape(old):
        raise ValueError("another shape")
    return new


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
    parts[a], parts[b] = _same(parts[b], parts[a]), parts[a]
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
            return edge.result(step, _same(function(g), g))

        text = f"{words.format('the incoming gradient')} in the derivative of {edge.derivative}"
        yield Mistake(code, text, edge.sends(other))


def _turned_result(edge: Edge) -> Iterator[Mistake]:
    for code, words, function in _turned(len(edge.shape)):

        def other(step: Step, g: Any, r: Any, traced: Trace, function: Callable = function) -> Any:
            return _same(function(r), r)

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
                g = _same(traced.arrived[key], g) * f(traced.at[key].y)
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
                        saved[k] = _same(f(saved[k], step, traced), saved[k])
                    else:
                        saved[k] = [*saved[k]]
                        old = saved[k][element]
                        saved[k][element] = _same(f(old, step, traced), old)
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
                return _same(edge.result(step, g, saved), r)

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
            return _same(r * f(step.y if slot == "y" else step.values[slot]), r)

        text = f"{form} is taken for the derivative of {edge.derivative}, where t is {what}"
        yield Mistake("wrong-derivative", text, edge.sends(instead))
        text = f"the derivative of {edge.derivative} is multiplied by {form}, where t is {what}"
        yield Mistake("extra-factor", text, edge.sends(times))
