"""Choices and questions, element by element: the larger of two, within bounds, this or that.

A choice passes the gradient to what it chose.  At a tie it is shared; a comparison has none.
"""

from __future__ import annotations

import numpy as np

from ..graph import op


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


@op
def maximum(a, b):
    """The larger of a and b.  At a tie each receives half of the gradient."""
    return np.maximum(a, b)


def _share(g, chosen, tied):
    """g where an input was chosen, half of it where the inputs are equal."""
    return where(tied, 0.5 * g, where(chosen, g, 0.0))


maximum.vjp(
    a=lambda g, a, b: _share(g, a > b, a == b),
    b=lambda g, a, b: _share(g, b > a, a == b),
)


@op
def minimum(a, b):
    """The smaller of a and b.  At a tie each receives half of the gradient."""
    return np.minimum(a, b)


minimum.vjp(
    a=lambda g, a, b: _share(g, a < b, a == b),
    b=lambda g, a, b: _share(g, b < a, a == b),
)


@op
def fmax(a, b):
    """The larger of a and b, or the one that is not NaN.  At a tie each receives half."""
    return np.fmax(a, b)


fmax.vjp(
    a=lambda g, a, b: _share(g, (a > b) | isnan(b), a == b),
    b=lambda g, a, b: _share(g, (b > a) | isnan(a), a == b),
)


@op
def fmin(a, b):
    """The smaller of a and b, or the one that is not NaN.  At a tie each receives half."""
    return np.fmin(a, b)


fmin.vjp(
    a=lambda g, a, b: _share(g, (a < b) | isnan(b), a == b),
    b=lambda g, a, b: _share(g, (b < a) | isnan(a), a == b),
)


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

# ------------------------------------------------------------- steps: the derivative is 0


@op
def sign(x):
    """-1, 0 or 1."""
    return np.sign(x)


@op
def floor(x):
    """The largest integer not above x."""
    return np.floor(x)


@op
def ceil(x):
    """The smallest integer not below x."""
    return np.ceil(x)


@op
def round(x, decimals=0):
    """x to so many decimals; a half goes to the even neighbour."""
    return np.round(x, decimals)


for _step in (sign, floor, ceil, round):
    _step.vjp(x=lambda g: g * 0.0)

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
