"""What an attack makes large: the loss of the true class, or less the loss of a chosen one.

    untargeted   max over x' in S(x) of   L(f(x'), y)
    targeted     min over x' in S(x) of   L(f(x'), t)

L is the cross-entropy, or the margin max_{i != y} z_i - z_y of the logits z, which is positive just
where the model does not say y, and which does not flatten out where the model is sure of itself
(Carlini and Wagner 2017, arXiv:1608.04644, section V.A; for PGD, Madry et al. 2018,
arXiv:1706.06083, section 5.1).

The notes write the targeted loss as L(f(x')|t); a loss has two arguments, L(f(x'), t).

Rows of the notes: attack-objective, pgd-targeted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import backend, nn
from ..checks import checked, normal
from ..graph import Tensor
from ..nn import functional as F
from ..ops.choices import where

Objective = Callable[[Tensor, Any], Tensor]  # (logits (N, K), labels (N,)) -> (N,)


def cross_entropy(logits: Tensor, labels: Any) -> Tensor:
    """-log softmax(z)_y, one value an example.  logits: (N, K), labels: (N,).  Returns (N,)."""
    return F.cross_entropy(logits, labels, reduction="none")


def margin(logits: Tensor, labels: Any) -> Tensor:
    """max_{i != y} z_i - z_y: positive where the model says another class than y, else negative.

    logits: (N, K), labels: (N,).  Returns (N,).
    The logit of y is taken out of the maximum by -inf, not by 0, which would win among negative
    logits.
    """
    others = where(of_class(logits, labels), -math.inf, logits).max(axis=1)
    return others - logits_of(logits, labels)


def logits_of(logits: Tensor, labels: Any) -> Tensor:
    """z_y.  logits: (N, K), labels: (N,).  Returns (N,)."""
    return where(of_class(logits, labels), logits, 0.0).sum(axis=1)


def of_class(logits: Any, labels: Any) -> Any:
    """Whether column k is the label's: (N, K)."""
    labels, logits = (t.data if isinstance(t, Tensor) else t for t in (labels, logits))
    return labels[:, None] == backend.xp(logits).arange(logits.shape[1])


def perturbed_loss(
    model: Callable[[Tensor], Tensor], x: Tensor, delta: Tensor, labels: Any,
    objective: Objective = cross_entropy,
) -> Tensor:  # fmt: skip
    """L(f(x + delta), y), one value an example: what the attacker maximises over delta.

    x, delta: (N, ...), labels: (N,).  Returns (N,).
    """
    return objective(model(x + delta), labels)


@dataclass(frozen=True)
class Goal:
    """What the attacker wants: an answer other than `labels`, or, if targeted, these very ones.

    labels: (N,) whole numbers, on the model's device.
    """

    labels: Any
    targeted: bool = False

    @property
    def sign(self) -> int:
        """+1 to climb the loss of `labels`, -1 to descend it."""
        return -1 if self.targeted else 1

    def reached(self, logits: Any) -> Any:
        """Whether each example is where the attacker wants it.  logits: (N, K).  Returns (N,)."""
        return (logits.argmax(axis=1) == self.labels) == self.targeted

    def of(self, rows: Any) -> Goal:
        """The goal of some of the examples."""
        return Goal(self.labels[rows], self.targeted)


_labels = lambda rng: rng.integers(0, 4, 5)
_model = lambda rng: nn.Sequential(nn.Linear(3, 6, rng=rng), nn.Tanh(), nn.Linear(6, 4, rng=rng))
checked(cross_entropy, logits=normal(5, 4), labels=_labels)
checked(margin, logits=normal(5, 4), labels=_labels)
for _objective in (cross_entropy, margin):
    checked(
        perturbed_loss, case=_objective.__name__, model=_model, x=normal(5, 3),
        delta=normal(5, 3), labels=_labels,
        objective=lambda rng, objective=_objective: objective,
    )  # fmt: skip
