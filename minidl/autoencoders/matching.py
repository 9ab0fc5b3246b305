"""How far apart are two samples?  MMD, sliced Wasserstein and sliced Cramer distance.

The codes of a batch are a sample from the law of the codes, whose density nobody knows.  These
three distances need no density and no critic, only the batch and as many draws from the prior.

    MMD^2(P, Q) = E k(x, x') + E k(y, y') - 2 E k(x, y)      Gretton et al. 2012, JMLR 13
    SW_2^2      = mean over directions of W_2^2 on the line  Kolouri et al. 2018 (arXiv:1804.01947)
    SC_2^2      = mean over directions of the integral of (F - G)^2, where F and G are the
                  distribution functions on the line         Kolouri et al. 2019 (arXiv:1902.02252)

Rows of the notes: latent-divergences (which name the three and give no formula).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..checks import checked, normal
from ..graph import Tensor
from ..ops.choices import where
from ..ops.elementwise import exp
from ..ops.indexing import take_along_axis
from ..ops.reduce import cumsum
from ..ops.shape import concatenate
from ..ops.sorting import argsort, sort

Kernel = Callable[[Tensor], Tensor]  # of the squared distance


def gaussian_kernel(bandwidth: float) -> Kernel:
    """k(x, y) = exp(-|x - y|^2 / (2 bandwidth^2)), as a function of |x - y|^2, elementwise."""
    return lambda squares: exp(-squares / (2 * bandwidth**2))


def inverse_multiquadratic(scale: float) -> Kernel:
    """k(x, y) = C / (C + |x - y|^2) with C = scale.

    Its tails are heavy, so that codes far out still feel a pull.  Tolstikhin et al. 2018
    (arXiv:1711.01558) take C = 2 d s^2 for codes of d dimensions and a prior of variance s^2.
    """
    return lambda squares: scale / (scale + squares)


def mmd(x: Tensor, y: Tensor, kernel: Kernel) -> Tensor:
    """The unbiased estimate of MMD^2 between the laws of two samples; it may be negative.

    x: (N, D), y: (M, D).  Returns a number.
    A point's kernel with itself is left out: with it, two samples from one law would seem
    (1/N + 1/M) (k(x, x) - E k) apart, a pull on the codes that shrinks with the batch only.
    Gretton et al. 2012, lemma 6.
    """

    def mean_of_pairs(a: Tensor) -> Tensor:
        n = len(a)
        k = kernel(squared_distances(a, a))
        return (k.sum() - kernel(0.0) * n) / (n * (n - 1))  # the diagonal is k(0), n times

    return mean_of_pairs(x) + mean_of_pairs(y) - 2 * kernel(squared_distances(x, y)).mean()


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """|x_i - y_j|^2.  x: (N, D), y: (M, D).  Returns (N, M)."""
    return ((x[:, None] - y[None]) ** 2).sum(axis=2)


def random_directions(number: int, dimension: int, rng: np.random.Generator) -> np.ndarray:
    """Points spread evenly over the unit sphere: (number, dimension)."""
    directions = rng.standard_normal((number, dimension))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def sliced_wasserstein(x: Tensor, y: Tensor, directions: Any) -> Tensor:
    """SW_2^2: on the line the optimal plan pairs the points in their order.

    x, y: (N, D), as many of each.  directions: (S, D), of length 1.  Returns a number.
    Raises ValueError if the samples differ in size.
    """
    if x.shape != y.shape:
        raise ValueError(f"sliced_wasserstein: {x.shape} and {y.shape} should be of one shape")
    along_x, along_y = sort(x @ directions.T, axis=0), sort(y @ directions.T, axis=0)  # (N, S)
    return ((along_x - along_y) ** 2).mean()


def sliced_cramer(x: Tensor, y: Tensor, directions: Any) -> Tensor:
    """SC_2^2: the squared difference of distribution functions, integrated along each direction.

    x: (N, D), y: (M, D).  directions: (S, D), of length 1.  Returns a number.
    """
    points = concatenate([x, y]) @ directions.T  # (N + M, S)
    order = argsort(points, axis=0)
    points = take_along_axis(points, order, axis=0)
    # between two neighbours, F - G is constant: 1/N for each x passed, less 1/M for each y
    steps = where(order < len(x), 1 / len(x), -1 / len(y)).astype(points.dtype)
    difference = cumsum(steps, axis=0)[:-1]
    return (difference**2 * (points[1:] - points[:-1])).sum(axis=0).mean()


_directions = lambda rng: random_directions(5, 2, rng)
checked(mmd, case="Gaussian", x=normal(5, 2), y=normal(4, 2),
        kernel=lambda rng: gaussian_kernel(1.0))  # fmt: skip
checked(mmd, case="multiquadratic", x=normal(5, 2), y=normal(4, 2),
        kernel=lambda rng: inverse_multiquadratic(4.0))  # fmt: skip
checked(sliced_wasserstein, x=normal(5, 2), y=normal(5, 2), directions=_directions)
checked(sliced_cramer, x=normal(5, 2), y=normal(4, 2), directions=_directions)
