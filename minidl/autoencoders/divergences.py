"""How far apart are two laws?  Kullback-Leibler and Jensen-Shannon, from their probabilities.

An autoencoder becomes a model of the data when its codes follow a known law, the prior; a
divergence measures how far they are from that.

    KL(p || q) = E_{x ~ p} log p(x) / q(x)                           Kullback and Leibler 1951
    JSD(p, q)  = 1/2 KL(p || m) + 1/2 KL(q || m),  m = (p + q) / 2   Lin 1991

KL is not symmetric, and infinite as soon as q is 0 somewhere where p is not.  JSD is symmetric and
never exceeds log 2, which it reaches where the two have no point in common.

The notes print JSD as E[-log p/q] + E[-log q/p].  With one expectation the two terms cancel; with
one under p and one under q they are -KL(p || q) - KL(q || p), which is negative, and infinite where
JSD is log 2 (`minidl notes jsd`).

Rows of the notes: kl-divergence, jsd.
"""

from __future__ import annotations

from ..checks import checked, probabilities
from ..graph import Tensor
from ..ops.special import xlogy


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """KL(p || q) in nats; inf where q is 0 and p is not.

    p, q: (..., K) probabilities, which sum to 1 along the last axis.  Returns (...).
    """
    # sum_x p log p - p log q, where 0 log 0 = 0
    return (xlogy(p, p) - xlogy(p, q)).sum(axis=-1)


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    """JSD(p, q) in nats, from 0 to log 2.

    p, q: (..., K) probabilities.  Returns (...).  Lin 1991, IEEE Trans. Information Theory 37(1).
    """
    m = (p + q) / 2
    return kl_divergence(p, m) / 2 + kl_divergence(q, m) / 2


checked(kl_divergence, p=probabilities(3, 4), q=probabilities(3, 4))
checked(jensen_shannon, p=probabilities(3, 4), q=probabilities(3, 4))
