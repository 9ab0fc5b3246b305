"""Operations on each element: arithmetic, powers, exponentials, the circle, choices.

Two inputs broadcast as in NumPy; the engine sums the gradient over the axes that were stretched.
At a kink the convention stands in the docstring; a second derivative there is 0.
"""

from __future__ import annotations

import numpy as np

from ..graph import op

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


power.vjp(
    a=_power_a,
    b=lambda g, a, b, y: g * y * log(where(a == 0, 1.0, a)),
)


@op
def absolute(x):
    """|x|.  The derivative is sign(x), 0 at 0."""
    return np.absolute(x)


absolute.vjp(x=lambda g, x: g * sign(x))


@op
def sign(x):
    """-1, 0 or 1.  Its derivative is 0."""
    return np.sign(x)


sign.vjp(x=lambda g: g * 0.0)


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
def exp(x):
    """e^x."""
    return np.exp(x)


exp.vjp(x=lambda g, y: g * y)


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
def log1p(x):
    """log(1 + x), exact for small x."""
    return np.log1p(x)


log1p.vjp(x=lambda g, x: g / (1.0 + x))


@op
def logaddexp(a, b):
    """log(e^a + e^b), without overflow."""
    return np.logaddexp(a, b)


logaddexp.vjp(a=lambda g, a, y: g * exp(a - y), b=lambda g, b, y: g * exp(b - y))

# --------------------------------------------------------------------------- circle and hyperbola


@op
def sin(x):
    """The sine of x in radians."""
    return np.sin(x)


sin.vjp(x=lambda g, x: g * cos(x))


@op
def cos(x):
    """The cosine of x in radians."""
    return np.cos(x)


cos.vjp(x=lambda g, x: -g * sin(x))


@op
def tanh(x):
    """The hyperbolic tangent."""
    return np.tanh(x)


tanh.vjp(x=lambda g, y: g * (1.0 - y * y))

# ----------------------------------------------------------------------------------- choices


@op
def maximum(a, b):
    """The larger of a and b.  At a tie each receives half of the gradient."""
    return np.maximum(a, b)


def _share(g, chosen, tied):
    """g where an input was chosen, half of it where the inputs are equal."""
    return where(tied, 0.5 * g, where(chosen, g, 0.0))


maximum.vjp(a=lambda g, a, b: _share(g, a > b, a == b), b=lambda g, a, b: _share(g, b > a, a == b))


@op
def minimum(a, b):
    """The smaller of a and b.  At a tie each receives half of the gradient."""
    return np.minimum(a, b)


minimum.vjp(a=lambda g, a, b: _share(g, a < b, a == b), b=lambda g, a, b: _share(g, b < a, a == b))


@op
def clip(x, a_min=None, a_max=None):
    """x held within [a_min, a_max]; None leaves a side open.  The derivative is 1 at the bounds."""
    return np.clip(x, a_min, a_max)


def _within(x, a_min, a_max):
    """Where x lies within the bounds: an array of bools."""
    inside = x == x
    if a_min is not None:
        inside = inside & (x >= a_min)
    return inside if a_max is None else inside & (x <= a_max)


clip.vjp(x=lambda g, x, a_min, a_max: where(_within(x, a_min, a_max), g, 0.0))


@op
def where(condition, a, b):
    """a where the condition holds, b elsewhere.

    The gradient of the side that was not taken is 0, not 0 times its derivative: a NaN there is
    masked.  But a NaN made inside `a` still spreads further back; mask its input too.
    """
    return np.where(condition, a, b)


where.vjp(
    a=lambda g, condition: where(condition, g, 0.0),
    b=lambda g, condition: where(condition, 0.0, g),
)

# ----------------------------------------------------------------- questions: no derivative


@op
def equal(a, b):
    """a == b."""
    return np.equal(a, b)


@op
def not_equal(a, b):
    """a != b."""
    return np.not_equal(a, b)


@op
def less(a, b):
    """a < b."""
    return np.less(a, b)


@op
def less_equal(a, b):
    """a <= b."""
    return np.less_equal(a, b)


@op
def greater(a, b):
    """a > b."""
    return np.greater(a, b)


@op
def greater_equal(a, b):
    """a >= b."""
    return np.greater_equal(a, b)


@op
def logical_not(x):
    """not x."""
    return np.logical_not(x)


@op
def logical_and(a, b):
    """a and b."""
    return np.logical_and(a, b)


@op
def logical_or(a, b):
    """a or b."""
    return np.logical_or(a, b)


@op
def logical_xor(a, b):
    """Either a or b."""
    return np.logical_xor(a, b)


@op
def isnan(x):
    """Where x is not a number."""
    return np.isnan(x)


@op
def isinf(x):
    """Where x is infinite."""
    return np.isinf(x)


@op
def isfinite(x):
    """Where x is neither infinite nor NaN."""
    return np.isfinite(x)
