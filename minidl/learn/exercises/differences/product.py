"""Check a backward along one direction.  Passing this stands for the whole track.

A backward computes g J, for the Jacobian J of y = f(x).  Multiplied by any direction u it must give
what y does along u:

    sum(g J * u)  =  sum(g * (f(x + h u) - f(x - h u)) / 2h)

Two evaluations of f, whatever the size of x.  Take g and u random: for u = 1, or g = 1, errors of
different entries may cancel.
"""

import numpy as np


def disagreement(f, backward, x, rng, h):
    """|left - right| of the line above.

    f(x) -> y, an array.  backward(g, x) -> g J, of the shape of x.
    rng: draw g = rng.standard_normal(y.shape) first, then u = rng.standard_normal(x.shape).
    """
    raise NotImplementedError
