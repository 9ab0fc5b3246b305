"""The gradient of log(1 - D) is printed without its minus.

Printed: grad log(1 - D(y)) = grad D(y) / (1 - D(y)).  Descending that, the generator would make its
samples less believable.  With the minus, D = s(l) and s' = s (1 - s), it is -s(l) grad l, which
vanishes as D -> 0; that of -log D is -(1 - s(l)) grad l, which does not.

The truth is the slope in the logit l, measured by a central difference.
"""

from __future__ import annotations

import numpy as np

from ...autograd import grad
from ...generative.gan_losses import minimax_generator_loss
from ...graph import tensor
from . import Line


def as_printed(logit: float) -> float:
    """D' / (1 - D), with D = s(l)."""
    d = 1 / (1 + np.exp(-logit))
    return float(d * (1 - d) / (1 - d))


def corrected(logit: float) -> float:
    """The gradient that the generator's minimax loss has."""
    at = tensor([logit], dtype="float64", requires_grad=True)
    return grad(minimax_generator_loss(at), at)[0].item()


def experiment() -> list[Line]:
    """The critic undecided, fairly sure that the sample is generated, and very sure."""
    log_rest = lambda logit: -np.logaddexp(0, logit)  # log(1 - s(l))
    lines = []
    for logit in (0.0, -2.0, -8.0):
        truth = (log_rest(logit + 1e-5) - log_rest(logit - 1e-5)) / 2e-5
        values = as_printed(logit), corrected(logit)
        lines.append(Line(f"slope of log(1 - D) at logit {logit:g}", *values, truth, 1e-8))
    return lines
