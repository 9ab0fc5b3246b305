"""Structure: a gradient of the wrong shape or type, and what was forgotten if it was that alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from .student import Finding, Student
from .trials import close
from .view import View, Views


def wrong_shape(views: Views, others: list[Views]) -> Finding | None:
    """Which repair of the shape makes the values right; the two shapes if none does."""
    bad = next((v for v in views if v.claimed.shape != v.x.shape), None)
    if bad is None:
        return None
    name, text = bad.name, f"it has shape {bad.claimed.shape}, and {bad.name} {bad.x.shape}"
    for code, repair, advice in _repairs(bad):
        if all(_is_repaired(view, repair) for view in views):
            return Finding(code, f"{text}; {advice}", bad.trial, (name,))
    for draws in zip(*(_reductions(v) for v in views)):
        if all(v.is_(reduced) for v, (_, reduced) in zip(views, draws)):
            advice = f"it is the right one {draws[0][0]}, and that is too much"
            return Finding("summed-too-far", f"{text}; {advice}", bad.trial, (name,))
    for what, arrays in _others(views, others):
        if all(a is not None and v.is_(a) for v, a in zip(views, arrays)):
            return Finding(what[0], f"{text}; {what[1]}", bad.trial, (name,))
    if bad.claimed.shape == bad.x.shape[::-1]:
        text += "; transposed it would fit, but the values would be wrong as well"
    return Finding("wrong-shape", text, bad.trial, (name,), specific=False)


def wrong_type(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """Integers, truncated; float32, rounded."""
    for v in views:
        kind = v.claimed.dtype
        if kind.kind == "i" and (v.true != np.round(v.true)).any():
            text = f"it is an array of {kind}; was it made by zeros_like of integers, or cut off?"
            return Finding("dtype", text, v.trial, (v.name,))
        if kind in (np.float32, np.float16):
            good = np.allclose(v.claimed, v.true, rtol=1e-2, atol=1e-3 * np.abs(v.true).max())
            then = "the values are right to its precision" if good else "the values are wrong too"
            text = f"it is {kind}, for inputs of float64; {then}"
            return Finding("dtype", text, v.trial, (v.name,), specific=good)
    return None


def not_finite(views: Views) -> Finding | None:
    """NaN or infinity, with the place of the first."""
    for v in views:
        bad = ~np.isfinite(v.claimed) & v.steady
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            where = f"{v.claimed[index]} at {list(index)}, where {v.name} = {v.x[index]:.4g}"
            text = f"it is {where}, and in {bad.sum()} of {bad.size} entries"
            below = all(np.array_equal(~np.isfinite(w.claimed), w.x < 0) for w in views)
            below = below and all(close(w.claimed[w.x >= 0], w.true[w.x >= 0]) for w in views)
            if below:
                text += (
                    f": exactly where {v.name} < 0, and right elsewhere: this is what you get from "
                    "a logarithm, a root or a broken power of a negative number"
                )
            return Finding("not-finite", text, v.trial, (v.name,), specific=below)
    return None


def _repairs(view: View) -> Iterator[tuple]:
    """(code, repair of an array for an input of shape s, what it means)."""
    extra = view.claimed.ndim - view.x.ndim
    y = view.y
    is_broadcast = y is not None and view.claimed.shape == y.shape
    for axes in _subsets(view.claimed.ndim):
        if extra >= 0 and any(view.claimed.shape[axis] > 1 for axis in axes):
            over = f"summed over {_axes(axes)} it is right"
            advice = f"{over}: this is what you get if the broadcast of {view.name} is not undone"
            code = "missing-unbroadcast" if is_broadcast else "not-summed"
            advice = advice if is_broadcast else over
            yield code, lambda a, s, axes=axes: _summed(a, axes, s), advice
    for order in itertools.permutations(range(view.claimed.ndim)):
        if order != tuple(range(view.claimed.ndim)):
            advice = "it is the transpose of the right one" if len(order) == 2 else (
                f"with its axes in the order {order} it is right"
            )  # fmt: skip
            yield "transposed", lambda a, s, order=order: a.transpose(order), advice
    if extra:
        kept = "squeezed-dimension" if extra < 0 else "kept-dimension"
        what = "an axis of length 1 is missing" if extra < 0 else "an axis of length 1 is left over"
        yield kept, _without_ones, f"the values are right, {what}"
    yield "not-broadcast", np.broadcast_to, f"broadcast to the shape of {view.name} it is right"
    yield "reshaped", lambda a, s: a.reshape(s), "the values are right, in another shape"


def _reductions(view: View) -> Iterator[tuple[str, np.ndarray]]:
    """The true gradient, summed or averaged over some of its axes."""
    for axes, keep in itertools.product(_subsets(view.x.ndim), (True, False)):
        yield f"summed over {_axes(axes)}", view.true.sum(axis=axes, keepdims=keep)
        yield f"averaged over {_axes(axes)}", view.true.mean(axis=axes, keepdims=keep)


def _others(views: Views, others: list[Views]) -> Iterator[tuple]:
    """(code, words) and arrays of other shapes that may have been returned."""
    for other in others:
        text = (
            f"it is the gradient of {other[0].name}: this is what you get if the gradients are "
            "returned in another order than the inputs"
        )
        yield ("swapped", text), [o.true for o in other]
    text = (
        f"it is g itself, which has the shape of y and must be brought to that of {views[0].name}"
    )
    yield ("not-brought-back", text), [v.g for v in views]
    # what each output sends back: g_i times the row of its Jacobian, summed
    sent = [
        None if v.g is None
        else v.g * v.trial.jacobians[v.name].sum(axis=1).reshape(v.g.shape)
        for v in views
    ]  # fmt: skip
    axes_of_y = 0 if views[0].g is None else views[0].g.ndim
    for axes, keep in itertools.product(_subsets(axes_of_y), (0, 1)):
        text = f"it is summed over {_axes(axes)}, which is the wrong place to sum"
        yield ("wrong-axis", text), [s.sum(axis=axes, keepdims=bool(keep)) for s in sent]


def _is_repaired(view: View, repair) -> bool:
    """Whether the repair gives the true gradient, or there was nothing to repair."""
    if view.is_right:
        return True
    try:
        fixed = repair(view.claimed, view.x.shape)
    except (ValueError, IndexError):
        return False
    return View(view.trial, view.name, fixed).is_right


def _summed(a: np.ndarray, axes: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    """a summed over `axes`, which are kept with length 1 if `shape` has as many axes."""
    return a.sum(axis=axes, keepdims=a.ndim == len(shape))


def _without_ones(a: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """a in `shape`, if they differ by axes of length 1 only."""
    if [n for n in a.shape if n != 1] != [n for n in shape if n != 1]:
        raise ValueError("another shape")
    return a.reshape(shape)


def _subsets(n: int) -> list[tuple[int, ...]]:
    """The subsets of n axes, small ones first, without the empty one."""
    return [s for k in range(1, n + 1) for s in itertools.combinations(range(n), k)]


def _axes(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"the axes {', '.join(map(str, axes))}"
