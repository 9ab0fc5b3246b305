"""One input's gradient in one draw: what was claimed, beside what is true."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from .student import Gradients
from .trials import Trial, close


@dataclasses.dataclass(frozen=True)
class View:
    """`claimed` and `true` are gradients of the input `x`, called `name`, of shape x.shape."""

    trial: Trial
    name: str
    claimed: np.ndarray

    @property
    def x(self) -> np.ndarray:
        return self.trial.inputs[self.name]

    @property
    def y(self) -> np.ndarray | None:
        """The output; None if there are several."""
        return None if self.trial.several else self.trial.ys[0]

    @property
    def g(self) -> np.ndarray | None:
        """The incoming gradient; None if there are several."""
        return None if self.trial.several else self.trial.gs[0]

    @property
    def true(self) -> np.ndarray:
        return self.trial.slopes(self.name)

    @property
    def steady(self) -> np.ndarray:
        """Where x is not at a kink."""
        return self.trial.steady[self.name]

    @property
    def wrong(self) -> np.ndarray:
        """The entries that differ, away from kinks."""
        scale = 1e-5 * np.abs(self.true).max(initial=0) + 1e-8
        return ~(np.abs(self.claimed - self.true) <= scale) & self.steady

    def is_(self, other: np.ndarray | None, where: np.ndarray | bool = True) -> bool:
        """Whether the claimed gradient is `other`, at `where`, away from kinks."""
        if other is None or self.claimed.shape != self.x.shape:
            return other is not None and close(self.claimed, other)
        return close(self.claimed, other, self.steady & where)

    @property
    def is_right(self) -> bool:
        return self.claimed.shape == self.x.shape and not self.wrong.any()


Views = Sequence[View]  # of one input, one a draw


def views_of(trials: Sequence[Trial], gradients: Sequence[Gradients]) -> list[list[View]]:
    """For each float input, what was claimed of it in every draw."""
    return [
        [View(trial, name, claimed[name]) for trial, claimed in zip(trials, gradients)]
        for name in trials[0].names
    ]


def fitted(t: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """`t` in `shape`: broadcast to it, or summed over the axes that were broadcast; else None.

    If a reduction took axes away, as the one from (N, K) to (N,), they are put back.
    """
    if t is None or t.shape == shape:
        return t
    try:
        joint = np.broadcast_shapes(t.shape, shape)
    except ValueError:
        joint = None
    if joint == shape:
        return np.broadcast_to(t, shape)
    if joint == t.shape:
        lead = t.ndim - len(shape)
        ones = tuple(i for i in range(lead, t.ndim) if shape[i - lead] == 1 != t.shape[i])
        return t.sum(axis=(*range(lead), *ones), keepdims=True).reshape(shape)
    for kept in itertools.combinations(range(len(shape)), t.ndim):
        if tuple(shape[axis] for axis in kept) == t.shape:
            with_ones = [n if axis in kept else 1 for axis, n in enumerate(shape)]
            return np.broadcast_to(t.reshape(with_ones), shape)
    return None
