"""One distribution of each kind, its law according to SciPy, and how to integrate over it.

The integrals are sums over a grid that is uniform after a double exponential change of variables
(Takahasi & Mori 1974): exact to rounding for smooth integrands, even if infinite at an end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

import minidl as md
from minidl import distributions as D


class Example(NamedTuple):
    """make(*parameters) is the distribution; `grid` names what to integrate over."""

    make: Callable[..., D.Distribution]
    parameters: tuple[np.ndarray, ...]
    grid: str
    scipy: Any = None

    def distribution(self, requires_grad=False):
        """The distribution, and its parameters as Tensors."""
        tensors = [md.tensor(np.asarray(p), requires_grad=requires_grad) for p in self.parameters]
        return self.make(*tensors), tensors


MEANS = np.array([0.5, -1.0])
COVARIANCE = np.array([[1.5, 0.6], [0.6, 0.8]])
LOGITS = np.array([0.3, -0.5, 1.1])
PI = np.exp(LOGITS) / np.exp(LOGITS).sum()

EXAMPLES = {
    "Uniform": Example(D.Uniform, (-1.0, 2.5), "interval", stats.uniform(-1, 3.5)),
    "Exponential": Example(D.Exponential, (1.7,), "half-line", stats.expon(scale=1 / 1.7)),
    "Laplace": Example(D.Laplace, (0.3, 1.4), "line", stats.laplace(0.3, 1.4)),
    "Normal": Example(D.Normal, (-0.4, 1.3), "line", stats.norm(-0.4, 1.3)),
    "Gamma": Example(D.Gamma, (2.3, 0.7), "half-line", stats.gamma(2.3, scale=1 / 0.7)),
    "Gamma, a < 1": Example(D.Gamma, (0.4, 1.5), "half-line", stats.gamma(0.4, scale=1 / 1.5)),
    "Beta": Example(D.Beta, (2.5, 1.3), "unit interval", stats.beta(2.5, 1.3)),
    "Beta, a < 1": Example(D.Beta, (0.4, 0.7), "unit interval", stats.beta(0.4, 0.7)),
    "StudentT": Example(D.StudentT, (5.5, 0.7, 1.2), "line", stats.t(5.5, 0.7, 1.2)),
    "Bernoulli": Example(D.Bernoulli, (0.3,), "0 or 1", stats.bernoulli(0.3)),
    "Bernoulli, logits": Example(
        lambda x: D.Bernoulli(logits=x), (0.8,), "0 or 1", stats.bernoulli(1 / (1 + np.exp(-0.8)))
    ),
    "Binomial": Example(lambda p: D.Binomial(12, p), (0.35,), "0 to 12", stats.binom(12, 0.35)),
    "Binomial, logits": Example(
        lambda x: D.Binomial(12, logits=x),
        (-0.6,),
        "0 to 12",
        stats.binom(12, 1 / (1 + np.exp(0.6))),
    ),
    "Poisson": Example(D.Poisson, (3.6,), "counts", stats.poisson(3.6)),
    "Categorical": Example(
        D.Categorical, (PI,), "0 to 2", stats.rv_discrete(values=([0, 1, 2], PI))
    ),
    "Categorical, logits": Example(
        lambda x: D.Categorical(logits=x),
        (LOGITS,),
        "0 to 2",
        stats.rv_discrete(values=([0, 1, 2], PI)),
    ),
    "Dirichlet": Example(
        D.Dirichlet, (np.array([1.2, 2.5, 0.8]),), "triangle", stats.dirichlet([1.2, 2.5, 0.8])
    ),
    "MultivariateNormal": Example(
        D.MultivariateNormal,
        (MEANS, COVARIANCE),
        "plane",
        stats.multivariate_normal(MEANS, COVARIANCE),
    ),
    "MultivariateNormal, precision": Example(
        lambda m, p: D.MultivariateNormal(m, precision_matrix=p),
        (MEANS, np.linalg.inv(COVARIANCE)),
        "plane",
        stats.multivariate_normal(MEANS, COVARIANCE),
    ),
    "MultivariateNormal, factor": Example(
        lambda m, f: D.MultivariateNormal(m, scale_tril=f),
        (MEANS, np.linalg.cholesky(COVARIANCE)),
        "plane",
        stats.multivariate_normal(MEANS, COVARIANCE),
    ),
    "Independent": Example(
        lambda m, s: D.Independent(D.Normal(m, s), 1),
        (MEANS, np.array([0.7, 1.6])),
        "plane",
        stats.multivariate_normal(MEANS, [0.49, 2.56]),
    ),
    "RelaxedBernoulli": Example(D.RelaxedBernoulli, (0.7, 0.6), "unit interval"),
    "RelaxedBernoulli, logits": Example(
        lambda t, x: D.RelaxedBernoulli(t, logits=x), (1.5, -0.4), "unit interval"
    ),
    "RelaxedOneHotCategorical": Example(D.RelaxedOneHotCategorical, (0.8, PI), "triangle"),
    "MixtureSameFamily": Example(
        lambda x, m, s: D.MixtureSameFamily(D.Categorical(logits=x), D.Normal(m, s)),
        (LOGITS, np.array([-2.0, 0.5, 3.0]), np.array([0.5, 1.0, 0.8])),
        "line",
    ),
    "MixtureSameFamily, vectors": Example(
        lambda p, m, s: D.MixtureSameFamily(D.Categorical(p), D.Independent(D.Normal(m, s), 1)),
        (PI, np.array([[-2.0, 0.5], [0.5, 1.0], [2.0, -1.0]]), np.full((3, 2), 0.7)),
        "plane",
    ),
}

LAST = {"0 or 1": 1, "0 to 12": 12, "0 to 2": 2, "counts": 80}
DISCRETE = [name for name, example in EXAMPLES.items() if example.grid in LAST]
CONTINUOUS = [name for name in EXAMPLES if name not in DISCRETE]


def grid(kind: str, fine: int = 20_001) -> tuple[np.ndarray, np.ndarray]:
    """Points of the set `kind`, and weights w with sum w f(x) = integral (or sum) of f."""
    if kind in LAST:
        return np.arange(LAST[kind] + 1.0), np.ones(LAST[kind] + 1)
    if kind in ("plane", "triangle"):
        x, w = grid("line" if kind == "plane" else "unit interval", 401)
        (x, y), weights = np.meshgrid(x, x, indexing="ij"), np.outer(w, w)
        if kind == "plane":
            return np.stack([x, y], -1), weights
        rest = (1 - x) * (1 - y)  # the triangle: x, (1 - x) y, (1 - x)(1 - y)
        return np.stack([x, (1 - x) * y, rest], -1), weights * (1 - x)
    t = np.linspace(-4.3, 4.3, fine)
    s, ds = np.pi / 2 * np.sinh(t), np.pi / 2 * np.cosh(t) * (t[1] - t[0])
    if kind == "line":
        return np.sinh(s), np.cosh(s) * ds
    if kind == "half-line":
        return np.exp(s), np.exp(s) * ds
    share = 1 / (1 + np.exp(-2 * s))
    weights = 2 * share * (1 - share) * ds
    inside = (share > 0) & (share < 1)
    share, weights = share[inside], weights[inside]
    return (share, weights) if kind == "unit interval" else (-1 + 3.5 * share, 3.5 * weights)


def expectation(distribution: D.Distribution, kind: str, f: Callable) -> np.ndarray:
    """E f(x), f: array of points (..., *event_shape) -> (..., *any)."""
    x, w = grid(kind)
    density = w * np.exp(distribution.log_prob(x).data)
    values = f(x)
    extra = values.ndim - density.ndim
    density = density.reshape(density.shape + (1,) * extra)
    return (density * values).sum(tuple(range(density.ndim - extra)))
