"""Operations on each element: arithmetic, powers and roots, exponentials and logarithms.

Two inputs broadcast as in NumPy; the engine sums the gradient over the axes that were stretched.
At a kink the convention stands in the docstring; a second derivative there is 0.
"""

from __future__ import annotations

import math

import numpy as np

from ..graph import op
from .choices import sign, where

# ------------------------------------------------------------------------------- arithmetic


@op
def add(a, b):
    """a + b."""
    return np.add(a, b)


add.vjp(a=lambda g: g, b=lambda g: g)


@op
def subtract(a, b):
    """a - b."""
    return np.subtract(a, b)


subtract.vjp(a=lambda g: g, b=lambda g: -g)


@op
def multiply(a, b):
    """a * b, element by element."""
    return np.multiply(a, b)


multiply.vjp(a=lambda g, b: g * b, b=lambda g, a: g * a)


@op
def divide(a, b):
    """a / b, true division."""
    return np.divide(a, b)


# d(a/b)/db = -a/b^2 = -(a/b)/b
divide.vjp(a=lambda g, b: g / b, b=lambda g, b, y: -g * y / b)


@op
def floor_divide(a, b):
    """The largest integer not above a / b.  Its derivative is 0."""
    return np.floor_divide(a, b)


floor_divide.vjp(a=lambda g: g * 0.0, b=lambda g: g * 0.0)


@op
def remainder(a, b):
    """a - b * floor(a / b), with the sign of b; floor counts as a constant."""
    return np.remainder(a, b)


remainder.vjp(a=lambda g: g, b=lambda g, a, b: -g * floor_divide(a, b))


@op
def negative(x):
    """-x."""
    return np.negative(x)


negative.vjp(x=lambda g: -g)


@op
def power(a, b):
    """a ** b, for a > 0, or for any a where b is a constant integer.

    d/da = b a^(b-1), which is 0 where b = 0 whatever a is.
    d/db = a^b log a, which is 0 where a = 0 and b >= 0 (the limit).
    """
    return a**b  # the operator turns x**2 into x * x, np.power does not


def _power_a(g, a, b):
    # A constant exponent is the common case, and x**2 the commonest.
    if isinstance(b, int | float):
        if b == 2:
            return g * (2.0 * a)
        return g * (b * a ** (b - 1)) if b else g * 0.0
    zero = b == 0
    # b a^(b-1) with the exponent 0 taken out, so that 0^(-1) is never computed
    return g * (b * power(a, where(zero, 1.0, b - 1.0)))


def _power_b(g, a, y):
    if isinstance(a, int | float):
        return g * y * float(log(a or 1.0))
    return g * y * log(where(a == 0, 1.0, a))


power.vjp(a=_power_a, b=_power_b)


@op
def absolute(x):
    """|x|.  The derivative is sign(x), 0 at 0."""
    return np.absolute(x)


absolute.vjp(x=lambda g, x: g * sign(x))


@op
def square(x):
    """x^2."""
    return np.square(x)


square.vjp(x=lambda g, x: g * (2.0 * x))


@op
def reciprocal(x):
    """1 / x."""
    return np.reciprocal(x)


reciprocal.vjp(x=lambda g, y: -g * y * y)


# ------------------------------------------------------------------ roots, exponentials, logarithms


@op
def sqrt(x):
    """The square root.  At 0 the derivative is inf, as the formula has it."""
    return np.sqrt(x)


sqrt.vjp(x=lambda g, y: 0.5 * g / y)


@op
def rsqrt(x):
    """1 / sqrt(x)."""
    return 1.0 / np.sqrt(x)


rsqrt.vjp(x=lambda g, y: g * (-0.5 * y * y * y))


@op
def hypot(a, b):
    """sqrt(a^2 + b^2), without overflow.  Where both are 0 the derivative is 0."""
    return np.hypot(a, b)


def _hypot_rule(g, x, y):
    # dy/dx = x / y; at y = 0 the quotient is never formed, so that it spoils no second derivative
    zero = y == 0
    return where(zero, 0.0, g * x / where(zero, 1.0, y))


hypot.vjp(a=lambda g, a, y: _hypot_rule(g, a, y), b=lambda g, b, y: _hypot_rule(g, b, y))


@op
def exp(x):
    """e^x."""
    return np.exp(x)


exp.vjp(x=lambda g, y: g * y)


@op
def exp2(x):
    """2^x."""
    return np.exp2(x)


exp2.vjp(x=lambda g, y: g * (math.log(2) * y))


@op
def expm1(x):
    """e^x - 1, exact for small x."""
    return np.expm1(x)


expm1.vjp(x=lambda g, y: g * (y + 1.0))


@op
def log(x):
    """The natural logarithm."""
    return np.log(x)


log.vjp(x=lambda g, x: g / x)


@op
def log2(x):
    """The logarithm to base 2."""
    return np.log2(x)


log2.vjp(x=lambda g, x: g / (math.log(2) * x))


@op
def log10(x):
    """The logarithm to base 10."""
    return np.log10(x)


log10.vjp(x=lambda g, x: g / (math.log(10) * x))


@op
def log1p(x):
    """log(1 + x), exact for small x."""
    return np.log1p(x)


log1p.vjp(x=lambda g, x: g / (1.0 + x))


@op
def logaddexp(a, b):
    """log(e^a + e^b), without overflow."""
    return np.logaddexp(a, b)


logaddexp.vjp(a=lambda g, a, y: g * exp(a - y), b=lambda g, b, y: g * exp(b - y))
