"""What GANs do where everything can be computed: real and generated law on finitely many points.

    V(D) = sum_x p(x) log D(x) + q(x) log(1 - D(x)),   p real, q generated

is largest at D* = p / (p + q), where it is

    C(q) = sum_x p log p/(p + q) + q log q/(p + q) = -log 4 + KL(p || m) + KL(q || m)
         = -log 4 + 2 JSD(p, q),   m = (p + q)/2.

C is least, -log 4, at q = p and nowhere else.  Goodfellow et al. 2014 (arXiv:1406.2661),
propositions 1 and 2, theorem 1.

What the notes print wrongly: E_{x ~ p_g} log(1 - D(G(x))) for log(1 - D(x)), as x is generated
already (`minidl notes gan-optimal-d`), and JS for KL + KL, which is 2 JS (`minidl notes
js-not-continuous`).  That JS "is not continuous" is meant of a family of laws: for two points at
distance t it is log 2 as soon as t != 0, and tells a generator nothing of how far it has to go,
where the Wasserstein distance is |t|.  On laws over fixed points JS is as smooth as can be.

The logarithm may be another increasing function phi (Arora et al. 2017, arXiv:1703.00573,
equation 1): phi = log is the GAN, phi(t) = t the Wasserstein GAN.  The notes name log "for DC-GAN",
which is an architecture.

Rows of the notes: gan-optimal-d, gan-global-min, js-not-continuous, phi-variants.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..checks import between, checked, normal, probabilities
from ..graph import Tensor
from ..nn import functional as F
from ..ops.elementwise import exp, log, logaddexp
from ..ops.special import xlogy

# p, q: (..., K) laws on K points, real and generated.  d: (..., K), the discriminator's values.


def phi_value(phi: Callable[[Tensor], Tensor], d: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """sum_x p phi(d) + q phi(1 - d).  Returns (...)."""
    return (p * phi(d) + q * phi(1 - d)).sum(axis=-1)


def law_value(logits: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """V = sum_x p log s(l) + q log(1 - s(l)), for logits l (..., K).  Returns (...)."""
    return (p * F.logsigmoid(logits) + q * F.logsigmoid(-logits)).sum(axis=-1)


def optimal_discriminator(p: Tensor, q: Tensor) -> Tensor:
    """D* = p / (p + q); its logit is the log-ratio log p/q."""
    return p / (p + q)


def criterion(logits: Tensor, p: Tensor) -> Tensor:
    """C(q) = max over D of V, for a generator q = softmax(logits).

    logits: (..., K).  Returns (...), at least -log 4.  m is formed from logarithms, so that a point
    which q has all but left is no trouble.
    """
    log_q = F.log_softmax(logits, dim=-1)
    log_m = logaddexp(log(p), log_q) - math.log(2)
    to_p = (xlogy(p, p) - p * log_m).sum(axis=-1)
    to_q = (exp(log_q) * (log_q - log_m)).sum(axis=-1)
    return to_p + to_q - math.log(4)


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    """JSD = KL(p || m)/2 + KL(q || m)/2 in nats, from 0 to log 2.  Returns (...)."""
    m = (p + q) / 2
    return (xlogy(p, p) + xlogy(q, q) - xlogy(p, m) - xlogy(q, m)).sum(axis=-1) / 2


checked(phi_value, phi=lambda rng: log, d=between(0.2, 0.8, 5), p=probabilities(5),
        q=probabilities(5))  # fmt: skip
checked(law_value, logits=normal(5), p=probabilities(5), q=probabilities(5))
checked(criterion, logits=normal(5), p=probabilities(5))
checked(jensen_shannon, p=probabilities(2, 5), q=probabilities(2, 5))
