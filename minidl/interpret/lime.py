"""LIME: explain one prediction of any model by a linear model that is right nearby.

    explanation(x) = argmin over g of  L(f, g, pi_x) + Omega(g)
    L(f, g, pi_x)  = sum over z' of  pi_x(z) (f(z) - g(z'))^2

z' in {0, 1}^d says which of d parts of x (superpixels, words) are there; z is the input made of
these, the others replaced by a baseline; pi_x(z) is larger the more of x is left.  g is linear, so
its weights say what each part does.  Omega is a ridge penalty, or an l1 penalty that leaves few
parts.  Only values of f are used: the model may be anything.

Kernel of the published program: sqrt(exp(-D^2 / width^2)), with the root; D is the cosine distance
of z' from (1, ..., 1), and the width .25 for images; for tables D is Euclidean over standardised
features, and the width .75 sqrt(d).  It draws z' at random: the weights differ from run to run, by
about 1 / sqrt(number of draws); here the draws are an argument.

Ribeiro, Singh and Guestrin 2016 (arXiv:1602.04938), eq. 1 and 2.

Rows of the notes: lime.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..checks import between, checked, normal
from ..graph import Tensor, tensor
from ..ops.elementwise import exp, sqrt
from ..ops.linalg import solve
from ..ops.shape import concatenate
from ..recording import no_grad
from .attribution import Score


class Explanation(NamedTuple):
    """weights: (d,) what each part adds.  intercept: of g.  r2: the share of the weighted variance
    of f that g explains.  local: g at x itself."""

    weights: Tensor
    intercept: Tensor
    r2: float
    local: float


# ------------------------------------------------------------------------------------ the pieces


def proximity(distance: Tensor, width: float) -> Tensor:
    """pi = sqrt(exp(-D^2 / width^2)).  distance: (M,), and the result."""
    return sqrt(exp(-((distance / width) ** 2)))


def cosine_distance(masks: Tensor) -> Tensor:
    """1 - cos of the angle between z' and (1, ..., 1), which is 1 - sqrt(share of ones): (M,)."""
    return 1 - sqrt(masks.mean(axis=1))


def weighted_ridge(Z: Tensor, f: Tensor, pi: Tensor, alpha: float | Tensor) -> Tensor:
    """argmin over (b, w) of sum_m pi_m (f_m - b - w . Z_m)^2 + alpha |w|^2, b without penalty.

    Z: (M, d), f: (M,), pi: (M,).  Returns (1 + d,): the intercept, then the weights.
    """
    # (A' P A + alpha diag(0, 1, ..., 1)) (b, w) = A' P f,   A = [1 Z]
    A = concatenate([Z[:, :1] * 0 + 1, Z], axis=1)
    free = np.eye(A.shape[1])
    free[0, 0] = 0
    penalty = tensor(free, dtype=Z.dtype, device=Z.device)
    weighted = A * pi[:, None]
    return solve(A.T @ weighted + alpha * penalty, weighted.T @ f)


def weighted_lasso(
    Z: np.ndarray, f: np.ndarray, pi: np.ndarray, alpha: float, sweeps: int = 200
) -> np.ndarray:
    """argmin of 1/2 sum_m pi_m (f_m - b - w . Z_m)^2 + alpha |w|_1, by coordinate descent.

    Each coordinate's minimum is known, S(Z_j' P r_j, alpha) / Z_j' P Z_j, with S the soft
    threshold and r_j what the others leave (Friedman, Hastie and Tibshirani 2010, J. Statistical
    Software 33).  Returns (1 + d,).
    """
    center = lambda a: a - pi @ a / pi.sum()
    Zc, fc = center(Z), center(f)
    w, square = np.zeros(Z.shape[1]), pi @ Zc**2
    rest = fc.copy()
    for _ in range(sweeps):
        for j in np.flatnonzero(square):
            c = pi * Zc[:, j] @ rest + square[j] * w[j]
            new = math.copysign(max(abs(c) - alpha, 0.0), c) / square[j]
            rest += Zc[:, j] * (w[j] - new)
            w[j] = new
    return np.concatenate([[pi @ (f - Z @ w) / pi.sum()], w])


def fidelity(Z: Tensor, f: Tensor, pi: Tensor, coefficients: Tensor) -> float:
    """1 - sum pi (f - g)^2 / sum pi (f - mean f)^2: 1 where g is f on all draws."""
    g = coefficients[0] + Z @ coefficients[1:]
    mean = (pi * f).sum() / pi.sum()
    return (1 - (pi * (f - g) ** 2).sum() / (pi * (f - mean) ** 2).sum()).item()


# -------------------------------------------------------------------------------- the explanations


@no_grad()
def explain_parts(
    score: Score, x: Tensor, parts: np.ndarray, baseline: Tensor, masks: Tensor,
    width: float = 0.25, alpha: float = 1.0, batch: int = 256,
) -> Explanation:  # fmt: skip
    """Explain f(x) by the parts of x that are there.

    score: f, for many inputs at once.  x, baseline: one input (...).  parts: of its shape, which of
        0 .. d-1 each number belongs to (`superpixels.slic`).
    masks: (M, d) of 0 and 1, such as `draw_masks`.  alpha: the weight of the ridge penalty.
    """
    values = []
    for start in range(0, len(masks), batch):
        inside = masks[start : start + batch][:, parts.ravel()].reshape(-1, *x.shape)
        values.append(score(baseline + inside * (x - baseline)))
    f, pi = concatenate(values, axis=0), proximity(cosine_distance(masks), width)
    return _explanation(masks, f, pi, alpha, masks[0] * 0 + 1)


@no_grad()
def explain_table(
    score: Score, x: Tensor, scale: Tensor, noise: Tensor,
    width: float | None = None, alpha: float = 1.0,
) -> Explanation:  # fmt: skip
    """Explain f(x) by its features: z = x + scale * noise, and Z the standardised features of z.

    x: (d,).  scale: (d,), the features' standard deviations.  noise: (M, d), standard normal.
    width: .75 sqrt(d) if None.  The weights are per standard deviation.
    """
    pi = proximity(sqrt((noise**2).sum(axis=1)), width or 0.75 * math.sqrt(len(x)))
    return _explanation(noise, score(x + scale * noise), pi, alpha, noise[0] * 0)


def _explanation(Z: Tensor, f: Tensor, pi: Tensor, alpha: float, here: Tensor) -> Explanation:
    """here: where x itself stands among the Z."""
    found = weighted_ridge(Z, f, pi, alpha)
    local = (found[0] + here @ found[1:]).item()
    return Explanation(found[1:], found[0], fidelity(Z, f, pi, found), local)


def draw_masks(count: int, parts: int, rng: np.random.Generator) -> np.ndarray:
    """Each part is there or not with probability 1/2; first all of them: (count, parts) float32."""
    masks = rng.integers(0, 2, (count, parts)).astype(np.float32)
    masks[0] = 1
    return masks


checked(proximity, distance=between(0.1, 1.0, 4), width=0.75)
checked(weighted_ridge, Z=normal(6, 3), f=normal(6), pi=between(0.5, 1.0, 6),
        alpha=between(0.5, 1.0))  # fmt: skip
