"""Danskin's theorem: the gradient of a maximum is the gradient at the maximiser, held fixed.

    phi(theta) = max over delta in D of L(theta, delta),     delta* = argmax over delta of the same

    grad phi(theta) = grad_theta L(theta, delta*)        if delta* is the only maximiser

so nothing has to be differentiated through the search for delta*.  If there are several, phi has a
slope in each direction h only, the largest that any of them gives:

    phi'(theta; h) = max over maximisers delta of <grad_theta L(theta, delta), h>

(Danskin 1966; Madry et al. 2018, arXiv:1706.06083, appendix A.)  A step against the gradient at one
of several maximisers need not descend (Latorre et al. 2023, "Finding actual descent directions for
adversarial training").  D is compact, L continuously differentiable in theta.  The theorem is about
exact maximisers: at another delta the gradient is that of a lower bound of phi.

The notes print delta* = max ..., which is a number, the loss; it is the argmax (`minidl notes
danskin`).

A linear classifier is the case where the maximum is known: of w.x + b with y = +-1 it is found at
delta* = -epsilon y sign(w), where the margin has lost epsilon |w|_1.

Rows of the notes: danskin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..checks import between, checked, normal
from ..graph import Tensor
from ..nn import functional as F
from ..ops.choices import sign
from ..ops.elementwise import absolute
from ..transforms import grad

Parameters = Mapping[str, Tensor]


def gradient(
    loss: Callable[[Any, Tensor], Tensor], theta: Parameters, delta: Tensor
) -> dict[str, Tensor]:
    """grad_theta L(theta, delta), with delta a constant, though it was found for this theta.

    loss: (theta, delta) -> one number.  delta: the maximiser.
    """
    return grad(lambda theta: loss(theta, delta))(dict(theta))


def directional_derivative(
    loss: Callable[[Any, Tensor], Tensor], theta: Parameters, maximisers: Sequence[Tensor],
    direction: Parameters,
) -> float:  # fmt: skip
    """phi'(theta; h): the largest of <grad L(theta, delta), h> over the maximisers.

    direction: h, by parameter.
    """

    def slope(delta: Tensor) -> float:
        found = gradient(loss, theta, delta)
        return sum(float((found[name] * h).sum()) for name, h in direction.items())

    return max(map(slope, maximisers))


# ---------------------------------------------------------------------------- the linear classifier


def logistic_loss(w: Tensor, b: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """log(1 + e^(-y (w.x + b))), in nats, one value an example.

    w: (D,), b: (), x: (N, D), y: (N,) of +1 and -1.  Returns (N,).
    """
    return F.softplus(-y * (x @ w + b))


def worst_perturbation(w: Tensor, y: Tensor, epsilon: float) -> Tensor:
    """argmax of the logistic loss over |delta|_inf <= epsilon: -epsilon y sign(w), (N, D).

    Where w_i = 0 any delta_i is a maximiser, and 0 is returned.
    """
    return -epsilon * y[:, None] * sign(w)


def worst_logistic_loss(w: Tensor, b: Tensor, x: Tensor, y: Tensor, epsilon: Any) -> Tensor:
    """max over |delta|_inf <= epsilon of the logistic loss: (N,).

    log(1 + e^(-(y (w.x + b) - epsilon |w|_1))).
    """
    return F.softplus(-(y * (x @ w + b) - epsilon * absolute(w).sum()))


_signs = lambda rng: np.where(rng.uniform(size=5) < 0.5, -1, 1)
checked(logistic_loss, w=normal(3), b=normal(), x=normal(5, 3), y=_signs)
checked(
    worst_logistic_loss, w=normal(3), b=normal(), x=normal(5, 3), y=_signs,
    epsilon=between(0.1, 0.3),
)  # fmt: skip
