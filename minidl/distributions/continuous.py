"""Distributions on the line whose samples are simple functions of noise and parameters."""

from __future__ import annotations

import math
from typing import Any

from ..graph import Tensor
from ..ops.elementwise import absolute, log
from .distribution import Constraint, Distribution, nonnegative, positive


class Uniform(Distribution):
    """p(x) = 1 / (high - low) on [low, high]."""

    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool = True) -> None:
        self.low, self.high = self._parameters(validate_args, low=low, high=high)
        if validate_args and not (self.low.data < self.high.data).all():
            raise ValueError("Uniform: low must be below high everywhere")

    @property
    def support(self) -> Constraint:
        low, high = self.low.data, self.high.data
        return Constraint("in [low, high]", lambda x: (x >= low) & (x <= high))

    @property
    def mean(self) -> Tensor:
        return (self.low + self.high) / 2

    @property
    def variance(self) -> Tensor:
        return (self.high - self.low) ** 2 / 12

    def log_prob(self, value: Any) -> Tensor:
        return 0 * self._value(value) - log(self.high - self.low)

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        u = self._constant(self._generator(rng).random(self._shape(sample_shape)))
        return self.low + (self.high - self.low) * u

    def entropy(self) -> Tensor:
        return log(self.high - self.low)


class Exponential(Distribution):
    """p(x) = rate e^(-rate x) for x >= 0."""

    constraints = {"rate": positive}
    support = nonnegative
    has_rsample = True

    def __init__(self, rate: Any, validate_args: bool = True) -> None:
        (self.rate,) = self._parameters(validate_args, rate=rate)

    @property
    def mean(self) -> Tensor:
        return 1 / self.rate

    @property
    def variance(self) -> Tensor:
        return 1 / self.rate**2

    def log_prob(self, value: Any) -> Tensor:
        return log(self.rate) - self.rate * self._value(value)

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        e = self._generator(rng).standard_exponential(self._shape(sample_shape))
        return self._constant(e) / self.rate

    def entropy(self) -> Tensor:
        return 1 - log(self.rate)


class Laplace(Distribution):
    """p(x) = e^(-|x - loc| / scale) / (2 scale)."""

    constraints = {"scale": positive}
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool = True) -> None:
        self.loc, self.scale = self._parameters(validate_args, loc=loc, scale=scale)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return 2 * self.scale**2

    def log_prob(self, value: Any) -> Tensor:
        return -absolute(self._value(value) - self.loc) / self.scale - log(2 * self.scale)

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        rng, shape = self._generator(rng), self._shape(sample_shape)
        # the difference of two exponential variables is Laplace's
        noise = rng.standard_exponential(shape) - rng.standard_exponential(shape)
        return self.loc + self.scale * self._constant(noise)

    def entropy(self) -> Tensor:
        return 1 + log(2 * self.scale)


class Normal(Distribution):
    """p(x) = e^(-(x - loc)^2 / (2 scale^2)) / (scale sqrt(2 pi))."""

    constraints = {"scale": positive}
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool = True) -> None:
        self.loc, self.scale = self._parameters(validate_args, loc=loc, scale=scale)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self.scale**2

    def log_prob(self, value: Any) -> Tensor:
        z = (self._value(value) - self.loc) / self.scale
        return -0.5 * z * z - log(self.scale) - 0.5 * math.log(2 * math.pi)

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        noise = self._generator(rng).standard_normal(self._shape(sample_shape))
        return self.loc + self.scale * self._constant(noise)

    def entropy(self) -> Tensor:
        return 0.5 * math.log(2 * math.pi * math.e) + log(self.scale)
