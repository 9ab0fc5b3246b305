"""Distributions on whole numbers.  Their samples have no gradient; log_prob has."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor
from ..ops.activations import logsigmoid, sigmoid
from ..ops.choices import where
from ..ops.elementwise import exp, log, log1p
from ..ops.indexing import take_along_axis
from ..ops.reduce import sum
from ..ops.shape import broadcast_to, expand_dims, squeeze
from ..ops.softmax import log_softmax
from ..ops.special import gammaln, xlogy
from .distribution import Constraint, Distribution, count, positive, probability


class Trials(Distribution):
    """Base of Bernoulli and Binomial: a chance, as `probs` or as `logits` = log(p / (1 - p))."""

    constraints = {"probs": probability, "total_count": count}

    def _chance(self, validate_args: bool, probs: Any, logits: Any, **others: Any) -> list[Tensor]:
        check_one(self._name, probs, logits)
        given = {"probs": probs} if logits is None else {"logits": logits}
        chance, *rest = self._parameters(validate_args, **given, **others)
        self._probs, self._logits = (chance, None) if logits is None else (None, chance)
        return rest

    @property
    def probs(self) -> Tensor:
        """The chance of a success."""
        return sigmoid(self._logits) if self._probs is None else self._probs

    @property
    def logits(self) -> Tensor:
        """log(p / (1 - p))."""
        return log(self._probs) - log1p(-self._probs) if self._logits is None else self._logits

    def log_chance(self, successes: Any, failures: Any) -> Tensor:
        """The logarithm of p^successes (1 - p)^failures; 0^0 = 1."""
        if self._logits is None:
            return xlogy(successes, self._probs) + xlogy(failures, 1 - self._probs)
        return successes * logsigmoid(self._logits) + failures * logsigmoid(-self._logits)


def check_one(name: str, probs: Any, logits: Any) -> None:
    """Raise ValueError unless exactly one of the two is given."""
    if (probs is None) == (logits is None):
        raise ValueError(f"{name}: give either probs or logits")


class Bernoulli(Trials):
    """p(1) = probs, p(0) = 1 - probs."""

    support = Constraint("0 or 1", lambda x: (x == 0) | (x == 1))

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool = True) -> None:
        self._chance(validate_args, probs, logits)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def log_prob(self, value: Any) -> Tensor:
        x = self._value(value)
        return self.log_chance(x, 1 - x)

    def sample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        u = self._generator(rng).random(self._shape(sample_shape))
        return self._constant(u < self.probs.data)

    def entropy(self) -> Tensor:
        return -self.log_chance(self.probs, 1 - self.probs)


class Binomial(Trials):
    """p(k) = C(n, k) probs^k (1 - probs)^(n-k), n = total_count: successes among n trials."""

    def __init__(
        self,
        total_count: Any = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool = True,
    ) -> None:
        (self.total_count,) = self._chance(validate_args, probs, logits, total_count=total_count)

    @property
    def support(self) -> Constraint:
        n = self.total_count.data
        return Constraint("a whole number in [0, n]", lambda x: count.holds(x) & (x <= n))

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def log_prob(self, value: Any) -> Tensor:
        k, n = self._value(value), self.total_count
        ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
        return ways + self.log_chance(k, n - k)

    def sample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        n = self.total_count.data.astype(np.int64)
        p = self.probs.data.astype(np.float64)
        return self._constant(self._generator(rng).binomial(n, p, self._shape(sample_shape)))

    def entropy(self) -> Tensor:
        """-sum_k p(k) log p(k), summed over k = 0..n; one n for the whole batch."""
        n = self.total_count.data
        if (n != n.max()).any():
            raise NotImplementedError("Binomial.entropy: total_count must be the same everywhere")
        return entropy_of_counts(self, int(n.max()))


class Poisson(Distribution):
    """p(k) = rate^k e^-rate / k!, for k = 0, 1, ..."""

    constraints = {"rate": positive}
    support = count

    def __init__(self, rate: Any, validate_args: bool = True) -> None:
        (self.rate,) = self._parameters(validate_args, rate=rate)

    @property
    def mean(self) -> Tensor:
        return self.rate

    @property
    def variance(self) -> Tensor:
        return self.rate

    def log_prob(self, value: Any) -> Tensor:
        k = self._value(value)
        return xlogy(k, self.rate) - self.rate - gammaln(k + 1)

    def sample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        rate = self.rate.data.astype(np.float64)
        return self._constant(self._generator(rng).poisson(rate, self._shape(sample_shape)))

    def entropy(self) -> Tensor:
        """-sum_k p(k) log p(k), up to a k beyond which there is less than 1e-16 of probability."""
        # Chernoff: P(k >= rate + x) <= e^(-x^2 / (2 (rate + x/3))), below 1e-17 for this x
        largest = float(self.rate.data.max())
        return entropy_of_counts(self, int(largest + 9 * largest**0.5 + 30))


def entropy_of_counts(distribution: Distribution, last: int) -> Tensor:
    """-sum_k p(k) log p(k) over k = 0..last."""
    like = distribution._like
    k = backend.xp(like.data).arange(last + 1).astype(like.dtype)
    log_p = distribution.log_prob(Tensor(k.reshape(-1, *(1,) * len(distribution.batch_shape))))
    return -sum(where(log_p > -np.inf, exp(log_p) * log_p, 0.0), 0)


class Categorical(Distribution):
    """p(k) = probs_k, for k = 0..K-1: the number of a class.

    probs: (..., K), not negative; divided by their sum.  logits: (..., K), log probabilities up to
    a constant.  Samples are int64.  Classes are names: there is no mean.
    """

    constraints = {"probs": Constraint(">= 0, and not all 0", lambda x: (x >= 0) & _any(x > 0))}

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool = True) -> None:
        check_one("Categorical", probs, logits)
        if logits is None:
            (probs,) = self._parameters(validate_args, 1, probs=probs)
            self.probs = probs / sum(probs, -1, keepdims=True)
            some = self.probs > 0
            self.logits = where(some, log(where(some, self.probs, 1.0)), -np.inf)
        else:
            (logits,) = self._parameters(validate_args, 1, logits=logits)
            self.logits = log_softmax(logits, -1)
            self.probs = exp(self.logits)
        self.event_shape = ()

    @property
    def classes(self) -> int:
        """K."""
        return self.logits.shape[-1]

    @property
    def support(self) -> Constraint:
        last = self.classes - 1
        return Constraint(f"a class, 0 to {last}", lambda x: count.holds(x) & (x <= last))

    def log_prob(self, value: Any) -> Tensor:
        value = self._value(value).data.astype(np.int64)
        shape = np.broadcast_shapes(value.shape, self.batch_shape)
        logits = broadcast_to(self.logits, (*shape, self.classes))
        index = np.broadcast_to(value, shape)
        return squeeze(take_along_axis(logits, expand_dims(index, -1), -1), -1)

    def sample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        # the class in whose stretch of [0, 1) a uniform number falls
        u = self._generator(rng).random((*self._shape(sample_shape), 1))
        ends = self.probs.data.astype(np.float64).cumsum(-1)
        return Tensor(backend.xp(u).asarray((u >= ends[..., :-1] / ends[..., -1:]).sum(-1)))

    def entropy(self) -> Tensor:
        return -sum(xlogy(self.probs, self.probs), -1)


def _any(x: Any) -> Any:
    return x.any(-1, keepdims=True)
