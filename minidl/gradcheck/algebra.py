"""Algebra: the claimed gradient a as a formula of the true one n, of x, y and g.

    a = c n           the sign, a forgotten 2, a 1/N too many
    a = R n           moved: flipped, shifted, averaged
    a = c t           something else was returned: g, the value, another input's gradient
    a = c n f(t)      a factor forgotten, or taken twice
    a = c n p/q       a factor in the place of another
    a = n + c t       a term too many, or forgotten

Each family lists, for one draw, what it would predict; the lists of the three draws run side by
side.  A formula is believed only if it gives every entry of every draw.  A constant c is measured,
and must be the same in all draws, or the same expression of the lengths that change between them.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from .constants import believable, constants, in_lengths, named, number
from .student import Finding, Student
from .view import View, Views, fitted

Formula = Iterator[tuple[str, str]]  # code and text of what explains all draws
Prediction = tuple[str, str, "np.ndarray | None"]  # code, text, and what it would be in one draw


def algebra(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """The first formula without another factor or term that gives all of one input's gradient.

    others: the views of the other inputs.
    """
    return _first(views, itertools.chain(
        _scaled(views), _exactly(views, _moved), _exactly(views, lambda v: _parts(v, others)),
        _replaced(views),
    ))  # fmt: skip


def factors_and_terms(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """The first factor or term that is too many or too few; or a function of the right one."""
    several = itertools.chain(
        _exactly(views, _function_of_it), _factors(views), _terms(views), _times_number(views)
    )
    found = _first(views, several)
    if found and found.code == "scalar-factor" and "another number" in found.text:
        return dataclasses.replace(found, specific=False)
    return found


def _first(views: Views, formulas: Formula) -> Finding | None:
    with np.errstate(all="ignore"):
        found = next(formulas, None)
    return found and Finding(*found, views[0].trial, (views[0].name,))


def _exactly(views: Views, family: Callable[[View], Iterator[Prediction]]) -> Formula:
    """Those predictions of a family that are the claimed gradient in every draw."""
    for draws in zip(*(family(v) for v in views)):
        if all(v.is_(array) for v, (_, _, array) in zip(views, draws)):
            yield draws[0][:2]


# ----------------------------------------------------------------------------------- a = c n


def _scaled(views: Views) -> Formula:
    if not any(v.claimed.any() for v in views):
        yield "zeros", "it is zero everywhere"
    c = constants(views, [v.claimed for v in views], [v.true for v in views])
    if c is None:
        return
    if c.count(c[0]) == len(c):
        if c[0] == -1:
            yield "sign", "its sign is wrong everywhere: it is -1 times the right one"
        else:
            words = named(views, c[0]) or number(c[0])
            yield "constant-factor", f"it is {words} times the right one everywhere"
    for expression, kind in in_lengths(views, c):
        means = "this is what you get if a mean is taken for a sum, or a sum for a mean"
        reason = f": {means}" if kind == "size" else ""
        yield f"{kind}-factor", f"it is {expression} times the right one{reason}"
    for times, pairs in itertools.product((1, -1, 2, -2, 0.5, -0.5), zip(*map(_scalars, views))):
        if all(math.isclose(a, times * value, rel_tol=1e-5) for a, (_, value) in zip(c, pairs)):
            factor = {1: "", -1: "-"}.get(times, f"{number(times)} ")
            yield "scalar-factor", f"it is {factor}{pairs[0][0]} times the right one"


def _times_number(views: Views) -> Formula:
    c = constants(views, [v.claimed for v in views], [v.true for v in views])
    if c is not None:
        each = ", ".join(number(a) for a in c)
        yield "scalar-factor", f"it is the right one times another number in each draw: {each}"


def _scalars(v: View) -> Iterator[tuple[str, float]]:
    """Numbers that a gradient may have been multiplied by."""
    for name, array in (("y", v.y), ("g", v.g)):
        if array is not None and array.size == 1:
            yield name, float(array.item())
            yield f"1/{name}", 1 / float(array.item())
    for name, array in ((v.name, v.x), ("y", v.y), ("g", v.g)):
        if array is not None and array.size > 1:
            norm = float(np.linalg.norm(array))
            yield f"the norm of {name}", norm
            yield f"1/the norm of {name}", 1 / norm
            yield f"the squared norm of {name}", norm**2
            yield f"1/the squared norm of {name}", norm**-2
            yield f"the sum of {name}", float(array.sum())
            yield f"the mean of {name}", float(array.mean())
            yield f"the largest entry of {name}", float(array.max())


# ----------------------------------------------------------------------------------- a = R n


def _moved(v: View) -> Iterator[Prediction]:
    """The right numbers in the wrong places."""
    n = v.true
    for axis in range(n.ndim):
        yield "flipped", f"it is the right one, back to front along axis {axis}", np.flip(n, axis)
        for step in (1, -1):
            text = f"it is the right one, moved by {step:+d} along axis {axis}"
            yield "shifted", text, np.roll(n, step, axis)
        for what, function in (("mean", np.mean), ("sum", np.sum)):
            text = (
                f"each entry is the {what} of the right ones along axis {axis}: this is what you "
                "get if it is reduced there and broadcast back"
            )
            yield "averaged", text, np.broadcast_to(function(n, axis, keepdims=True), n.shape)
        running = f"it is the running sum of the right one along axis {axis}"
        yield "cumulated", running, np.cumsum(n, axis)
    yield "transposed", "it is the transpose of the right one", n.T


def _function_of_it(v: View) -> Iterator[Prediction]:
    n = v.true
    for what, array in (
        ("absolute value", np.abs(n)), ("sign", np.sign(n)), ("square", n * n),
        ("positive part", np.maximum(n, 0)), ("clip to [-1, 1]", np.clip(n, -1, 1)),
        ("multiple of length 1", n / np.linalg.norm(n)), ("exponential", np.exp(n)),
    ):  # fmt: skip
        yield "function-of-it", f"it is the {what} of the right one", array


# ----------------------------------------------------------------------------------- a = c t


def _parts(v: View, others: list[Views] = ()) -> Iterator[Prediction]:
    """Other inputs' gradients, and parts of the Jacobian instead of g J."""
    for other in others:
        text = (
            f"it is the gradient of {other[0].name}: this is what you get if the gradients are "
            "returned in another order than the inputs"
        )
        yield "swapped", text, fitted(other[v.trial.number].true, v.x.shape)
    J = v.trial.jacobians[v.name]
    square = v.g is not None and J.shape[0] == J.shape[1] > 1
    g = v.g.ravel() if square else None
    diagonal = np.diag(J) if square else None
    for name, index in v.trial.inputs.items():
        if isinstance(index, np.ndarray) and index.dtype.kind in "iu":
            text = (
                f"of the entries that {name} names several times only the last one counts: this is "
                "what you get from `dx[i] += g`; np.add.at(dx, i, g) adds all"
            )
            yield "duplicates", text, _last_counts(v, index)
    shaped = lambda part: part().reshape(v.x.shape) if square else None
    text = "it is g_i dy_i/dx_i: this is what you get if only the Jacobian's diagonal is used"
    yield "diagonal-only", text, shaped(lambda: g * diagonal)
    text = "it lacks g_i dy_i/dx_i: this is what you get without the Jacobian's diagonal"
    yield "diagonal-missing", text, shaped(lambda: g @ J - g * diagonal)
    text = "it is J g: this is what you get if the Jacobian is multiplied from the wrong side"
    yield "jacobian-transposed", text, shaped(lambda: J @ g)
    text = "it is |g| J: this is what you get if the sign of g is lost"
    yield "upstream-absolute", text, v.trial.slopes(v.name, [np.abs(g) for g in v.trial.gs])


def _last_counts(v: View, index: np.ndarray) -> np.ndarray | None:
    """g, written to the entries of x that `index` names."""
    if v.x.ndim == 0 or v.g is None or v.g.shape != index.shape + v.x.shape[1:]:
        return None
    if index.min(initial=0) < -len(v.x) or index.max(initial=0) >= len(v.x):
        return None
    written = np.zeros(v.x.shape)
    written[index] = v.g
    return written


def _replaced(views: Views) -> Formula:
    for code, what, factor in _multiples(views, [v.claimed for v in views]):
        yield code, f"it is {factor}{what}{MEANING.get(code, '')}"


MEANING = {
    "local-missing": ": this is what you get if the local derivative is left out",
    "value-instead": ": a value stands where the derivative should be",
}


def _quantities(v: View) -> Iterator[Prediction]:
    """What may stand in a formula: the code if it is all that was returned, its name, its value."""
    yield "local-missing", "g", fitted(v.g, v.x.shape)
    yield "value-instead", "y", fitted(v.y, v.x.shape)
    for name, value in _numeric_inputs(v):
        code = "value-instead" if name == v.name else "other-input"
        yield code, name, fitted(value, v.x.shape)
    yield "ones", "1", np.ones(v.x.shape)
    for name, value in [("y", v.y), *_numeric_inputs(v)]:
        product = None
        if v.g is not None and value is not None:
            try:
                product = fitted(np.multiply(v.g, value), v.x.shape)
            except ValueError:
                pass
        yield "wrong-formula", f"g {name}", product
    yield "wrong-formula", "sum(g)", None if v.g is None else np.full(v.x.shape, v.g.sum())


def _numeric_inputs(v: View) -> Iterator[tuple[str, np.ndarray]]:
    for name, value in v.trial.inputs.items():
        if isinstance(value, np.ndarray | float | int):
            yield name, np.asarray(value, np.float64)


def _multiples(views: Views, arrays: Sequence[np.ndarray]) -> Iterator[tuple[str, str, str]]:
    """Of which quantity the arrays are a multiple: its code, its name, the constant as words."""
    for draws in zip(*(_quantities(v) for v in views)):
        for factor in believable(views, constants(views, arrays, [t for _, _, t in draws])):
            yield *draws[0][:2], factor


# ------------------------------------------------------------------------------ a = c n f(t)


def _factors(views: Views) -> Formula:
    claims = [v.claimed for v in views]
    quantities = [*zip(*(_quantities(v) for v in views))]
    for (form, function), draws in itertools.product(FUNCTIONS, quantities):
        name, values = draws[0][1], [t for _, _, t in draws]
        if name == "1" or any(t is None for t in values):
            continue
        terms = [v.true * function(t) for v, t in zip(views, values)]
        for factor in believable(views, constants(views, claims, terms)):
            if form.startswith("1/") and factor in ("", "-"):
                yield "missing-factor", f"the factor {factor}{form[2:].format(name)} is missing"
            yield "extra-factor", f"it is the right one times {factor}{form.format(name)}"


def sigmoid(t: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-t))


FUNCTIONS: list[tuple[str, Callable]] = [
    ("{0}", lambda t: t), ("1/{0}", lambda t: 1 / t), ("{0}²", lambda t: t * t),
    ("1/{0}²", lambda t: t**-2.0), ("{0}³", lambda t: t**3), ("1/{0}³", lambda t: t**-3.0),
    ("(1 - {0})", lambda t: 1 - t), ("1/(1 - {0})", lambda t: 1 / (1 - t)),
    ("(1 + {0})", lambda t: 1 + t), ("1/(1 + {0})", lambda t: 1 / (1 + t)),
    ("(1 - {0}²)", lambda t: 1 - t * t), ("1/(1 - {0}²)", lambda t: 1 / (1 - t * t)),
    ("(1 + {0}²)", lambda t: 1 + t * t), ("1/(1 + {0}²)", lambda t: 1 / (1 + t * t)),
    ("{0} (1 - {0})", lambda t: t * (1 - t)), ("1/({0} (1 - {0}))", lambda t: 1 / (t * (1 - t))),
    ("sqrt({0})", np.sqrt), ("1/sqrt({0})", lambda t: t**-0.5),
    ("exp({0})", np.exp), ("1/exp({0})", lambda t: np.exp(-t)),
    ("log({0})", np.log), ("1/log({0})", lambda t: 1 / np.log(t)),
    ("tanh({0})", np.tanh), ("1/tanh({0})", lambda t: 1 / np.tanh(t)),
    ("(1 - tanh({0})²)", lambda t: 1 - np.tanh(t) ** 2),
    ("1/(1 - tanh({0})²)", lambda t: 1 / (1 - np.tanh(t) ** 2)),
    ("sigmoid({0})", sigmoid), ("1/sigmoid({0})", lambda t: 1 / sigmoid(t)),
    ("(1 - sigmoid({0}))", lambda t: sigmoid(-t)),
    ("1/(1 - sigmoid({0}))", lambda t: 1 / sigmoid(-t)),
    ("sigmoid({0}) (1 - sigmoid({0}))", lambda t: sigmoid(t) * sigmoid(-t)),
    ("1/(sigmoid({0}) (1 - sigmoid({0})))", lambda t: 1 / (sigmoid(t) * sigmoid(-t))),
    ("|{0}|", np.abs), ("1/|{0}|", lambda t: 1 / np.abs(t)), ("sign({0})", np.sign),
]  # fmt: skip


# ---------------------------------------------------------------------------------- a = n + c t


def _terms(views: Views) -> Formula:
    differences = [v.claimed - v.true for v in views]
    for draws in zip(*(_own_terms(v) for v in views)):
        for factor in believable(views, constants(views, differences, [t for _, t in draws])):
            yield _plus(factor, draws[0][0])
    for _, name, factor in _multiples(views, differences):
        yield _plus(factor, name)


def _own_terms(v: View) -> Iterator[tuple[str, np.ndarray | None]]:
    """Terms made of the gradient itself."""
    for _, text, part in _parts(v):
        yield text.split(":")[0].removeprefix("it is ").removeprefix("it "), part
    n = v.true
    for axis in (None, *range(n.ndim)):
        over = "" if axis is None else f" along axis {axis}"
        for what, function in (("mean", np.mean), ("sum", np.sum)):
            reduced = function(n, axis=axis, keepdims=True)
            yield f"the {what} of the right one{over}", np.broadcast_to(reduced, n.shape)


def _plus(factor: str, what: str) -> tuple[str, str]:
    if factor.startswith("-"):
        return "missing-term", f"the term {factor[1:]}{what} is missing"
    return "extra-term", f"it is the right one, plus {factor}{what}"


# -------------------------------------------------------------------------------- a = c n p/q


def swapped_factors(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """One factor in the place of another."""
    with np.errstate(all="ignore"):
        found = next(_swapped_factors(views), None)
    return found and Finding(*found, views[0].trial, (views[0].name,))


def _swapped_factors(views: Views) -> Formula:
    claims = [v.claimed for v in views]
    quantities = [*zip(*(_quantities(v) for v in views))]
    found = []
    for (form, function), draws in itertools.product(FUNCTIONS, quantities):
        values = [t for _, _, t in draws]
        if form.startswith("1/") or draws[0][1] in ("1", "g") or any(t is None for t in values):
            continue
        factor = [function(t) for t in values]
        if all(np.isfinite(f).all() and f.all() for f in factor):
            found.append((form.format(draws[0][1]), factor))
    # in the first draw, p/q is told by its logarithm, up to a constant; then all draws must agree
    first = views[0]
    used = first.steady & (np.abs(first.true) > 1e-3 * np.abs(first.true).max(initial=0))
    if used.sum() < 4 or not first.claimed[used].all():
        return
    wanted = np.log(np.abs(first.claimed[used] / first.true[used]))
    logs = [np.log(np.abs(factor[0][used])) for _, factor in found]
    for (i, (p, above)), (j, (q, below)) in itertools.permutations(enumerate(found), 2):
        if np.ptp(wanted - logs[i] + logs[j]) > 1e-3:
            continue
        terms = [v.true * f / h for v, f, h in zip(views, above, below)]
        for factor in believable(views, constants(views, claims, terms)):
            yield "swapped-factor", f"it has {factor}{p} as a factor where {q} belongs"
