"""Gamma, Beta, Dirichlet and Student's t, with samples that gradients flow through.

A gamma variable is no simple function of noise and its concentration a: it is drawn by rejection.
Yet it depends on a smoothly, if its quantile u is held: P(a, z) = u, where P is the distribution
function.  Differentiating that equation gives dz/da = -(dP/da) / p(z), whatever way z was drawn
("implicit reparameterisation": Figurnov, Mohamed & Mnih 2018, arXiv:1805.08498, eq. 6).  With
P(a, z) = sum_n z^(a+n) e^-z / Gamma(a+n+1) it becomes a series,

    d log z / da = sum_{n>=0} z^n / (a (a+1) ... (a+n)) (psi(a+n+1) - log z),

which is differentiable again, to any order.  The others are made of gamma variables, as in section
3.1 there.  Everything is computed from log z, because for small a the z itself underflows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor, op
from ..ops.activations import sigmoid
from ..ops.choices import where
from ..ops.elementwise import exp, log, log1p
from ..ops.reduce import sum
from ..ops.softmax import softmax
from ..ops.special import digamma, gammaln, xlogy
from .distribution import Distribution, nonnegative, positive, probability, simplex


@op
def log_gamma_variable(concentration, log_z):
    """log z, where z was drawn from Gamma(concentration, 1), as a function of the concentration."""
    return log_z


log_gamma_variable.vjp(
    concentration=lambda g, concentration, y: g * path_derivative(concentration, y)
)


def path_derivative(a: Any, log_z: Any) -> Any:
    """d log z / da at a fixed quantile: the series above, to rounding.

    Computed in float64; the terms cancel where z lies far out in the upper tail, so that the
    relative error is about 1e-16 sqrt(1 + a) / P(Z > z).  The number of terms grows as sqrt(a).
    """
    a, log_z = a.astype(np.float64), log_z.astype(np.float64)
    z = exp(log_z)
    factor, gap = 1 / a, digamma(a + 1) - log_z
    total = factor * gap
    n = 1
    while True:
        factor = factor * z / (a + n)
        gap = gap + 1 / (a + n)
        total = total + factor * gap
        n += 1
        ratio = _raw(z / (a + n))  # of the next factor to this one; those after it are smaller
        if (ratio < 1).all():
            rest = _raw(factor) * abs(_raw(gap)) / (1 - ratio)
            if (rest <= 1e-18 * abs(_raw(total))).all():
                return total


def _raw(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


def log_standard_gamma(concentration: Tensor, shape: tuple[int, ...], rng: Any) -> Tensor:
    """log z of variables z from Gamma(concentration, 1), of the given shape."""
    a = np.broadcast_to(concentration.data, shape).astype(np.float64)
    # for a < 1 through z' ~ Gamma(a + 1): z = z' u^(1/a), which may be far too small for a float
    small = a < 1
    log_z = np.log(rng.standard_gamma(a + small)) - small * rng.standard_exponential(shape) / a
    # NumPy makes a scalar of one number, which would be taken for a constant
    return log_gamma_variable(concentration, backend.as_array(log_z.astype(concentration.dtype)))


class Gamma(Distribution):
    """p(x) = rate^a x^(a-1) e^(-rate x) / Gamma(a) for x > 0, a the concentration."""

    constraints = {"concentration": positive, "rate": positive}
    support = nonnegative
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool = True) -> None:
        self.concentration, self.rate = self._parameters(
            validate_args, concentration=concentration, rate=rate
        )

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate**2

    def log_prob(self, value: Any) -> Tensor:
        x, a = self._value(value), self.concentration
        return a * log(self.rate) + xlogy(a - 1, x) - self.rate * x - gammaln(a)

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        rng, shape = self._generator(rng), self._shape(sample_shape)
        return exp(log_standard_gamma(self.concentration, shape, rng) - log(self.rate))

    def entropy(self) -> Tensor:
        a = self.concentration
        return a - log(self.rate) + gammaln(a) + (1 - a) * digamma(a)


class Beta(Distribution):
    """p(x) = x^(a-1) (1-x)^(b-1) / B(a, b) on [0, 1]; a = concentration1, b = concentration0."""

    constraints = {"concentration1": positive, "concentration0": positive}
    support = probability
    has_rsample = True

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool = True
    ) -> None:
        self.concentration1, self.concentration0 = self._parameters(
            validate_args, concentration1=concentration1, concentration0=concentration0
        )

    @property
    def mean(self) -> Tensor:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def variance(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        return a * b / ((a + b) ** 2 * (a + b + 1))

    def log_prob(self, value: Any) -> Tensor:
        x, a, b = self._value(value), self.concentration1, self.concentration0
        return xlogy(a - 1, x) + xlogy(b - 1, 1 - x) - betaln(a, b)

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        # x / (x + y) of two gamma variables, from their logarithms
        rng, shape = self._generator(rng), self._shape(sample_shape)
        log_x = log_standard_gamma(self.concentration1, shape, rng)
        return sigmoid(log_x - log_standard_gamma(self.concentration0, shape, rng))

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        return (
            betaln(a, b)
            - (a - 1) * digamma(a)
            - (b - 1) * digamma(b)
            + (a + b - 2) * digamma(a + b)
        )


def betaln(a: Tensor, b: Tensor) -> Tensor:
    """log B(a, b) = log Gamma(a) + log Gamma(b) - log Gamma(a + b)."""
    return gammaln(a) + gammaln(b) - gammaln(a + b)


class Dirichlet(Distribution):
    """p(x) = Gamma(sum_i a_i) / prod_i Gamma(a_i) prod_i x_i^(a_i - 1), on the simplex.

    concentration: (..., K).  Samples: (..., K), of sum 1.
    """

    constraints = {"concentration": positive}
    support = simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool = True) -> None:
        (self.concentration,) = self._parameters(validate_args, 1, concentration=concentration)

    @property
    def mean(self) -> Tensor:
        return self.concentration / sum(self.concentration, -1, keepdims=True)

    @property
    def variance(self) -> Tensor:
        m = self.mean
        return m * (1 - m) / (1 + sum(self.concentration, -1, keepdims=True))

    def log_prob(self, value: Any) -> Tensor:
        a = self.concentration
        return sum(xlogy(a - 1, self._value(value)), -1) - self._log_normaliser()

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        # gamma variables over their sum, from their logarithms
        rng, shape = self._generator(rng), self._shape(sample_shape)
        return softmax(log_standard_gamma(self.concentration, shape, rng), -1)

    def entropy(self) -> Tensor:
        a = self.concentration
        total = sum(a, -1)
        return (
            self._log_normaliser()
            + (total - a.shape[-1]) * digamma(total)
            - sum((a - 1) * digamma(a), -1)
        )

    def _log_normaliser(self) -> Tensor:
        """The logarithm of prod_i Gamma(a_i) / Gamma(sum_i a_i)."""
        return sum(gammaln(self.concentration), -1) - gammaln(sum(self.concentration, -1))


class StudentT(Distribution):
    """The distribution of loc + scale n / sqrt(c / df), n standard normal, c chi-squared with df.

    p(x) = Gamma((df+1)/2) / (Gamma(df/2) sqrt(df pi) scale) (1 + t^2 / df)^(-(df+1)/2),
    t = (x - loc) / scale.  Its mean exists for df > 1, its variance is finite for df > 2; NaN and
    inf stand for them otherwise.
    """

    constraints = {"df": positive, "scale": positive}
    has_rsample = True

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool = True
    ) -> None:
        self.df, self.loc, self.scale = self._parameters(validate_args, df=df, loc=loc, scale=scale)

    @property
    def mean(self) -> Tensor:
        return where(self.df > 1, self.loc, math.nan)

    @property
    def variance(self) -> Tensor:
        finite = self.df > 2
        df = where(finite, self.df, 3.0)
        variance = where(finite, self.scale**2 * df / (df - 2), math.inf)
        return where(self.df > 1, variance, math.nan)

    def log_prob(self, value: Any) -> Tensor:
        t = (self._value(value) - self.loc) / self.scale
        half = (self.df + 1) / 2
        return (
            gammaln(half)
            - gammaln(self.df / 2)
            - 0.5 * log(self.df * math.pi)
            - log(self.scale)
            - half * log1p(t * t / self.df)
        )

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        rng, shape = self._generator(rng), self._shape(sample_shape)
        normal = self._constant(rng.standard_normal(shape))
        # c / df = 2 z / df with z from Gamma(df / 2, 1)
        log_ratio = log_standard_gamma(self.df / 2, shape, rng) - log(self.df / 2)
        return self.loc + self.scale * normal * exp(-0.5 * log_ratio)

    def entropy(self) -> Tensor:
        half = (self.df + 1) / 2
        return (
            half * (digamma(half) - digamma(self.df / 2))
            + 0.5 * log(self.df)
            + log(self.scale)
            + gammaln(self.df / 2)
            + 0.5 * math.log(math.pi)
            - gammaln(half)
        )
