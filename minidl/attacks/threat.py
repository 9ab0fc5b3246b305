"""What an attacker may do to an input: how far to move it, in which norm, and within what bounds.

    S(x) = { x' : |x' - x|_p <= epsilon,  low <= x' <= high },    p = inf, 2, 1 or 0

A threat model also says what the attacker wants (`objectives.Goal`: any wrong class, or a certain
one) and what it knows (`access`: gradients, or answers only).  It is no guess at where the data
lie: the projection of projected gradient descent brings a point back into S(x), not, as the notes
have it, onto "the data manifold".  They also write S(x) with <, an open ball, in which there is no
nearest point and no largest loss.

`Threat.project` is exact for the ball and the bounds together.  One after the other would stay in
both, but stop short of the nearest point; in l1 that makes attacks much weaker (Croce and Hein
2021, arXiv:2103.01208, section 2).

Rows of the notes: threat-models.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import backend

Array = Any  # of NumPy or CuPy


@dataclass(frozen=True)
class Threat:
    """|x' - x|_norm <= epsilon and bounds[0] <= x' <= bounds[1], for each example by itself.

    norm: inf (the largest change of a number), 2, 1, or 0 (how many numbers change).
    epsilon: the radius; inf for none.  bounds: of every number of x'; (-inf, inf) for none.
    Raises ValueError for another norm, a negative radius, or bounds the wrong way round.
    """

    norm: float
    epsilon: float
    bounds: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.norm not in (math.inf, 2, 1, 0):
            raise ValueError(f"Threat: the norm must be inf, 2, 1 or 0, not {self.norm!r}")
        if not self.epsilon >= 0:
            raise ValueError(f"Threat: epsilon must be 0 or more, not {self.epsilon!r}")
        if not self.bounds[0] < self.bounds[1]:
            raise ValueError(f"Threat: bounds must be (low, high) with low < high: {self.bounds}")
        # Python's numbers: NumPy's float64 would turn float32 images into float64
        object.__setattr__(self, "epsilon", float(self.epsilon))
        object.__setattr__(self, "bounds", tuple(map(float, self.bounds)))

    def check_inputs(self, x: Array) -> None:
        """Raise ValueError unless x lies within the bounds."""
        low, high = self.bounds
        if not (float(x.min()) >= low and float(x.max()) <= high):
            raise ValueError(
                f"the inputs go from {float(x.min()):.4g} to {float(x.max()):.4g}, the threat "
                f"model's bounds are {low} and {high}: give the bounds of the space in which the "
                "model takes its inputs (a model that standardises them itself takes raw ones)"
            )

    @property
    def reach(self) -> float:
        """How far it is from x to the rim: epsilon; for norm 0, if each change is a large one."""
        if self.norm == 0:
            return math.sqrt(self.epsilon) * (self.bounds[1] - self.bounds[0])
        return self.epsilon

    def size(self, delta: Array) -> Array:
        """|delta|_norm of each example.  delta: (N, ...).  Returns (N,)."""
        return norm(delta, self.norm)

    def project(self, x: Array, candidate: Array) -> Array:
        """The point of S(x) that is nearest to `candidate`, in Euclidean distance.

        x, candidate: (N, ...), x within the bounds.  Returns (N, ...), of x's dtype.
        """
        candidate = candidate.astype(x.dtype)
        low, high = self.bounds
        if self.norm == math.inf:
            near = np.clip(candidate, x - self.epsilon, x + self.epsilon)
            return np.clip(near, low, high)
        d = (candidate - x).reshape(len(x), -1)
        sign, length = np.sign(d), np.abs(d)
        # how far each number may go in the direction it goes in
        room = np.where(d > 0, high - x.reshape(d.shape), x.reshape(d.shape) - low)
        shrink = _keep_the_best if self.norm == 0 else _shrink
        length = shrink(length, room, self.norm, self.epsilon)
        # once more within the bounds, as x + (high - x) may round to more than high
        return np.clip(x + (sign * length).reshape(x.shape), low, high)

    def random_start(self, x: Array, rng: np.random.Generator) -> Array:
        """A point that is uniform in the ball around x, brought into S(x).

        For norm 0 uniform are the places that change, and the values there, between the bounds.
        """
        n, d = len(x), math.prod(x.shape[1:])
        radius = rng.uniform(size=(n, 1)) ** (1 / d)  # so that the volume within it is uniform
        if self.norm == math.inf:
            delta = rng.uniform(-1, 1, (n, d))
        elif self.norm == 2:
            delta = rng.standard_normal((n, d))
            delta *= radius / np.linalg.norm(delta, axis=1, keepdims=True)
        elif self.norm == 1:  # Laplace numbers over their sum are uniform on the sphere
            delta = rng.laplace(size=(n, d))
            delta *= radius / np.abs(delta).sum(axis=1, keepdims=True)
        else:
            return self._random_places(x, rng)
        xp = backend.xp(x)
        delta = xp.asarray((self.epsilon * delta).astype(x.dtype)).reshape(x.shape)
        return self.project(x, x + delta)

    def _random_places(self, x: Array, rng: np.random.Generator) -> Array:
        n, d = len(x), math.prod(x.shape[1:])
        rank = np.argsort(np.argsort(rng.uniform(size=(n, d)), axis=1), axis=1)
        values = rng.uniform(*self.bounds, size=(n, d)).astype(x.dtype)
        chosen, values = map(backend.xp(x).asarray, (rank + 1 <= self.epsilon, values))
        return np.where(chosen, values, x.reshape(n, d)).reshape(x.shape)


def norm(delta: Array, p: float) -> Array:
    """The p-norm of each example, p = inf, 2, 1 or 0.  delta: (N, ...).  Returns (N,)."""
    length = np.abs(delta.reshape(len(delta), -1))
    if p == math.inf:
        return length.max(axis=1)
    if p == 2:
        return np.sqrt((length**2).sum(axis=1))
    return length.sum(axis=1) if p == 1 else (length > 0).sum(axis=1)


def _shrink(length: Array, room: Array, p: float, epsilon: float) -> Array:
    """The point nearest to `length` >= 0 with 0 <= point <= room and |point|_p <= epsilon.

    By its Lagrangian it is min(room, length / (1 + lambda)) in l2 and min(room, (length -
    lambda)+) in l1, with the least lambda >= 0 that brings the norm down to epsilon.  In terms of
    a share t from 0 to 1, in which the norm grows, that t is found by bisection.
    """
    longest = length.max(axis=1, keepdims=True)

    def at(t: Array) -> Array:
        shrunk = t * length if p == 2 else np.maximum(length - (1 - t) * longest, 0)
        return np.minimum(shrunk, room)

    # from t = 1 where that fits already, and from 0 elsewhere
    few = (norm(at(1.0), p)[:, None] <= epsilon).astype(length.dtype)
    many = np.ones_like(few)
    for _ in range(30 if length.dtype == np.float32 else 60):
        t = (few + many) / 2
        fits = norm(at(t), p)[:, None] <= epsilon
        few, many = np.where(fits, t, few), np.where(fits, many, t)
    return at(few)


def _keep_the_best(length: Array, room: Array, p: float, epsilon: float) -> Array:
    """Of the changes keep the epsilon that bring the point nearest, each as far as there is room.

    A change kept, min(length, room), takes length^2 - (length - kept)^2 off the squared distance.
    """
    kept = np.minimum(length, room)
    gain = length**2 - (length - kept) ** 2
    rank = np.argsort(np.argsort(-gain, axis=1), axis=1)
    return np.where(rank + 1 <= epsilon, kept, 0)
