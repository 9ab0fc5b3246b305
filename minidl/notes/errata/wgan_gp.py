"""The gradient penalty is printed as an expectation over generated examples alone.

Printed: E_{y ~ p_g} (|grad D(a x + (1 - a) y)| - 1)^2, which leaves open what x and a are.  Both
are random, and drawn for each y anew: x ~ p_d, a ~ U[0, 1].  With one x and one a for the whole
batch, as the formula stands, the critic's slope is asked at a few points only, other ones in every
step.

For D(x) = x^2 / 2, whose slope is |x|, real examples at 4 and -4, and generated ones at 1 and -1,
the mean of (|t| - 1)^2 over the way between the two is known: 3 for a pair on one side (t from 1 to
4), 29/15 for a pair on two sides (t from -1 to 4); each is half of all pairs.
"""

from __future__ import annotations

import numpy as np

from ...generative.penalties import between, gradient_penalty
from ...graph import Tensor, tensor
from . import Line

REAL, FAKE = np.array([4.0, -4.0]), np.array([1.0, -1.0])


def bowl(x: Tensor) -> Tensor:
    """D(x) = x^2 / 2."""
    return x**2 / 2


def penalty(real: np.ndarray, fake: np.ndarray, alpha: np.ndarray) -> float:
    points = between(*(tensor(part[:, None]) for part in (real, fake, alpha)))
    return gradient_penalty(bowl, points).item()


def as_printed(rng: np.random.Generator, n: int) -> float:
    """One x and one a for n generated examples."""
    fake = rng.choice(FAKE, n)
    return penalty(np.full(n, rng.choice(REAL)), fake, np.full(n, rng.uniform()))


def corrected(rng: np.random.Generator, n: int) -> float:
    """An x and an a for each of n generated examples."""
    return penalty(rng.choice(REAL, n), rng.choice(FAKE, n), rng.uniform(size=n))


def experiment() -> list[Line]:
    """Batches of 40,000, where four standard errors of the mean are .05."""
    truth = (3 + 29 / 15) / 2
    return [
        Line(f"penalty, batch {i}", as_printed(rng, 40_000), corrected(rng, 40_000), truth, 0.05)
        for i, rng in ((i, np.random.default_rng(i)) for i in range(3))
    ]
