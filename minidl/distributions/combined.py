"""Distributions made of others: independent components as one vector, and mixtures."""

from __future__ import annotations

from typing import Any

from ..graph import Tensor
from ..ops.indexing import take_along_axis
from ..ops.reduce import logsumexp, sum
from ..ops.shape import expand_dims, squeeze
from .discrete import Categorical
from .distribution import Distribution


class Independent(Distribution):
    """The last `reinterpreted_batch_ndims` axes of a batch as one event: log_prob sums over them.

    Independent(Normal(loc, scale), 1) with loc (N, D) is N distributions of vectors with D
    independent components.
    """

    def __init__(self, base_distribution: Distribution, reinterpreted_batch_ndims: int) -> None:
        shape, n = base_distribution.batch_shape, reinterpreted_batch_ndims
        if not 0 <= n <= len(shape):
            raise ValueError(
                f"Independent: {base_distribution} has {len(shape)} batch axes, not {n} or more"
            )
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, n
        self._like, self.has_rsample = base_distribution._like, base_distribution.has_rsample
        self.batch_shape = shape[: len(shape) - n]
        self.event_shape = shape[len(shape) - n :] + base_distribution.event_shape

    @property
    def mean(self) -> Tensor:
        return self.base_dist.mean

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    def log_prob(self, value: Any) -> Tensor:
        return self._total(self.base_dist.log_prob(value))

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        return self.base_dist.rsample(sample_shape, rng)

    def sample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        return self.base_dist.sample(sample_shape, rng)

    def entropy(self) -> Tensor:
        return self._total(self.base_dist.entropy())

    def _total(self, x: Tensor) -> Tensor:
        return sum(x, tuple(range(-self.reinterpreted_batch_ndims, 0)))


class MixtureSameFamily(Distribution):
    """p(x) = sum_k pi_k p_k(x), with pi from a Categorical and the p_k one batch of distributions.

    mixture_distribution: Categorical of batch shape (...), K classes.
    component_distribution: batch shape (..., K); its last batch axis is k.
    Samples have no gradient: which component they come from is no smooth function of pi.
    """

    def __init__(
        self, mixture_distribution: Categorical, component_distribution: Distribution
    ) -> None:
        mixture, component = mixture_distribution, component_distribution
        if not isinstance(mixture, Categorical):
            raise TypeError(f"MixtureSameFamily: the mixture must be Categorical, not {mixture}")
        shape, n = component.batch_shape[:-1], len(mixture.batch_shape)
        if component.batch_shape[-1:] != (mixture.classes,) or shape[len(shape) - n :] != (
            mixture.batch_shape
        ):
            raise ValueError(
                f"MixtureSameFamily: a mixture of batch shape {mixture.batch_shape} with "
                f"{mixture.classes} classes needs components of batch shape "
                f"{(*mixture.batch_shape, mixture.classes)}, not {component.batch_shape}"
            )
        self.mixture_distribution, self.component_distribution = mixture, component
        self._like = component._like
        self.batch_shape, self.event_shape = shape, component.event_shape

    @property
    def mean(self) -> Tensor:
        return self._average(self.component_distribution.mean)

    @property
    def variance(self) -> Tensor:
        """E Var + Var E, over the components."""
        mean = self.component_distribution.mean
        spread = mean - expand_dims(self.mean, self._axis)
        return self._average(self.component_distribution.variance + spread**2)

    def log_prob(self, value: Any) -> Tensor:
        # log sum_k e^(log pi_k + log p_k(x))
        value = expand_dims(self.component_distribution._as_value(value), self._axis)
        log_p = self.component_distribution.log_prob(value)
        return logsumexp(self.mixture_distribution.logits + log_p, -1)

    def sample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        rng, shape = self._generator(rng), self._shape(sample_shape)
        shape = shape[: len(shape) - len(self.event_shape)]
        before, mixture = shape[: len(shape) - len(self.batch_shape)], self.mixture_distribution
        k = mixture.sample(shape[: len(shape) - len(mixture.batch_shape)], rng).data
        every = self.component_distribution.sample(before, rng)
        index = k.reshape(shape + (1,) * (1 + len(self.event_shape)))
        return squeeze(take_along_axis(every, index, self._axis), self._axis)

    @property
    def _axis(self) -> int:
        """Where the components are in an array that has them."""
        return -1 - len(self.event_shape)

    def _average(self, x: Tensor) -> Tensor:
        """sum_k pi_k x_k."""
        pi = self.mixture_distribution.probs
        return sum(pi.reshape(*pi.shape, *(1,) * len(self.event_shape)) * x, self._axis)
