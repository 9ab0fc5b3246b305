"""How an attack meets a model, and what it brings back.

`Access` asks the model in eval mode (dropout off, batch norm on its running statistics, which it
leaves alone), counts every answer and every gradient, and leaves the model as it was: its
parameters, their gradients and `requires_grad`, its buffers, and each layer's training flag.

    white box    `Access.gradient`: the attacker knows architecture and weights
    grey box     the architecture only: it trains a model of its own, and attacks that (`black_box`)
    black box    `Access.logits`, or only which of them is largest

`Best` keeps, for each example, the best point met so far: an attack returns that one, not the last.
`conclude` puts what an attack found back into the threat model's set, whatever the attack did, and
judges it there.

Rows of the notes: threat-models.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor, tensor
from ..nn import Module
from ..recording import enable_grad, no_grad
from ..reverse import grad
from .objectives import Goal, Objective, cross_entropy
from .threat import Threat

Array = Any
Model = Callable[[Tensor], Tensor]  # (N, ...) -> logits (N, K); a Module, or any function


@dataclass(frozen=True)
class Result:
    """What an attack returns.

    adversarial: (N, ...), within the threat model's set.  success: (N,) whether the goal is reached
    there.  queries, gradients: (N,) how often the model was asked for the logits, and for a
    gradient, of each example.  seconds: of the whole attack.
    """

    adversarial: Tensor
    success: np.ndarray
    queries: np.ndarray
    gradients: np.ndarray
    seconds: float


class Access:
    """A model as an attack meets it; use it in a `with` block, which puts the model into eval mode.

    model: gives logits (N, K) for inputs (N, ...).  A function that is no Module is called as it
        is: if it wraps a Module, it has to see to that one's eval mode itself.
    count: the number of examples that are attacked.
    """

    def __init__(self, model: Model, count: int) -> None:
        self.model = model
        self.queries, self.gradients = np.zeros(count, int), np.zeros(count, int)
        self.start = time.perf_counter()

    def __enter__(self) -> Access:
        modules = self.model.modules() if isinstance(self.model, Module) else ()
        self._flags = [(module, module.training) for module in modules]
        for module, _ in self._flags:
            module.training = False
        return self

    def __exit__(self, *_: Any) -> None:
        for module, training in self._flags:
            module.training = training

    def __call__(self, x: Tensor, rows: Any = slice(None)) -> Tensor:
        """The model's logits, recorded if x requires a gradient, and counted: (M, K).

        x: (M, ...).  rows: which examples these are, (M,), one of them perhaps several times.
        """
        np.add.at(self.queries, rows, 1)
        return self.model(x)

    def logits(self, x: Array, rows: Any = slice(None)) -> Array:
        """The model's logits, which is all that a black box gives.  x: (M, ...).  (M, K)."""
        with no_grad():
            return self(Tensor(x), rows).data

    def judge(
        self, x: Array, goal: Goal, objective: Objective = cross_entropy, rows: Any = slice(None)
    ) -> tuple[Array, Array]:
        """What the attacker climbs, and whether its goal is reached: (M,), (M,).

        x: (M, ...).  goal: of these M.
        """
        logits = self.logits(x, rows)
        return goal.sign * objective(Tensor(logits), goal.labels).data, goal.reached(logits)

    def gradient(
        self, x: Array, goal: Goal, objective: Objective = cross_entropy, rows: Any = slice(None)
    ) -> tuple[Array, Array, Array]:
        """The same two, and the gradient of what the attacker climbs: (M,), (M,), (M, ...).

        Only x is differentiated, so that no parameter receives a gradient.
        """
        with enable_grad():
            x = Tensor(x).requires_grad_()
            logits = self(x, rows)
            value = goal.sign * objective(logits, goal.labels)
            g = self.slope(value, x, rows)
        return value.data, goal.reached(logits.data), g.data

    def slope(self, value: Tensor, at: Tensor, rows: Any = slice(None)) -> Tensor:
        """The gradient of each example's `value` (M,) with respect to its part of `at` (M, ...)."""
        np.add.at(self.gradients, rows, 1)
        return grad(value.sum(), at)[0]


class Best:
    """For each example the best point met so far: one that reaches the goal, then a high score."""

    def __init__(self, x: Array) -> None:
        self.x = x.copy()
        xp = backend.xp(x)
        self.reached = xp.zeros(len(x), bool)
        self.score = xp.full(len(x), -np.inf, x.dtype)

    def offer(self, x: Array, reached: Array, score: Array, rows: Any = slice(None)) -> None:
        """Take each of x (M, ...) that is better.  reached, score: (M,).  rows: which they are."""
        best, known = self.score[rows], self.reached[rows]
        better = (reached & ~known) | ((reached == known) & (score > best))
        self.x[rows] = np.where(better.reshape(-1, *[1] * (x.ndim - 1)), x, self.x[rows])
        self.reached[rows] = np.where(better, reached, known)
        self.score[rows] = np.where(better, score, best)


def conclude(access: Access, x: Array, found: Array, goal: Goal, threat: Threat) -> Result:
    """What an attack found, put into the threat model's set, and judged there."""
    found = threat.project(x, found)
    reached = goal.reached(access.logits(found))
    return Result(
        tensor(found), numpy(reached), access.queries, access.gradients,
        time.perf_counter() - access.start,
    )  # fmt: skip


def raw(x: Any) -> Array:
    """The array of a tensor or an array."""
    return x.data if isinstance(x, Tensor) else x


def numpy(x: Any) -> np.ndarray:
    """A tensor's or an array's numbers on the CPU."""
    return tensor(raw(x), device="cpu").data


def prepared(x: Any, goal: Goal, threat: Threat) -> tuple[Array, Goal]:
    """The examples and the goal as arrays.

    Raises ValueError if x is outside the bounds, or labels are not one an example.
    """
    x, labels = raw(x), raw(goal.labels)
    if labels.shape != (len(x),):
        raise ValueError(f"{len(x)} examples need labels of shape ({len(x)},), not {labels.shape}")
    threat.check_inputs(x)
    return x, Goal(labels, goal.targeted)
