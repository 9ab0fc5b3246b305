"""Robust and non-robust features, and why robustness can cost accuracy.

Tsipras et al. 2019 (arXiv:1805.12152, section 2.1) have one feature that is nearly right and cannot
be moved far, and d that are together as good as certain, but weak:

    y = +-1 evenly,    x_0 = y with probability p, else -y,    x_1, ..., x_d ~ N(eta y, 1)

The sign of x_1 + ... + x_d is right with probability Phi(eta sqrt(d)), nearly always.  A move of
2 eta in l_inf makes each weak feature N(-eta y, 1), and the same rule right with probability
Phi(-eta sqrt(d)), nearly never.  The sign of x_0 is right with probability p before and after.  It
is no fault of the rule: any that is right with probability 1 - delta is right under attack with
p delta / (1 - p) at most (their theorem 2.1).

Ilyas et al. 2019 (arXiv:1905.02175, section 2) call a feature f, of mean 0 and variance 1,

    rho-useful             if  E[y f(x)] >= rho
    gamma-robustly useful  if  E[min over the ball of y f(x + delta)] >= gamma

and useful but not robust if it is the first and for no gamma >= 0 the second.  A non-robust feature
is no noise: it helps on unseen data, and an attack uses it as a classifier does.  Without them a
classifier trained plainly is robust, and less accurate (`select`).  And they suffice: trained on
inputs moved towards a random class, and labelled as that class, one is right on clean test data
(`relabelled`).

Rows of the notes: robust-accuracy-tradeoff, nonrobust-removal.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr

from .. import nn
from ..attacks import Goal, Threat, pgd
from ..checks import checked, normal
from ..graph import Tensor, tensor
from ..ops.elementwise import absolute


class Weak(NamedTuple):
    """The law of Tsipras et al.: d features of mean eta y, and one that is y with probability p.

    Their example, and the notes': p = .95, d = 100, eta = 3 / sqrt(d).
    """

    p: float = 0.95
    d: int = 100
    eta: float = 0.3

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """x: (n, 1 + d), y: (n,) of +1 and -1."""
        y = rng.choice([-1, 1], n)
        strong = np.where(rng.uniform(size=n) < self.p, y, -y)
        weak = self.eta * y[:, None] + rng.standard_normal((n, self.d))
        return np.concatenate([strong[:, None], weak], axis=1), y

    def accuracy(self, w: np.ndarray, epsilon: float = 0.0, bias: float = 0.0) -> float:
        """P[ y (w.x' + bias) > 0 ] where x' is the worst within epsilon of x in l_inf.

        The attack takes epsilon |w|_1 off the margin, which is normal given x_0 and y.
        w: (1 + d,), not all weak weights 0, unless bias is 0 too.
        """
        strong, weak = w[0], w[1:]
        mean, spread = self.eta * weak.sum(), np.linalg.norm(weak)
        total = 0.0
        for chance, sign in ((self.p, 1), (1 - self.p, -1)):
            for y in (-1, 1):
                margin = sign * strong + mean + y * bias - epsilon * np.abs(w).sum()
                right = ndtr(margin / spread) if spread > 0 else float(margin > 0)
                total += chance * right / 2
        return float(total)

    def ceiling(self, accuracy: float) -> float:
        """The most that a classifier of this accuracy keeps under attack with epsilon >= 2 eta."""
        return self.p / (1 - self.p) * (1 - accuracy)


# --------------------------------------------------------------------------------- of what use


def usefulness(w: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The mean of y f(x), of linear features f = x w: (F,).

    x: (N, D), y: (N,) of +1 and -1, w: (D, F), one column a feature.
    """
    return (y[:, None] * (x @ w)).mean(axis=0)


def robust_usefulness(w: Tensor, x: Tensor, y: Tensor, epsilon: Any) -> Tensor:
    """The mean of the least y f(x + delta) over |delta|_inf <= epsilon: (F,).

    Each feature is attacked by itself; a linear one loses epsilon |w|_1, wherever x is.
    """
    return usefulness(w, x, y) - epsilon * absolute(w).sum(axis=0)


def select(
    w: np.ndarray, x: np.ndarray, y: np.ndarray, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which features are useful even under attack, and the inputs with no others: (F,), (N, D).

    w: (D, F) with orthonormal columns, signed so that each is useful.  What x has along the other
    features is projected out.
    """
    keep = robust_usefulness(*map(tensor, (w, x, y)), epsilon).numpy() >= 0
    others = w[:, ~keep]
    return keep, x - (x @ others) @ others.T


def relabelled(
    model: nn.Module, x: Tensor, targets: Tensor, threat: Threat, steps: int = 20, **how: Any
) -> tuple[Tensor, Tensor]:
    """The inputs, moved within the threat towards the targets as the model sees them, and targets.

    Drawn without regard to what x shows, the targets agree with no robust feature: what can be
    learned from these pairs are non-robust ones.  Ilyas et al. 2019, section 3.2.
    """
    goal = Goal(targets.data, targeted=True)
    return pgd(model, x, goal, threat, steps, random_start=False, **how).adversarial, targets


_signs = lambda rng: np.where(rng.uniform(size=5) < 0.5, -1, 1)
checked(usefulness, w=normal(3, 2), x=normal(5, 3), y=_signs)
checked(robust_usefulness, w=normal(3, 2), x=normal(5, 3), y=_signs, epsilon=0.2)
