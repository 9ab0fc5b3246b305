"""Gradients on their way: where several paths meet, what arrives is added up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import errors


class Scattered:
    """The gradient of an indexed read: `values` at `index`, zero elsewhere.

    These are collected, and all that belong to one tensor are added into one array, so that reading
    x[t] for every t of T costs O(T) and not O(T^2).
    """

    __slots__ = ("values", "index", "shape")
    add_up: Callable  # (list of values, list of indices, shape) -> their sum; ops/indexing has it

    def __init__(self, values: Any, index: Any, shape: tuple[int, ...]) -> None:
        self.values, self.index, self.shape = values, index, shape


class Sums:
    """The sum of the gradients that reached each place of a graph so far.

    A place is a node, or (node, number) for the later outputs of a node that has several.  An array
    is added to in place only if it was made here: what a rule returns may be held by others.
    """

    def __init__(self, recorded: bool) -> None:
        self.recorded = recorded  # whether gradients are Tensors
        self.sums: dict[Any, Any] = {}
        self.ours: set = set()  # places whose sum was made here
        self.scattered: dict[Any, list[Scattered]] = {}

    def add(self, pairs: Iterable[tuple], source: Any) -> None:
        """For each (edge, g), add g, which a rule of node `source` returned, where the edge leads.

        g may be None: nothing is added.
        """
        sums, ours = self.sums, self.ours
        for (node, number, shape, dtype), g in pairs:
            if g is None:
                continue
            place = (node, number) if number else node
            if g.__class__ is Scattered:
                self.scattered.setdefault(place, []).append(g)
                continue
            if g.shape != shape or g.dtype is not dtype:
                g = fitted(g, shape, dtype, source)
            known = sums.get(place)
            if known is None:
                sums[place] = g
            elif place in ours:
                known += g
            else:
                sums[place] = total = known + g
                if not self.recorded and not isinstance(total, np.generic):
                    ours.add(place)

    def take(self, place: Any) -> Any:
        """The whole gradient of a place, or None."""
        g = self.sums.pop(place, None)
        if self.scattered and place in self.scattered:
            parts = self.scattered.pop(place)
            values, indices = [p.values for p in parts], [p.index for p in parts]
            total = Scattered.add_up(values, indices, parts[0].shape)
            return total if g is None else g + total
        return g


def fitted(g: Any, shape: tuple[int, ...], dtype: Any, source: Any) -> Any:
    """g summed over the axes along which an input of `shape` was broadcast, in its dtype."""
    new = g.ndim - len(shape)
    if new == 1 and g.shape[1:] == shape:  # the bias of a layer: the most common case
        g = g.sum(axis=0)
    elif g.shape != shape:
        lengths = g.shape[max(new, 0) :]
        if new < 0 or any(m != n and n != 1 for m, n in zip(lengths, shape)):
            raise errors.wrong_rule_shape(source.name, g.shape, shape)
        stretched = [i for i, n in enumerate(shape, new) if n == 1]
        g = g.sum(axis=(*range(new), *stretched), keepdims=True).reshape(shape)
    return g if g.dtype == dtype else g.astype(dtype)


def released(box: list) -> Any:
    """The array in `box` if the box alone holds it, or else a copy: nobody else may see it change.

    A rule may return what it was given, or one array for two inputs, or a view; the count of
    references knows.
    """
    if isinstance(box[0], np.generic):
        return np.asarray(box[0])
    if box[0].base is not None or sys.getrefcount(box[0]) > _alone:
        return box[0].copy()
    return box[0]


_box = [np.zeros(1)]
_alone = sys.getrefcount(_box[0])  # of an array that only a box holds, in this Python
