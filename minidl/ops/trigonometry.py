"""The circle and the hyperbola: sine, tangent and their relations.  Angles are in radians."""

from __future__ import annotations

import math

import numpy as np

from ..graph import op
from .elementwise import sqrt

# --------------------------------------------------------------------------------- the circle


@op
def sin(x):
    """The sine."""
    return np.sin(x)


sin.vjp(x=lambda g, x: g * cos(x))


@op
def cos(x):
    """The cosine."""
    return np.cos(x)


cos.vjp(x=lambda g, x: -g * sin(x))


@op
def tan(x):
    """The tangent."""
    return np.tan(x)


tan.vjp(x=lambda g, y: g * (1.0 + y * y))


@op
def arcsin(x):
    """The angle in [-pi/2, pi/2] whose sine is x."""
    return np.arcsin(x)


arcsin.vjp(x=lambda g, x: g / sqrt(1.0 - x * x))


@op
def arccos(x):
    """The angle in [0, pi] whose cosine is x."""
    return np.arccos(x)


arccos.vjp(x=lambda g, x: -g / sqrt(1.0 - x * x))


@op
def arctan(x):
    """The angle in [-pi/2, pi/2] whose tangent is x."""
    return np.arctan(x)


arctan.vjp(x=lambda g, x: g / (1.0 + x * x))


@op
def arctan2(a, b):
    """The angle, in (-pi, pi], of the point with height a and abscissa b."""
    return np.arctan2(a, b)


arctan2.vjp(
    a=lambda g, a, b: g * b / (a * a + b * b),
    b=lambda g, a, b: -g * a / (a * a + b * b),
)


@op
def sinc(x, order=0):
    """sin(pi x) / (pi x), which is 1 at 0; or its derivative of the given order.

    From x sinc(x) = sin(pi x) / pi, differentiated n times,
        x f_n + n f_{n-1} = pi^{n-1} sin(pi x + n pi/2),
    solved for f_n where x is large enough; near 0 the power series
        f_n(x) = sum_k (-1)^k pi^{2k} x^{2k-n} (2k)! / ((2k-n)! (2k+1)!).
    """
    near = np.abs(x) < 0.5 + 0.5 * order
    far = np.where(near, 1.0, x)
    f = np.sin(math.pi * far) / (math.pi * far)
    for n in range(1, order + 1):
        f = (math.pi ** (n - 1) * np.sin(math.pi * far + 0.5 * math.pi * n) - n * f) / far
    small = np.where(near, x, 0.0)
    first = (order + 1) // 2
    series = sum(_sinc_term(k, order) * small ** (2 * k - order) for k in range(first, first + 24))
    return np.where(near, series, f).astype(x.dtype)


def _sinc_term(k: int, n: int) -> float:
    """The coefficient of x^(2k-n) in the n-th derivative of sinc."""
    return (-1) ** k * math.pi ** (2 * k) / (math.factorial(2 * k - n) * (2 * k + 1))


sinc.vjp(x=lambda g, x, order: g * sinc(x, order + 1))

# ------------------------------------------------------------------------------ the hyperbola


@op
def sinh(x):
    """(e^x - e^-x) / 2."""
    return np.sinh(x)


sinh.vjp(x=lambda g, x: g * cosh(x))


@op
def cosh(x):
    """(e^x + e^-x) / 2."""
    return np.cosh(x)


cosh.vjp(x=lambda g, x: g * sinh(x))


@op
def tanh(x):
    """sinh x / cosh x."""
    return np.tanh(x)


tanh.vjp(x=lambda g, y: g * (1.0 - y * y))


@op
def arcsinh(x):
    """The inverse of sinh."""
    return np.arcsinh(x)


arcsinh.vjp(x=lambda g, x: g / sqrt(x * x + 1.0))


@op
def arccosh(x):
    """The inverse of cosh on [1, inf)."""
    return np.arccosh(x)


arccosh.vjp(x=lambda g, x: g / (sqrt(x - 1.0) * sqrt(x + 1.0)))


@op
def arctanh(x):
    """The inverse of tanh on (-1, 1)."""
    return np.arctanh(x)


arctanh.vjp(x=lambda g, x: g / (1.0 - x * x))
