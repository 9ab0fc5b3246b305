"""Routes: the incoming gradient reaches the wrong entries, or two branches have the wrong slopes.

a = c g at some entries, 0 elsewhere       a maximum, a mask, a pooling window
a = b n at some entries, c n elsewhere     a function of two branches
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .constants import constants, named, number
from .place import Place, places
from .student import Finding, Student
from .trials import close
from .view import View, Views, fitted


def routes(student: Student, views: Views, others: list[Views]) -> Finding | None:
    """Where the incoming gradient went; or with which factor in which of two places."""
    spread = [_spread(v) for v in views]
    if any(v.claimed.shape != v.x.shape for v in views):
        return None
    for draws in zip(*(_all_places(v, g) for v, g in zip(views, spread))):
        code, words, _ = draws[0]
        if any(mask is None for _, _, mask in draws):
            continue
        masks = [np.broadcast_to(mask, v.x.shape) for v, (_, _, mask) in zip(views, draws)]
        text = _routed(views, spread, masks, words) or _branches(views, masks, words)
        if text:
            return Finding(code, text, views[0].trial, (views[0].name,))
    return None


def _routed(
    views: Views, spread: list[np.ndarray | None], masks: list[np.ndarray], words: str
) -> str:
    if any(g is None for g in spread):
        return ""
    c = constants(views, [v.claimed for v in views], [g * m for g, m in zip(spread, masks)])
    if c is None or not c[0] or c.count(c[0]) < len(c):
        return ""
    factor = {1.0: "", -1.0: "minus "}.get(c[0], f"{named(views, c[0]) or number(c[0])} times ")
    if all(m.all() for m in masks):
        return f"it is {factor}the incoming gradient at every entry: a choice between them is lost"
    return f"it is {factor}the incoming gradient {words}, and zero elsewhere"


def _branches(views: Views, masks: list[np.ndarray], words: str) -> str:
    """Two factors, neither of which is 1: `place` has the others."""
    factors = []
    for sides in (masks, [~m for m in masks]):
        true = np.concatenate([v.true[m & v.steady] for v, m in zip(views, sides)])
        claimed = np.concatenate([v.claimed[m & v.steady] for v, m in zip(views, sides)])
        square = float(true @ true)
        if len(true) < 6 or square < 1e-12:
            return ""
        factors.append(float(true @ claimed) / square)
        if not close(claimed, factors[-1] * true):
            return ""
    inside, outside = (_times(round(c, 6)) for c in factors)
    return f"it is {inside} {words}, and {outside} elsewhere"


def _times(c: float) -> str:
    return {0.0: "zero", 1.0: "the right one"}.get(c, f"{number(c)} times the right one")


def _spread(v: View) -> np.ndarray | None:
    """g in x's shape; if g is one entry for several along an axis, that entry for each of them."""
    g = fitted(v.g, v.x.shape)
    if g is not None or v.g is None or v.g.ndim != v.x.ndim:
        return g
    g = v.g
    for axis, (long, short) in enumerate(zip(v.x.shape, v.g.shape)):
        if not short or long % short:
            return None
        g = np.repeat(g, long // short, axis=axis)
    return g


def _all_places(v: View, spread: np.ndarray | None) -> Iterator[Place]:
    yield "not-routed", "everywhere", np.ones(v.x.shape, bool)
    yield from places(v)
    yield from _in_windows(v, spread)


def _in_windows(v: View, spread: np.ndarray | None) -> Iterator[Place]:
    """Places in the windows of a pooling along one axis."""
    for axis in range(v.x.ndim):
        size = 1
        if spread is not None and v.g is not None and v.g.ndim == v.x.ndim and v.g.shape[axis]:
            size = v.x.shape[axis] // v.g.shape[axis]
        windows = None
        if size > 1:
            windows = np.moveaxis(v.x, axis, -1)
            windows = windows.reshape(*windows.shape[:-1], -1, size)
        for words, choose in (
            ("largest", lambda w: w == w.max(axis=-1, keepdims=True)),
            ("smallest", lambda w: w == w.min(axis=-1, keepdims=True)),
            ("first", lambda w: np.broadcast_to(np.arange(w.shape[-1]) == 0, w.shape)),
            ("last", lambda w: np.broadcast_to(np.arange(w.shape[-1]) == w.shape[-1] - 1, w.shape)),
        ):
            mask = None
            if windows is not None:
                chosen = choose(windows)
                mask = np.moveaxis(chosen.reshape(*chosen.shape[:-2], -1), -1, axis)
            yield "window", f"at the {words} entry of each window along axis {axis}", mask
