"""Find the bug: batch normalisation.

    c = x - mean(x),   v = mean(c^2),   s = 1 / sqrt(v + eps),   y = c s        x: (N, D), along N

One line of this backward is wrong.  It passes for most data that somebody tries by hand: the error
is small when N is large.

    def normalise_backward(g, y, x, eps):
    1       c = x - x.mean(axis=0)
    2       s = 1 / np.sqrt((c**2).mean(axis=0) + eps)
    3       ds = (g * c).sum(axis=0)
    4       dv = -0.5 * s**3 * ds
    5       dc = g * s + 2 * c * dv / (len(x) - 1)
    6       return dc - dc.mean(axis=0)
"""

import numpy as np


def wrong_line():
    """The number of the wrong line."""
    raise NotImplementedError


def normalise_backward(g, y, x, eps):
    """The backward above, mended: dL/dx."""
    raise NotImplementedError
