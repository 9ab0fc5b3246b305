"""How large should the step be?

A central difference with step h is wrong twice over:

    truncation   |f'''| h^2 / 6        grows with h: the curve is not a parabola
    rounding     eps |f| / h           grows as h shrinks: f(x + h) - f(x - h) loses digits

where eps = 2.2e-16 in float64.  Their sum is least where its derivative by h is zero.
"""


def error(h, eps, f, f3):
    """truncation + rounding for a function with |f| and |f'''| at x."""
    raise NotImplementedError


def best_step(eps, f, f3):
    """The h > 0 that makes `error` least."""
    raise NotImplementedError
