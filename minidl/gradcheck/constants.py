"""The constant between two arrays: measured in each draw, and read as a number or as lengths."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from .trials import close
from .view import Views


def constants(
    views: Views, arrays: Sequence[np.ndarray], terms: Sequence[np.ndarray | None]
) -> list[float] | None:
    """The c of each draw with array = c term, wherever x has a slope; None if one has no such c.

    If they agree, they are the same simple fraction, or the same number.
    """
    found = []
    for v, a, t in zip(views, arrays, terms):
        if t is None or t.shape != a.shape or not np.isfinite(t[v.steady]).all():
            return None
        t = np.where(v.steady, t, 0.0)
        square = float(np.sum(t * t))
        if square < 1e-12:  # any constant would do, so that nothing can be said
            return None
        c = float(np.sum(t * np.where(v.steady, a, 0.0))) / square
        if not close(a, c * t, v.steady):
            return None
        found.append(c)
    if all(math.isclose(c, found[0], rel_tol=1e-5, abs_tol=1e-7) for c in found):
        return [_simple(found[0])] * len(found)
    return found


def _simple(c: float) -> float:
    """c, or the fraction that it is but for rounding."""
    for denominator in (1, 2, 3, 4, 5, 6, 8, 10, 100, 1000):
        if math.isclose(c * denominator, round(c * denominator), rel_tol=1e-5, abs_tol=1e-7):
            return round(c * denominator) / denominator
    return c


def number(c: float) -> str:
    """For a sentence: 1/2, -1/3, 0.1."""
    for denominator in (2, 3, 4):
        if abs(c * denominator) == 1:
            return f"{'-' * (c < 0)}1/{denominator}"
    return f"{c:.6g}"


def in_lengths(views: Views, c: Sequence[float]) -> Iterator[tuple[str, str]]:
    """The first expression of the draws' lengths that gives the constants, and its kind.

    'size' if made of a length, 'root-size' of its root.
    """
    if len(set(c)) == 1:
        return
    for a, b in itertools.permutations(views[0].trial.sizes, 2):
        ratios = [v.trial.sizes[a] / v.trial.sizes[b] for v in views]
        for form, function in (("{0}/{1}", lambda r: r), ("sqrt({0}/{1})", math.sqrt)):
            if all(math.isclose(x, function(r), rel_tol=1e-5) for x, r in zip(c, ratios)):
                yield form.format(a, b), "size"
                return
    for times, (name, lengths), (form, kind, function) in itertools.product(
        (1, -1, 2, -2, 0.5, -0.5), _lengths(views), FORMS
    ):
        if min(lengths) > 1 and all(
            math.isclose(a, times * function(n), rel_tol=1e-5) for a, n in zip(c, lengths)
        ):
            text = form.format(f"({name})" if " " in name else name)
            if text.startswith("1/") and abs(times) == 2:
                text, times = text.replace("1/", "2/", 1), times / 2
            yield {1: "", -1: "-"}.get(times, f"{number(times)} ") + text, kind
            return


def believable(views: Views, c: list[float] | None) -> Iterator[str]:
    """The constant as it stands before a word, 'c ' or '' for 1; nothing if it has no pattern."""
    if c is None or not all(c):
        return
    if c.count(c[0]) < len(c):
        for expression, _ in in_lengths(views, c):
            yield f"{expression} "
    # a single entry a draw is given by almost any constant: then it must be a simple one
    elif sum(v.x.size for v in views) >= 4 * len(views) or abs(c[0]) in (0.5, 1, 2):
        yield {1.0: "", -1.0: "-"}.get(c[0], f"{named(views, c[0]) or number(c[0])} ")


def named(views: Views, c: float) -> str:
    """A number as the expression of a constant, or of lengths that are the same in all draws.

    '' if it is simple as it is, or if there is no such expression.
    """
    if any(math.isclose(abs(c) * d, round(abs(c) * d)) and abs(c) * d < 5 for d in (1, 2, 3, 4)):
        return ""
    return next(_of_constants(views, c), "") or next(_of_fixed_lengths(views, c), "")


def _of_constants(views: Views, c: float) -> Iterator[str]:
    """c as a function of one of the numbers that the forward function is given."""
    given = {n: float(x) for n, x in views[0].trial.inputs.items() if isinstance(x, float | int)}
    for times, (name, value), (form, function) in itertools.product(
        (1, -1, 2, -2, 0.5, -0.5), given.items(), OF_A_CONSTANT
    ):
        try:
            is_it = math.isclose(c, times * function(value), rel_tol=1e-7)
        except (ZeroDivisionError, ValueError):
            continue
        if is_it:
            factor = {1: "", -1: "-"}.get(times, f"{number(times)} ")
            yield f"{factor}{form.format(name)}"


def _of_fixed_lengths(views: Views, c: float) -> Iterator[str]:
    """c as a product of lengths of x or y that are the same in all draws, or 1 over it."""
    for what, shapes in (
        ("y", [v.trial.ys[0].shape for v in views]), (views[0].name, [v.x.shape for v in views])
    ):  # fmt: skip
        same = [k for k, lengths in enumerate(zip(*shapes)) if len({*lengths}) == 1 < lengths[0]]
        for count in (1, 2, 3):
            for axes in itertools.combinations(same, count):
                size = math.prod(shapes[0][k] for k in axes)
                product = " ".join(str(shapes[0][k]) for k in axes)
                of = f"the length of axis {axes[0]} of {what}"
                if count > 1:
                    of = f"the lengths of axes {' and '.join(map(str, axes))} of {what}"
                for value, words in ((1 / size, f"1/({product})"), (size, f"({product})")):
                    if math.isclose(abs(c), value, rel_tol=1e-7):
                        yield f"{'-' * (c < 0)}{words}, {of},"


OF_A_CONSTANT: list[tuple[str, Callable[[float], float]]] = [
    ("{0}", lambda t: t), ("1/{0}", lambda t: 1 / t), ("(1 - {0})", lambda t: 1 - t),
    ("1/(1 - {0})", lambda t: 1 / (1 - t)), ("{0}/(1 - {0})", lambda t: t / (1 - t)),
    ("(1 - {0})/{0}", lambda t: (1 - t) / t), ("{0}²", lambda t: t * t),
    ("1/{0}²", lambda t: t**-2), ("(1 - {0})²", lambda t: (1 - t) ** 2),
    ("1/(1 - {0})²", lambda t: (1 - t) ** -2), ("sqrt {0}", math.sqrt),
    ("1/sqrt {0}", lambda t: t**-0.5), ("(1 + {0})", lambda t: 1 + t),
    ("1/(1 + {0})", lambda t: 1 / (1 + t)), ("{0} (1 - {0})", lambda t: t * (1 - t)),
]  # fmt: skip


def _lengths(views: Views) -> Iterator[tuple[str, list[int]]]:
    """Lengths of axes, their products, and the sizes of x and y, in all draws."""
    names = [*views[0].trial.sizes]
    for k in (1, 2, 3):
        for several in itertools.combinations(names, k):
            yield " ".join(several), [math.prod(map(v.trial.sizes.get, several)) for v in views]
    arrays = [(views[0].name, [v.x for v in views])]
    arrays += [("y", [v.y for v in views])] if views[0].y is not None else []
    for what, of_draws in arrays:
        yield f"the size of {what}", [a.size for a in of_draws]
        for axis, lengths in enumerate(zip(*(a.shape for a in of_draws))):
            yield f"the length of axis {axis} of {what}", [*lengths]


FORMS: list[tuple[str, str, Callable[[int], float]]] = [
    ("1/{0}", "size", lambda n: 1 / n),
    ("{0}", "size", lambda n: n),
    ("1/sqrt {0}", "root-size", lambda n: n**-0.5),
    ("sqrt {0}", "root-size", lambda n: n**0.5),
    ("({0} - 1)/{0}", "size", lambda n: (n - 1) / n),
    ("{0}/({0} - 1)", "size", lambda n: n / (n - 1)),
    ("1/({0} - 1)", "size", lambda n: 1 / (n - 1)),
    ("({0} - 1)", "size", lambda n: n - 1),
    ("1/{0}²", "size", lambda n: n**-2),
    ("{0}²", "size", lambda n: n**2),
]
