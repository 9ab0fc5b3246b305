"""Integral probability metrics: how well a family of functions tells two laws apart.

    d_F(p, q) = sup over f in F of  E_p f - E_q f

F is what the discriminators can be.  The larger it is, the more a small d_F says, and the more
examples it takes to estimate:

    |f| <= 1 everywhere           2 TV(p, q) = sum |p - q|                     `bounded_metric`
    |f(x) - f(y)| <= |x - y|      W1(p, q), the earth mover's distance         `oracles.transport`
    f = w . features, |w| <= 1    the distance between the features' means     `linear_metric`

W1 is the least E |x - y| over all couplings of p and q (Kantorovich), which is the second line by
his duality with Rubinstein; if f may be K-Lipschitz the supremum is K W1.  Both are linear programs
for laws on finitely many points, and on a line W1 is the area between the distribution functions.

What the notes print wrongly: that |f| <= 1 gives TV, which is half of it, and that unconstrained F
gives the Jensen-Shannon divergence.  Without a constraint the supremum is infinite wherever p != q;
it is the objective with logarithms that gives 2 JSD - log 4 (`minidl notes ipm-df`, `optimal`).

Weak discriminators cannot see that a generator has learned m examples by heart: from m draws of p
the linear ones see a distance of (tr Cov / m)^1/2 only, however far the rest of p is.  The notes
say that m points fool discriminators with up to m parameters; shown is that some p log(p / eps) /
eps^2 points fool those with p parameters (Arora et al. 2017, arXiv:1703.00573, section 3).  In
restricted families they can be enough: if all generators are one normal law, moved, then a linear
discriminator's distance is W1 (Bai, Ma and Risteski 2019, arXiv:1806.10586).  Large
discriminators find differences between two samples of one law: `generalisation_gap`.

Rows of the notes: emd-primal, kr-duality, ipm-df, weak-discriminator, one-to-one-generator,
large-discriminator.
"""

from __future__ import annotations

import numpy as np

from ..checks import checked, normal
from ..graph import Tensor
from ..ops.elementwise import absolute, sqrt


def bounded_metric(p: Tensor, q: Tensor) -> Tensor:
    """sup over |f| <= 1 of sum f (p - q) = sum |p - q| = 2 TV, attained by f = sign(p - q).

    p, q: (..., K) laws.  Returns (...), from 0 to 2.
    """
    return absolute(p - q).sum(axis=-1)


def linear_metric(x: Tensor, y: Tensor) -> Tensor:
    """sup over |w| <= 1 of mean w . x - mean w . y = |mean x - mean y|.

    x: (N, D), y: (M, D): examples, or features of them, such as a network's last layer.
    """
    # the square root's slope at 0 is infinite: equal means get the gradient 0
    return sqrt(((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum() + 1e-24)


def linear_witness(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The w of length 1 that attains `linear_metric`: (D,).  x: (N, D), y: (M, D)."""
    shift = x.mean(axis=0) - y.mean(axis=0)
    return shift / np.linalg.norm(shift)


def generalisation_gap(
    train: tuple[np.ndarray, np.ndarray], held_out: tuple[np.ndarray, np.ndarray]
) -> float:
    """How much more the best linear discriminator of two samples sees on them than on new ones.

    train, held_out: features (N, D), (M, D) of draws from p and from q.  Returns the distance that
    the witness of `train` finds there, less what it finds in `held_out`.
    """
    w = linear_witness(*train)
    seen, new = ((x.mean(axis=0) - y.mean(axis=0)) @ w for x, y in (train, held_out))
    return float(seen - new)


checked(linear_metric, x=normal(4, 3), y=normal(5, 3))
