"""Continuous relaxations of Bernoulli and Categorical: samples that gradients flow through.

A class can be drawn as argmax_k (logits_k + G_k), G_k Gumbel noise.  Replace argmax by a softmax of
temperature T, and the sample becomes a smooth function of the logits: near a corner of the simplex
for small T, near its middle for large T.  Maddison, Mnih & Teh 2017 (arXiv:1611.00712) call it the
Concrete distribution and give the densities (eq. 10 and appendix B); Jang, Gu & Poole 2017
(arXiv:1611.01144), Gumbel-softmax.  It is another distribution, not Categorical: an expectation
under it is biased unless T -> 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Tensor
from ..ops.activations import logsigmoid, sigmoid
from ..ops.elementwise import log, log1p
from ..ops.reduce import logsumexp, sum
from ..ops.softmax import log_softmax, softmax
from .discrete import check_one
from .distribution import Distribution, as_tensors, positive, probability, simplex


class RelaxedBernoulli(Distribution):
    """sigmoid((logits + L) / temperature), L logistic noise, in (0, 1).

    p(x) = T a x^(-T-1) (1-x)^(-T-1) / (a x^-T + (1-x)^-T)^2,     a = e^logits
    """

    constraints = {"temperature": positive, "probs": probability}
    support = probability
    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool = True
    ) -> None:
        check_one("RelaxedBernoulli", probs, logits)
        given = {"probs": probs} if logits is None else {"logits": logits}
        chance, self.temperature = self._parameters(validate_args, **given, temperature=temperature)
        self.logits = log(chance) - log1p(-chance) if logits is None else chance

    @property
    def probs(self) -> Tensor:
        """The chance that x > 1/2."""
        return sigmoid(self.logits)

    def log_prob(self, value: Any) -> Tensor:
        x, t = self._value(value), self.temperature
        # with y = log(x / (1 - x)) and d = logits - T y the density of y is T e^d / (1 + e^d)^2
        log_x, log_rest = log(x), log1p(-x)
        d = self.logits - t * (log_x - log_rest)
        return log(t) + logsigmoid(d) + logsigmoid(-d) - log_x - log_rest

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        rng, shape = self._generator(rng), self._shape(sample_shape)
        # logistic noise is the difference of two Gumbel variables, these are -log of exponentials
        noise = np.log(rng.standard_exponential(shape) / rng.standard_exponential(shape))
        return sigmoid((self.logits + self._constant(noise)) / self.temperature)


class RelaxedOneHotCategorical(Distribution):
    """softmax((logits + G) / temperature), G Gumbel noise, on the simplex.

        p(x) = (K-1)! T^(K-1) prod_k (a_k x_k^(-T-1)) / (sum_k a_k x_k^-T)^K,     a = e^logits

    probs or logits: (..., K).  temperature: a number, or of the batch's shape.
    """

    constraints = {"temperature": positive, "probs": positive}
    support = simplex
    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None, validate_args: bool = True
    ) -> None:
        check_one("RelaxedOneHotCategorical", probs, logits)
        given = {"probs": probs} if logits is None else {"logits": logits}
        ((name, values),) = given.items()
        values, temperature = as_tensors(values, temperature)
        temperature = temperature.reshape(*temperature.shape, 1)  # one for each vector
        values, self.temperature = self._parameters(
            validate_args, 1, **{name: values}, temperature=temperature
        )
        self.logits = log_softmax(log(values) if logits is None else values, -1)

    @property
    def probs(self) -> Tensor:
        """The chance of each class to be the largest component."""
        return softmax(self.logits, -1)

    def log_prob(self, value: Any) -> Tensor:
        log_x, t = log(self._value(value)), self.temperature
        k = self.event_shape[0]
        score = self.logits - t * log_x
        first = t[..., 0]  # the same for all k
        constant = math.lgamma(k) + (k - 1) * log(first)
        return constant + sum(score - log_x, -1) - k * logsumexp(score, -1)

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        noise = -np.log(self._generator(rng).standard_exponential(self._shape(sample_shape)))
        return softmax((self.logits + self._constant(noise)) / self.temperature, -1)
