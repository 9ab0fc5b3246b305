"""Monte Carlo for a VAE: two gradients of an expectation, and a tighter bound.

The gradient of E_{z ~ q} f(z) with respect to the parameters of q = N(mu, diag sigma^2):

    reparameterised:  grad f(mu + sigma e)                 f must have a gradient
    score function:   f(z) grad log q(z)                   f may be anything (Williams 1992)

Both are right on average.  The first usually varies far less; that is no theorem, but for f = z^2
and N(theta, 1) the variances with respect to theta are 4 and theta^4 + 14 theta^2 + 15.
A constant b, taken from f, changes no expectation of the second, and may lower its variance.

The importance-weighted bound (Burda, Grosse and Salakhutdinov 2016, arXiv:1509.00519):

    L_K = E log 1/K sum_k p(x, z_k) / q(z_k|x)             z_1..z_K ~ q(z|x)

is the ELBO at K = 1, never falls with K, and tends to log p(x).

Rows of the notes: reparam-variance; reparam, with `vae`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..autograd import grad
from ..checks import checked, normal
from ..graph import Tensor
from ..ops.reduce import logsumexp
from .vae import VAE, gaussian_log_density, log_weights, mlp_vae, reparameterise

Function = Callable[[Tensor], Tensor]  # (N, D) -> (N,)


def reparameterised(f: Function, mu: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """mean_n f(mu + sigma e_n), an estimate of E f.  mu, logvar: (D,).  noise: (N, D)."""
    return f(reparameterise(mu, logvar, noise)).mean()


def score_function(f_z: Tensor, mu: Tensor, logvar: Tensor, z: Tensor) -> Tensor:
    """mean_n f(z_n) log q(z_n): no estimate of E f, but its gradient is one of E f's gradient.

    f_z: (N,), the values f(z), constants; less a baseline, if there is one.  z: (N, D), draws from
    q, constants too.  mu, logvar: (D,).
    """
    return (f_z * gaussian_log_density(z, mu, logvar)).mean()


def reparameterised_gradients(f: Function, mu: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """The gradient with respect to mu that each draw gives by itself: (N, D).

    mu, logvar: (D,), or (N, D) for each draw its own.  noise: (N, D).
    """
    mu = (mu.detach() + 0.0 * noise).requires_grad_()  # a copy for each draw
    return grad(f(reparameterise(mu, logvar, noise)).sum(), mu)[0]


def score_function_gradients(
    f: Function, mu: Tensor, logvar: Tensor, noise: Tensor, baseline: Tensor | float = 0.0
) -> Tensor:
    """The same by the score function.  baseline: one number, or (N,); it must not depend on z."""
    z = reparameterise(mu, logvar, noise).detach()
    mu = (mu.detach() + 0.0 * noise).requires_grad_()
    return grad(((f(z) - baseline) * gaussian_log_density(z, mu, logvar)).sum(), mu)[0]


def importance_weighted_bound(vae: VAE, x: Tensor, noise: Tensor) -> Tensor:
    """L_K, one value an example, from K = len(noise) draws.  noise: (K, N, code).  Returns (N,).

    For a data set and large K, give x in parts: every draw of every example is decoded.
    """
    # log 1/K sum_k w_k, from the logarithms of the weights
    return logsumexp(log_weights(vae, x, noise), axis=0) - math.log(len(noise))


checked(
    reparameterised,
    f=lambda rng: lambda z: (z**2).sum(axis=1),
    mu=normal(2),
    logvar=normal(2),
    noise=normal(5, 2),
)
checked(score_function, f_z=normal(5), mu=normal(2), logvar=normal(2), z=normal(5, 2))
checked(
    importance_weighted_bound,
    vae=lambda rng: mlp_vae(VAE, 4, 5, 2, rng=rng),
    x=normal(3, 4),
    noise=normal(4, 3, 2),
)
