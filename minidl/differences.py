"""Finite differences: the slopes of a function, measured, beside the gradient that someone claims.

For an incoming gradient g = dL/dy, a backward pass computes g times the Jacobian of y = f(x).  That
is the slope of the number sum(g * f(x)) along each entry of x, which a central difference measures
from values of f alone:

    slope_i = sum(g * (f(x + h e_i) - f(x - h e_i))) / 2h

What makes the comparison trustworthy:

- float64, and h = cbrt(eps) * max(1, |x_i|), from 6e-6 up.  The difference is wrong by about h^2
  (truncation) and by eps / h (rounding), together least near cbrt(eps).  In float32 rounding alone
  is 2%, and an integer x + h is x.
- g is random, never ones: sum(softmax(x)) has slope zero everywhere, so with g = 1 a backward that
  returns zeros would pass.
- An error is measured against the largest slope of its array: max|a - n| <= rtol max|n| + atol.
  Entry by entry, a slope that is 1e-12 by cancellation would count as wrong.
- Within reach of a kink (relu at 1e-7) there is no slope to compare with.  It shows when h is
  halved: the measured slope changes.  Such entries are set aside, counted and reported.

Here everything is an array; `gradcheck` does this for Tensors.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np

EPS = float(np.cbrt(np.finfo(np.float64).eps))  # 6.1e-6, the step for |x| <= 1
LARGE = 2000  # an array with more entries is checked along random directions,
DIRECTIONS = 4  # so many of them
MAX_EXCLUDED = 0.25  # the share of an array's entries that may lie near kinks
SHOWN = 6  # how many of the worst entries a message shows

Arrays = Sequence[np.ndarray]
Function = Callable[..., Arrays]  # f(*arrays) -> outputs
Pullback = Callable[[Arrays], Arrays]  # incoming gradients -> the gradient of each array


def check_arrays(
    function: Function,
    vjp: Callable[..., tuple[Arrays, Pullback]],
    arrays: Arrays,
    names: Sequence[str],
    title: str,
    *,
    eps: float | None = None,
    atol: float = 1e-8,
    rtol: float = 1e-5,
    nondet_tol: float = 0.0,
    fast_mode: bool | None = None,
    seed: int = 0,
) -> Report:
    """Compare the gradients of `vjp` with the slopes of `function`, at the float64 `arrays`.

    vjp: takes the arrays, returns the outputs and a function from incoming gradients to gradients.
    names, title: what messages call the arrays and the function.  The rest is as in `gradcheck`.
    """
    rng = np.random.default_rng(seed)
    outputs = function(*arrays)
    gs = [random(rng, y.shape) for y in outputs]
    problems, gradients = _behaviour(vjp, arrays, outputs, gs, names, rng, nondet_tol, atol)
    comparisons = []
    for k, gradient in enumerate(gradients):
        fast = arrays[k].size > LARGE if fast_mode is None else fast_mode
        steps = list(_steps(arrays[k], eps or EPS, rng if fast else None))
        change = change_along(function, arrays, k, gs)
        comparisons.append(_compare(names[k], gradient, change, steps, fast, rtol, atol))
    return Report(title, comparisons, problems, seed)


def random(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of either sign between 1/2 and 3/2: random, and none too small to be seen."""
    return np.array(rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 1.5, shape))


# -------------------------------------------------- what is wrong before a slope is measured


def _behaviour(
    vjp: Callable,
    arrays: Arrays,
    values: Arrays,
    gs: Arrays,
    names: Sequence[str],
    rng: np.random.Generator,
    tolerance: float,
    atol: float,
) -> tuple[list[str], Arrays]:
    """The list of problems, and the gradients; none if they cannot be compared with slopes."""
    arrays_before, gs_before = [a.copy() for a in arrays], [g.copy() for g in gs]
    (outputs, pullback), (outputs_again, pullback_again) = vjp(*arrays), vjp(*arrays)
    if not _equal(outputs, outputs_again, tolerance):
        return ["the value is another one the second time: randomness must be an input"], []
    if not _equal(outputs, values, tolerance + 1e-9 * _size(values) + atol):
        return ["computed for a backward pass the value is another one than without"], []
    gradients = pullback(gs)
    for name, x, gradient in zip(names, arrays, gradients):
        if gradient.shape != x.shape:
            return [f"the gradient for {name} has shape {gradient.shape}, {name} {x.shape}"], []
        if not np.isfinite(gradient).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(gradient))[0])
            return [f"the gradient for {name} is {gradient[where]} at {list(where)}"], []

    problems = []
    if not _equal(gradients, pullback(gs), tolerance):
        problems.append("a second backward pass over the same graph gives another gradient")
    if not _equal(gradients, pullback_again(gs), tolerance):
        problems.append("forward and backward, run again, give another gradient")
    if not _equal(pullback([0 * g for g in gs]), [0 * a for a in arrays]):
        problems.append("an incoming gradient of zero gives a gradient that is not: a term lacks g")
    others = [random(rng, g.shape) for g in gs]
    together = pullback([2 * g + other for g, other in zip(gs, others)])
    apart = [2 * a + b for a, b in zip(gradients, pullback(others))]
    if not _equal(together, apart, tolerance + 1e-9 * _size(apart) + atol):
        problems.append("not linear in the incoming gradient: v(2g + k) is not 2 v(g) + v(k)")
    if not _equal(arrays, arrays_before):
        problems.append("an input was changed in place")
    if not _equal(gs, gs_before):
        problems.append("the incoming gradient was changed in place")
    return problems, gradients


def _size(arrays: Arrays) -> float:
    """The largest absolute value."""
    return max((float(np.max(np.abs(a), initial=0)) for a in arrays), default=0.0)


def _equal(some: Arrays, others: Arrays, tolerance: float = 0.0) -> bool:
    """Whether corresponding arrays differ by at most `tolerance`."""
    return all(
        a.shape == b.shape and np.allclose(a, b, rtol=0, atol=tolerance, equal_nan=True)
        for a, b in zip(some, others, strict=True)
    )


# ----------------------------------------------------------------------------- measured slopes


def change_along(function: Function, arrays: Arrays, k: int, gs: Arrays) -> Callable:
    """(direction u, distance t) -> sum(g * (f(x + t u) - f(x))), where x is array number k."""
    start = [np.array(y) for y in function(*arrays)]  # copies: a view of x would move with it

    def change(u: np.ndarray, t: float) -> float:
        moved = [*arrays]
        moved[k] = arrays[k] + t * u
        return sum(np.sum(g * (y - y0)) for g, y, y0 in zip(gs, function(*moved), start))

    return change


def slope(change: Callable, u: np.ndarray, h: float) -> float:
    """The central difference."""
    return (change(u, h) - change(u, -h)) / (2 * h)


def unsteadiness(change: Callable, u: np.ndarray, h: float) -> float:
    """By how much the measured slope depends on the step: h^2 and rounding, if f is smooth.

    If the slope jumps by J at a distance d < h from x, the central difference is off by
    J (1 - d/h) / 2.  Then it is another one for h/2; or else, at d = 0, where both give the mean of
    the two sides, the bend is J instead of halving with h.  The sum of these two signs is, for
    any d, at least two fifths of the error that the kink makes.
    """
    bend = lambda h: (change(u, h) + change(u, -h)) / h
    return abs(slope(change, u, h) - slope(change, u, h / 2)) + abs(bend(h) - 2 * bend(h / 2))


def complex_step(function: Function, arrays: Arrays, k: int, gs: Arrays) -> np.ndarray:
    """The slopes of sum(g * f) along each entry of array k, exact to rounding: Im f(x + ih) / h.

    No difference is taken, so nothing cancels and h may be 1e-20; but f must be analytic, and
    computed by functions that accept complex numbers.  Squire & Trapp 1998, SIAM Review 40(1).
    """
    h, slopes = 1e-20, np.empty(arrays[k].shape)
    for index in np.ndindex(slopes.shape):
        moved = [a.astype(np.complex128) for a in arrays]
        moved[k][index] += 1j * h
        slopes[index] = sum(np.sum(g * np.imag(y)) for g, y in zip(gs, function(*moved))) / h
    return slopes


def _steps(x: np.ndarray, eps: float, rng: np.random.Generator | None) -> Iterator[tuple]:
    """Where to go from x and how far: (label, direction, h).  With `rng`, random directions."""
    scale = np.maximum(1, np.abs(x))
    if rng is None:
        for index in np.ndindex(x.shape):
            unit = np.zeros_like(x)
            unit[index] = 1
            yield str(list(index)), unit, eps * float(scale[index])
    else:
        for i in range(DIRECTIONS):
            yield f"direction {i}", random(rng, x.shape) * scale, eps


def _compare(
    name: str,
    gradient: np.ndarray,
    change: Callable,
    steps: list,
    fast: bool,
    rtol: float,
    atol: float,
) -> Comparison:
    """The gradient beside the slopes measured along `steps`."""
    analytic = np.array([np.sum(gradient * u) for _, u, _ in steps])
    numeric = np.array([slope(change, u, h) for _, u, h in steps])
    # along a direction the terms g_i u_i may cancel, so that their norm is the size to judge by
    sizes = [np.linalg.norm(gradient * u) for _, u, _ in steps] if fast else np.abs(numeric)
    scale = float(np.max(sizes, initial=0))
    wrong = ~(np.abs(analytic - numeric) <= rtol * scale + atol)
    at_kink = np.zeros_like(wrong)
    for i in np.flatnonzero(wrong):
        _, u, h = steps[i]
        at_kink[i] = unsteadiness(change, u, h) > 0.2 * abs(analytic[i] - numeric[i])
    labels = [label for label, _, _ in steps]
    return Comparison(
        name, gradient.shape, labels, analytic, numeric, wrong & ~at_kink, at_kink, scale,
        rtol * scale + atol,
    )  # fmt: skip


# --------------------------------------------------------------------------------- the outcome


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The gradient for one input beside the measured slopes, one number an entry or direction.

    labels: the index of the entry, or the number of the direction.  wrong: beyond the tolerance.
    at_kink: beyond it too, but where there is no slope.  scale: the largest slope.
    """

    name: str
    shape: tuple[int, ...]
    labels: list[str]
    analytic: np.ndarray
    numeric: np.ndarray
    wrong: np.ndarray
    at_kink: np.ndarray
    scale: float
    tolerance: float

    @property
    def error(self) -> float:
        """The largest |analytic - numeric| away from kinks."""
        return float(np.max(np.abs(self.analytic - self.numeric)[~self.at_kink], initial=0))

    def failure(self) -> str | None:
        """What is wrong, with the worst entries; None if nothing is."""
        if self.wrong.any():
            text = (
                f"the gradient for {self.name}, shape {self.shape}, is wrong in "
                f"{self.wrong.sum()} of {len(self.wrong)} places, by up to "
                f"{self.error:.2g}; the largest slope is {self.scale:.2g}, and "
                f"{self.tolerance:.2g} is allowed."
            )
            return f"{text}\n\n{self._worst(self.wrong)}"
        if self.at_kink.sum() > MAX_EXCLUDED * len(self.at_kink):
            text = (
                f"in {self.at_kink.sum()} of {len(self.at_kink)} places {self.name}, shape "
                f"{self.shape}, lies at a kink, where there is no slope to compare with: move it."
            )
            return f"{text}\n\n{self._worst(self.at_kink)}"
        return None

    def _worst(self, places: np.ndarray) -> str:
        """Index, analytic, numeric and ratio where the difference is largest."""
        difference = np.nan_to_num(np.abs(self.analytic - self.numeric), nan=np.inf)
        order = sorted(np.flatnonzero(places), key=lambda i: -difference[i])
        rows = [("entry", "analytic", "numeric", "ratio")]
        for i in order[:SHOWN]:
            a, n = self.analytic[i], self.numeric[i]
            rows.append((self.labels[i], f"{a:.6g}", f"{n:.6g}", f"{a / n:.4f}" if n else "-"))
        return _table(rows)


@dataclasses.dataclass(frozen=True)
class Report:
    """What was found: true if every gradient is right; printed, a table or what is wrong."""

    title: str
    comparisons: list[Comparison]
    problems: list[str]
    seed: int

    def __bool__(self) -> bool:
        return not self.failures

    @property
    def failures(self) -> list[str]:
        """Everything that is wrong."""
        return self.problems + [c.failure() for c in self.comparisons if c.failure()]

    @property
    def max_error(self) -> float:
        """The largest error relative to the largest slope of its array."""
        return max((c.error / c.scale for c in self.comparisons if c.scale), default=0.0)

    @property
    def at_kinks(self) -> int:
        """How many entries were set aside because they lie at kinks."""
        return int(sum(c.at_kink.sum() for c in self.comparisons))

    def __str__(self) -> str:
        if self.failures:
            failures = "\n\n".join(self.failures)
            return (
                f"gradcheck of {self.title}: wrong\n\n{failures}\n\n"
                "    analytic: the backward pass, for a random incoming gradient g "
                f"(seed={self.seed})\n    numeric:  central differences of sum(g * f)"
            )
        rows = [("input", "shape", "compared", "at kinks", "error", "largest slope")]
        for c in self.comparisons:
            counts = f"{len(c.labels)}", f"{c.at_kink.sum()}"
            rows.append((c.name, f"{c.shape}", *counts, f"{c.error:.1e}", f"{c.scale:.2g}"))
        return f"gradcheck of {self.title}: right\n{_table(rows)}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as indented columns."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows]
    return "\n".join(f"    {line}" for line in lines)
