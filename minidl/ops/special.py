"""Special functions: the error function and the gamma function with their relations.

SciPy's ufuncs hand CuPy arrays to CuPy; what SciPy writes in Python comes from the backend.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from .. import backend
from ..graph import op
from .choices import where
from .elementwise import exp, log

# -------------------------------------------------------------------------- the error function


@op
def erf(x):
    """2/sqrt(pi) times the integral of e^(-t^2) from 0 to x."""
    return scipy.special.erf(x)


erf.vjp(x=lambda g, x: g * (2 / math.sqrt(math.pi)) * exp(-x * x))


@op
def erfc(x):
    """1 - erf(x), exact for large x."""
    return scipy.special.erfc(x)


erfc.vjp(x=lambda g, x: g * (-2 / math.sqrt(math.pi)) * exp(-x * x))


@op
def erfinv(x):
    """The inverse of erf on (-1, 1)."""
    return scipy.special.erfinv(x)


erfinv.vjp(x=lambda g, y: g * (math.sqrt(math.pi) / 2) * exp(y * y))


@op
def ndtr(x):
    """The standard normal's distribution function P(Z <= x), exact in both tails."""
    return scipy.special.ndtr(x)


ndtr.vjp(x=lambda g, x: g * (1 / math.sqrt(2 * math.pi)) * exp(-0.5 * x * x))

# -------------------------------------------------------------------------- the gamma function


@op
def gammaln(x):
    """log |Gamma(x)|."""
    return scipy.special.gammaln(x)


gammaln.vjp(x=lambda g, x: g * digamma(x))


@op
def digamma(x):
    """The derivative of log Gamma."""
    return scipy.special.digamma(x)


digamma.vjp(x=lambda g, x: g * polygamma(1, x))


@op
def polygamma(n, x):
    """The n-th derivative of digamma, for a whole number n >= 0.

    (-1)^(n+1) n! zeta(n + 1, x), with Hurwitz's zeta (Abramowitz & Stegun 6.4.10).
    """
    if n == 0:
        return scipy.special.digamma(x)
    values = (-1) ** (n + 1) * math.factorial(n) * backend.zeta(float(n + 1), x)
    return values.astype(x.dtype)


polygamma.vjp(x=lambda g, n, x: g * polygamma(n + 1, x))

# ------------------------------------------------------------------------------- x log y


@op
def xlogy(a, b):
    """a log b, which is 0 where a is 0 whatever b is; so are its derivatives there if b is 0."""
    # SciPy would have a Python number make a float32 array float64
    return scipy.special.xlogy(a, b).astype(np.result_type(a, b))


xlogy.vjp(
    a=lambda g, a, b: g * log(where((a == 0) & (b == 0), 1.0, b)),
    b=lambda g, a, b: where(a == 0, 0.0, g * a / where(a == 0, 1.0, b)),
)
