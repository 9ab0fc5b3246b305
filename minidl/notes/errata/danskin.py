"""The notes' delta* in Danskin's theorem is the maximum; it is the maximiser.

Printed: grad max_delta L(theta, x + delta) = grad L(theta, x + delta*) with delta* = max_delta L.
That is a number of nats, added to every pixel.  delta* is the argmax.  (One scan has x = delta* for
x + delta*.)  The theorem also needs it to be the only one: see `minidl.defences.danskin`.
"""

from __future__ import annotations

import numpy as np

from ...defences import danskin
from ...graph import Tensor, tensor
from . import Line


def as_printed(theta: dict, x: Tensor, y: Tensor, epsilon: float) -> dict:
    """grad L(theta, x + max L)."""
    largest = danskin.worst_logistic_loss(**theta, x=x, y=y, epsilon=epsilon)  # (N,), in nats
    return danskin.gradient(_loss(x, y), theta, largest[:, None])


def corrected(theta: dict, x: Tensor, y: Tensor, epsilon: float) -> dict:
    """grad L(theta, x + argmax L)."""
    return danskin.gradient(_loss(x, y), theta, danskin.worst_perturbation(theta["w"], y, epsilon))


def _loss(x: Tensor, y: Tensor):
    return lambda theta, delta: danskin.logistic_loss(**theta, x=x + delta, y=y).mean()


def experiment() -> list[Line]:
    """A linear classifier: slopes of the exact maximum, found corner by corner, by differences."""
    rng, epsilon, h = np.random.default_rng(0), 0.2, 1e-6
    x, y, w = rng.normal(size=(6, 3)), np.array([1, -1, 1, -1, 1, -1]), rng.normal(size=3)
    corners = epsilon * (2 * np.array([*np.ndindex(2, 2, 2)]) - 1)  # where a convex loss is largest

    def largest(w: np.ndarray) -> float:
        losses = np.logaddexp(0, -y * ((x + corners[:, None]) @ w + 0.3))  # (corners, N)
        return losses.max(axis=0).mean()

    theta = {"w": tensor(w), "b": tensor(np.array(0.3))}
    arguments = theta, tensor(x), tensor(y), epsilon
    printed, right = (f(*arguments)["w"].numpy() for f in (as_printed, corrected))
    step = h * np.eye(3)
    truth = [(largest(w + e) - largest(w - e)) / (2 * h) for e in step]
    return [
        Line(f"slope of the maximum in w_{i + 1}", printed[i], right[i], truth[i], 1e-8)
        for i in range(3)
    ]
