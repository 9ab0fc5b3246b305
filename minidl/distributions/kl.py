"""KL(p || q) = E_p log p(x)/q(x), in nats: closed forms where there are, samples otherwise."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from ..graph import Tensor
from ..ops.choices import where
from ..ops.elementwise import absolute, exp, log
from ..ops.linalg import inv
from ..ops.reduce import sum
from ..ops.shape import expand_dims, swapaxes
from ..ops.special import digamma, gammaln
from .combined import Independent
from .continuous import Exponential, Laplace, Normal, Uniform
from .discrete import Bernoulli, Binomial, Categorical, Poisson
from .distribution import Distribution
from .gamma import Beta, Dirichlet, Gamma, betaln
from .multivariate_normal import MultivariateNormal

closed_forms: dict[tuple[type, type], Callable[[Any, Any], Tensor]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Callable], Callable]:
    """Decorator: the function (p, q) -> KL(p || q) is the closed form for these types."""

    def register(form: Callable) -> Callable:
        closed_forms[type_p, type_q] = form
        return form

    return register


def kl_divergence(p: Distribution, q: Distribution, samples: int = 0, rng: Any = None) -> Tensor:
    """KL(p || q), of the batch's shape, never negative but for sampling error.

    If no closed form is registered for the two types it is estimated from `samples` draws of p;
    with the default, 0, from 1000, and a warning says so with the estimate's standard error.  The
    estimate's gradient is unbiased, to any order.
    Raises ValueError if q gives no density to a sample of p, for then the divergence is infinite.
    """
    for a in type(p).__mro__:
        for b in type(q).__mro__:
            if (a, b) in closed_forms:
                return closed_forms[a, b](p, q)
    log_ratio = estimate_terms(p, q, samples or 1000, rng)
    if not samples:
        error = float(log_ratio.data.std(0).max()) / math.sqrt(len(log_ratio))
        warnings.warn(
            f"kl_divergence({type(p).__name__}, {type(q).__name__}): no closed form, estimated "
            f"from 1000 samples with a standard error of up to {error:.2g}; give samples=",
            stacklevel=2,
        )
    return log_ratio.mean(0)


def estimate_terms(p: Distribution, q: Distribution, samples: int, rng: Any) -> Tensor:
    """log p(x)/q(x) at samples of p: (samples, ...).

    Where x is no function of p's parameters, their gradient comes through the probability of having
    drawn x: the factor e^(log p - constant) is 1, and has the gradient of log p (the "magic box",
    Foerster et al. 2018, arXiv:1802.05098, eq. 7).
    """
    if p.has_rsample:
        x = p.rsample((samples,), rng)
        return p.log_prob(x) - q.log_prob(x)
    x = p.sample((samples,), rng)
    log_p = p.log_prob(x)
    return (log_p - q.log_prob(x)) * exp(log_p - log_p.detach())


# ------------------------------------------------------------------------ two of the same family


@register_kl(Uniform, Uniform)
def _(p, q):
    inside = (q.low.data <= p.low.data) & (p.high.data <= q.high.data)
    return where(inside, log((q.high - q.low) / (p.high - p.low)), math.inf)


@register_kl(Exponential, Exponential)
def _(p, q):
    ratio = q.rate / p.rate
    return ratio - 1 - log(ratio)


@register_kl(Laplace, Laplace)
def _(p, q):
    # E_p |x - m| = d + b_p e^(-d / b_p) with d = |m_p - m|
    d = absolute(p.loc - q.loc)
    return log(q.scale / p.scale) + (d + p.scale * exp(-d / p.scale)) / q.scale - 1


@register_kl(Normal, Normal)
def _(p, q):
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - log(ratio))


@register_kl(MultivariateNormal, MultivariateNormal)
def _(p, q):
    # (tr(Sq^-1 Sp) + d' Sq^-1 d - D) / 2 + log det Lq - log det Lp, with Sq^-1 = M'M, M = Lq^-1
    m = inv(q.scale_tril)
    trace = sum((m @ p.scale_tril) ** 2, (-2, -1))
    z = expand_dims(p.loc - q.loc, -2) @ swapaxes(m, -1, -2)
    return 0.5 * (trace + sum(z * z, (-2, -1)) - p._d) + q._half_log_det() - p._half_log_det()


@register_kl(Gamma, Gamma)
def _(p, q):
    a, b = p.concentration, q.concentration
    return (
        b * log(p.rate / q.rate)
        + gammaln(b)
        - gammaln(a)
        + (a - b) * digamma(a)
        + a * (q.rate / p.rate - 1)
    )


@register_kl(Beta, Beta)
def _(p, q):
    a, b = p.concentration1, p.concentration0
    c, d = q.concentration1, q.concentration0
    return (
        betaln(c, d)
        - betaln(a, b)
        + (a - c) * digamma(a)
        + (b - d) * digamma(b)
        + (c + d - a - b) * digamma(a + b)
    )


@register_kl(Dirichlet, Dirichlet)
def _(p, q):
    a, b = p.concentration, q.concentration
    gap = digamma(a) - digamma(sum(a, -1, keepdims=True))
    return q._log_normaliser() - p._log_normaliser() + sum((a - b) * gap, -1)


@register_kl(Bernoulli, Bernoulli)
def _(p, q):
    return -p.entropy() - q.log_chance(p.probs, 1 - p.probs)


@register_kl(Binomial, Binomial)
def _(p, q):
    if (p.total_count.data != q.total_count.data).any():
        raise ValueError("kl_divergence(Binomial, Binomial): total_count must be the same in both")
    n, chance = p.total_count, p.probs
    return n * (p.log_chance(chance, 1 - chance) - q.log_chance(chance, 1 - chance))


@register_kl(Categorical, Categorical)
def _(p, q):
    some = p.probs > 0
    return sum(p.probs * (where(some, p.logits, 0.0) - where(some, q.logits, 0.0)), -1)


@register_kl(Poisson, Poisson)
def _(p, q):
    return p.rate * log(p.rate / q.rate) - p.rate + q.rate


@register_kl(Independent, Independent)
def _(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise ValueError("kl_divergence: both Independent must reinterpret as many axes")
    return p._total(kl_divergence(p.base_dist, q.base_dist))


# -------------------------------------------------------------------- two of different families


@register_kl(Exponential, Gamma)
def _(p, q):
    return kl_divergence(Gamma(p.rate**0, p.rate), q)


@register_kl(Gamma, Exponential)
def _(p, q):
    return kl_divergence(p, Gamma(q.rate**0, q.rate))


@register_kl(Uniform, Normal)
def _(p, q):
    return -p.entropy() + _cross_entropy_with_normal(p, q)


@register_kl(Laplace, Normal)
def _(p, q):
    return -p.entropy() + _cross_entropy_with_normal(p, q)


@register_kl(Gamma, Normal)
def _(p, q):
    return -p.entropy() + _cross_entropy_with_normal(p, q)


def _cross_entropy_with_normal(p: Distribution, q: Normal) -> Tensor:
    """-E_p log q(x) = log(s sqrt(2 pi)) + (Var_p + (E_p - m)^2) / (2 s^2)."""
    second_moment = p.variance + (p.mean - q.loc) ** 2
    return log(q.scale) + 0.5 * math.log(2 * math.pi) + second_moment / (2 * q.scale**2)
