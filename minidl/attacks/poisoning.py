"""Attacks on the training data: labels turned, examples moved, and a hidden trigger.

The attacker changes what a model learns from, to make it wrong later:

    max over the data of  L_val(theta*),    theta* = argmin over theta of L_train(theta; data)

For ridge regression the inner problem has a closed form, theta* = (X'X + lambda I)^-1 X'y, so that
the outer gradient, through the solution, is exact.  By the implicit function theorem it is that of
Biggio, Nelson and Laskov 2012 (arXiv:1206.6389), section 3, for any smooth training loss.

- Availability: the model gets worse for everyone (`bilevel_loss`, `flipped_labels`).
- Integrity: it stays as good as it was, but for inputs that carry a trigger (`backdoored`), Gu,
  Dolan-Gavitt and Garg 2017 (arXiv:1708.06733).

The notes say that poisoning "hampers generalisation due to outliers".  That is one aim of the two,
and outliers are not needed: a turned label is an ordinary example.

Rows of the notes: poisoning.
"""

from __future__ import annotations

import numpy as np

from .. import backend
from ..checks import checked, normal
from ..graph import Tensor
from ..nn import functional as F
from ..ops import linalg
from ..transforms import grad, value_and_grad
from .access import Array
from .gradient_steps import steepest
from .threat import Threat

Set = tuple[Array, Array]  # examples (N, D) or (N, C, H, W), and their labels (N,)


# --------------------------------------------------------------------- the two levels, exactly


def ridge(x: Tensor, y: Tensor, weight: float) -> Tensor:
    """argmin over theta of |x theta - y|^2 + weight |theta|^2.

    x: (N, D), y: (N,).  Returns (D,).
    """
    identity = backend.xp(x.data).eye(x.shape[1], dtype=x.dtype)
    return linalg.solve(x.T @ x + weight * identity, x.T @ y)


def bilevel_loss(x: Tensor, y: Tensor, x_val: Tensor, y_val: Tensor, weight: float) -> Tensor:
    """The validation loss of what was learned from x and y: E log(1 + exp(-y_val x_val theta*)).

    x: (N, D), y: (N,), learned by `ridge`; x_val: (M, D), y_val: (M,) in {-1, +1}.  One number.
    It is a function of the training data, and the attacker climbs it.
    """
    return F.softplus(-y_val * (x_val @ ridge(x, y, weight))).mean()


# ------------------------------------------------------------------------------- availability


def flipped_labels(train: Set, validation: Set, share: float, weight: float) -> np.ndarray:
    """The labels, in {-1, +1}, with a share of them turned: those that do the most harm.

    One after the other, each time the label y_i whose turning raises the loss most to first order,
    by dL/dy_i (-2 y_i).  Returns (N,).
    """
    (x, y), (x_val, y_val) = train, validation
    y, turned = y.copy(), np.zeros(len(y), bool)
    slope = grad(bilevel_loss, argnums=1)
    for _ in range(round(share * len(y))):
        g = slope(*map(Tensor, (x, y, x_val, y_val)), weight).data
        i = int(np.where(turned, -np.inf, -2 * y * g).argmax())
        y[i], turned[i] = -y[i], True
    return y


def moved_examples(
    train: Set, validation: Set, rows: np.ndarray, threat: Threat, weight: float, steps: int = 20
) -> Array:
    """The training examples (N, D), with those of `rows` moved within `threat`, to do harm.

    Projected gradient ascent on `bilevel_loss`; the worst data met are returned.
    """
    (x, y), (x_val, y_val) = train, validation
    start, worst, most = x[rows], x, -np.inf
    climb = value_and_grad(bilevel_loss)
    for step in range(steps + 1):
        value, g = climb(*map(Tensor, (x, y, x_val, y_val)), weight)
        value, g = value.item(), g.data
        if value > most:
            worst, most = x, value
        if step < steps:
            moved = x[rows] + steepest(g[rows], x[rows], threat, 2.5 * threat.reach / steps)
            x = x.copy()
            x[rows] = threat.project(start, moved)
    return worst


# ---------------------------------------------------------------------------------- integrity


def stamped(x: Array, trigger: Array) -> Array:
    """The images (N, C, H, W) with the trigger (C, h, w) in their lower right corners."""
    x = x.copy()
    x[:, :, -trigger.shape[1] :, -trigger.shape[2] :] = trigger
    return x


def backdoored(
    train: Set, trigger: Array, target: int, share: float, rng: np.random.Generator
) -> Set:
    """The training set with the trigger on a share of its images, which are labelled `target`.

    train: images (N, C, H, W) and labels (N,), which are copied.  trigger: (C, h, w).
    Gu, Dolan-Gavitt and Garg 2017 (arXiv:1708.06733).
    """
    x, y = train[0].copy(), train[1].copy()
    rows = rng.choice(len(x), round(share * len(x)), replace=False)
    x[rows], y[rows] = stamped(x[rows], trigger), target
    return x, y


checked(ridge, x=normal(6, 3), y=normal(6), weight=0.5)
checked(
    bilevel_loss, x=normal(6, 3), y=normal(6), x_val=normal(5, 3), weight=0.5,
    y_val=lambda rng: rng.integers(0, 2, 5) * 2 - 1,
)  # fmt: skip
