"""What is to be said of an attack: how often, how far, at what price.

The success rate is a share of the inputs that the model had right.  Counted over all inputs it
would credit the attack with the model's own mistakes.

Rows of the notes: threat-models, attack-objective.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .access import Access, Model, Result, numpy, raw
from .objectives import Goal
from .threat import Threat, norm

Attack = Callable[[Model, Any, Goal, Threat], Result]


@dataclass(frozen=True)
class Report:
    """How an attack went, over the inputs that the model had right, `counted` of `examples`.

    clean_accuracy, robust_accuracy: shares of all inputs that are classified rightly, before and
        after.
    success_rate: of those counted, the share that reached the goal; nan if none is counted.
    mean_norm, median_norm: of the perturbations that succeeded, by norm; nan if none did.
    mean_queries, mean_gradients: for each of the counted.  seconds: for all inputs.
    """

    examples: int
    counted: int
    clean_accuracy: float
    robust_accuracy: float
    success_rate: float
    mean_norm: dict[float, float]
    median_norm: dict[float, float]
    mean_queries: float
    mean_gradients: float
    seconds: float

    def row(self, p: float) -> list[str]:
        """Cells of a table: `head()` names them."""
        return [
            f"{self.success_rate:.3f}", f"{self.robust_accuracy:.3f}", f"{self.mean_norm[p]:.3f}",
            f"{self.median_norm[p]:.3f}", f"{self.mean_queries:.0f}", f"{self.seconds:.1f}",
        ]  # fmt: skip

    @staticmethod
    def head() -> list[str]:
        return ["success", "accuracy left", "mean norm", "median", "queries", "seconds"]


def report(model: Model, x: Any, labels: Any, result: Result, goal: Goal | None = None) -> Report:
    """Judge the result of an attack on x (N, ...) whose true classes are `labels` (N,).

    goal: what the attack was for; any wrong class unless given.
    """
    x, y, found = raw(x), numpy(labels), raw(result.adversarial)
    with Access(model, len(x)) as access:
        before = numpy(access.logits(x).argmax(axis=1))
        after = access.logits(found)
    right = before == y
    wanted = Goal(raw(labels)) if goal is None else goal
    reached = numpy(wanted.reached(after)) & right
    sizes = {p: numpy(norm(found - x, p))[reached] for p in (math.inf, 2, 1, 0)}
    mean = lambda values: float(values.mean()) if len(values) else math.nan
    return Report(
        examples=len(x),
        counted=int(right.sum()),
        clean_accuracy=mean(right),
        robust_accuracy=mean(numpy(after.argmax(axis=1)) == y),
        success_rate=mean(reached[right]),
        mean_norm={p: mean(size) for p, size in sizes.items()},
        median_norm={p: float(np.median(s)) if len(s) else math.nan for p, s in sizes.items()},
        mean_queries=mean(result.queries[right]),
        mean_gradients=mean(result.gradients[right]),
        seconds=result.seconds,
    )


def accuracy_against_budget(
    attack: Attack, model: Model, x: Any, labels: Any, norm: float, budgets: Iterable[float],
    bounds: tuple[float, float] = (0.0, 1.0),
) -> list[float]:  # fmt: skip
    """The accuracy that is left at each budget; at 0 it is the clean accuracy."""
    goal = Goal(raw(labels))
    left = []
    for epsilon in budgets:
        result = attack(model, x, goal, Threat(norm, epsilon, bounds))
        left.append(float((~result.success).mean()))
    return left
