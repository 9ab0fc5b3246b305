"""DRAGAN is printed on top of the Wasserstein loss, which its penalty does not bound.

Printed: L_D = -E D(x) + E D(y) + lambda E (|grad D| - 1)^2 near real x.  Nothing asks for a slope
at the generated examples y, so that D(y) can fall without bound, and the loss with it.  Kodali et
al. 2017 add the penalty to the cross-entropy.

Real examples lie about 0, the generated one at 10, and D(x) = x + b near 0, whose slope is 1, so
that the penalty is 0 for every b and every D(10).  With s = softplus, the cross-entropy
E s(-x - b) + s(D(10)) then comes arbitrarily close to 0 and never below.
"""

from __future__ import annotations

import numpy as np

from ...generative.gan_losses import classifier_loss, wasserstein_critic_loss
from . import Line

REAL = np.array([-0.1, 0.0, 0.1])


def as_printed(real: np.ndarray, fake: np.ndarray) -> float:
    """-E D(x) + E D(y); the penalty is 0 here."""
    return float(wasserstein_critic_loss(real, fake))


def corrected(real: np.ndarray, fake: np.ndarray) -> float:
    """-E log s(D(x)) - E log(1 - s(D(y))); the penalty is 0 here."""
    return float(classifier_loss(real, fake))


def experiment() -> list[Line]:
    """D(x) = x + b near the real examples, D = -b at the generated one, for growing b."""
    lines = []
    for b in (20.0, 1e3, 1e6):
        real, fake = REAL + b, np.array([-b])
        values = as_printed(real, fake), corrected(real, fake)
        lines.append(Line(f"the critic's loss at b = {b:g}", *values, 0.0, 1e-8))
    return lines
