"""Place: where a gradient is wrong, and what stands there instead.

A place such as `x < 0` is named only if, in every draw, the wrong entries are exactly those.  The
places of one draw are listed, and the lists of the three draws run side by side.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .constants import believable, constants, named
from .student import Finding, Student
from .view import View, Views, fitted

Place = tuple[str, str, "np.ndarray | None"]  # code, words, mask of x's shape or broadcast to it
SIGNS = ((" < 0", np.less), (" > 0", np.greater), (" = 0", np.equal))
BOUNDS = ((" <= ", np.less_equal), (" >= ", np.greater_equal), (" = ", np.equal))


def place(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """Where all wrong entries lie; None if there is no such place, or if it is everywhere."""
    for draws in zip(*(places(v) for v in views)):
        code, words, _ = draws[0]
        if any(mask is None for _, _, mask in draws):
            continue
        masks = [np.broadcast_to(mask, v.x.shape) for v, (_, _, mask) in zip(views, draws)]
        if all(m.all() for m in masks) or not any(m.any() for m in masks):
            continue
        if all(np.array_equal(v.wrong, m & v.steady) for v, m in zip(views, masks)):
            instead = _instead(views, masks)
            trial = next(v.trial for v in views if v.wrong.any())
            text = f"it is wrong exactly {words}{instead}"
            return Finding(code, text, trial, (views[0].name,), specific=bool(instead))
    return None


def _instead(views: Views, masks: list[np.ndarray]) -> str:
    """What stands at the wrong place: zero, a multiple, something else's value; '' if unknown."""

    def is_there(terms: list[np.ndarray | None]) -> bool:
        return all(v.is_(t, m) for v, t, m in zip(views, terms, masks))

    if is_there([np.zeros(v.x.shape) for v in views]):
        return ", and zero there: this is what you get if those entries are left out"
    if is_there([fitted(v.g, v.x.shape) for v in views]):
        return ", and the incoming gradient itself there"
    if is_there([fitted(v.y, v.x.shape) for v in views]):
        return ", and y itself there"
    with np.errstate(all="ignore"):
        ratios = np.concatenate([(v.claimed / v.true)[v.wrong] for v in views])
        of_g = [(v.claimed / v.g)[v.wrong] for v in views if v.g is not None
                and v.g.shape == v.x.shape]  # fmt: skip
    if np.isfinite(ratios).all() and np.allclose(ratios, ratios[0], rtol=1e-5):
        return f", and {_times(views, ratios[0])} the right one there"
    of_g = np.concatenate(of_g or [[np.nan, 0.0]])
    if np.isfinite(of_g).all() and np.allclose(of_g, of_g[0], rtol=1e-5):
        return f", and {_times(views, of_g[0])} the incoming gradient there"
    return _formula_there(views, masks)


def _formula_there(views: Views, masks: list[np.ndarray]) -> str:
    """A multiple of g, or of g times something, in the place of the right one or added to it."""
    inside = [np.where(m, v.claimed, 0.0) for v, m in zip(views, masks)]
    added = [np.where(m, v.claimed - v.true, 0.0) for v, m in zip(views, masks)]
    for draws in zip(*(_of_g(v) for v in views)):
        if any(t is None for _, t in draws):
            continue
        terms = [np.where(m, t, 0.0) for m, (_, t) in zip(masks, draws)]
        for before, arrays in (("", inside), ("the right one plus ", added)):
            for factor in believable(views, constants(views, arrays, terms)):
                return f", and {before}{factor}{draws[0][0]} there"
    return ""


def _of_g(v: View) -> Iterator[tuple[str, np.ndarray | None]]:
    g = fitted(v.g, v.x.shape)
    y = fitted(v.y, v.x.shape)
    yield "g", g
    yield f"g {v.name}", None if g is None else g * v.x
    yield f"g sign({v.name})", None if g is None else g * np.sign(v.x)
    yield "g y", None if g is None or y is None else g * y


def _times(views: Views, ratio: float) -> str:
    """A factor in words; of a constant by its name, if it is read from one."""
    factor = f"{named(views, ratio) or f'{ratio:.6g}'} times"
    return {-1.0: "minus", 2.0: "twice", 0.5: "half"}.get(round(ratio, 6), factor)


def places(v: View) -> Iterator[Place]:
    """All places, likely ones first."""
    x, name = v.x, v.name
    same = lambda a: a if a is not None and a.shape == x.shape else None
    for what, array in ((name, x), ("y", same(v.y)), ("g", same(v.g))):
        for words, compare in SIGNS:
            mask = None if array is None else compare(array, 0)
            yield "sign-part", f"where {what}{words}", mask
    yield "saturated", f"where {name} > 1", x > 1
    yield "saturated", f"where |{name}| > 1", np.abs(x) > 1
    yield "saturated", f"where |{name}| < 1", np.abs(x) < 1
    for other, value in v.trial.inputs.items():
        if other != name:
            yield from _beside(v, other, value)
    for axis in range(x.ndim):
        yield from _along(x, axis)
    if x.ndim:
        yield "edge", "in the very first entry", _entry(x.shape, 0)
        yield "edge", "in the very last entry", _entry(x.shape, -1)
        for words, extreme in (("largest", x.max()), ("smallest", x.min())):
            yield "extremum", f"at the {words} entry", x == extreme
            yield "extremum", f"everywhere but at the {words} entry", x != extreme
    if x.ndim >= 2:
        i, j = np.indices(x.shape[-2:])
        yield "diagonal", "on the diagonal", i == j
        yield "diagonal", "off the diagonal", i != j
        yield "diagonal", "above the diagonal", i < j
        yield "diagonal", "below the diagonal", i > j


def _beside(v: View, other: str, value: object) -> Iterator[Place]:
    """Places that another input marks: bounds, a mask, entries that it compares with or names."""
    x, name = v.x, v.name
    if isinstance(value, float | int):
        for words, compare in BOUNDS:
            yield "bounds", f"where {name}{words}{other}", compare(x, value)
            yield "bounds", f"where |{name}|{words}{other}", compare(np.abs(x), value)
        yield "bounds", f"where |{name}| >= {other}, or at it", np.abs(x) >= value
        for last, upper in v.trial.inputs.items():
            is_bound = isinstance(upper, float | int) and upper > value
            outside = (x <= value) | (x >= upper) if is_bound else None
            yield "bounds", f"where {name} <= {other} or {name} >= {last}", outside
    elif isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        yield from _indexed(v, other, value)
    elif isinstance(value, np.ndarray):
        is_mask = value.dtype.kind == "b" or set(np.unique(value)) <= {0.0, 1.0}
        shaped = _to_shape(value, x.shape)
        for words, truth in (("0", False), ("not 0", True)):
            mask = (shaped != 0) == truth if is_mask and shaped is not None else None
            yield "masked", f"where {other} is {words}", mask
        for words, compare in ((" < ", np.less), (" > ", np.greater), (" = ", np.equal)):
            mask = compare(x, shaped) if not is_mask and shaped is not None else None
            yield "compared", f"where {name}{words}{other}", mask


def _to_shape(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """`value` broadcast to `shape`; None if it does not broadcast."""
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        return None


def _indexed(v: View, other: str, index: np.ndarray) -> Iterator[Place]:
    """Entries along the first axis, or in each row, that an index array names."""
    x, inside = v.x, lambda n: 0 <= index.min(initial=0) and index.max(initial=0) < n
    counts = None
    if x.ndim and inside(len(x)):
        times = np.bincount(np.ravel(index), minlength=len(x))
        counts = times.reshape(-1, *[1] * (x.ndim - 1))
    twice, once = "names an entry more than once", "names an entry"
    yield "duplicates", f"where {other} {twice}", None if counts is None else counts > 1
    yield "indexed", f"where {other} {once}", None if counts is None else counts > 0
    yield "indexed", f"where {other} does not name an entry", None if counts is None else counts < 1
    chosen = None
    if x.ndim and index.shape == x.shape[:-1] and inside(x.shape[-1]):
        chosen = np.arange(x.shape[-1]) == index[..., None]
    yield "chosen", f"at the entry of each row that {other} names", chosen
    yield (
        "chosen",
        f"at the entries that {other} does not name",
        None if chosen is None else ~chosen,
    )


def _along(x: np.ndarray, axis: int) -> Iterator[Place]:
    """The ends of an axis, and the largest and smallest entries along it."""
    along = f"along axis {axis}"
    first, last = _end(x.shape, axis, 0), _end(x.shape, axis, -1)
    for words, mask in (("first", first), ("last", last), ("first and last", first | last)):
        yield "edge", f"in the {words} place {along}", mask
        yield "edge", f"everywhere but in the {words} place {along}", ~mask
    for words, choose in (("largest", np.max), ("smallest", np.min)):
        extreme = x == choose(x, axis=axis, keepdims=True)
        tied = extreme & (extreme.sum(axis=axis, keepdims=True) > 1)
        yield "extremum", f"at the {words} entry {along}", extreme
        yield "extremum", f"everywhere but at the {words} entry {along}", ~extreme
        yield "ties", f"where several entries are the {words} {along}", tied


def _end(shape: tuple[int, ...], axis: int, index: int) -> np.ndarray:
    """True in one place along an axis."""
    mask = np.zeros(shape, bool)
    np.moveaxis(mask, axis, 0)[index] = True
    return mask


def _entry(shape: tuple[int, ...], index: int) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask.flat[index] = True
    return mask
