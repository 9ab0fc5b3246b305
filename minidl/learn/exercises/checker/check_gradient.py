"""Write the gradient checker.  Passing this stands for the whole track.

Given f(x) -> y and backward(g, x) -> dL/dx, both on arrays, say whether backward is right.

    1. Draw g with rng.standard_normal(y.shape).  Never take ones: the gradient of a sum of softmax
       is zero, and a backward that returns zeros would pass.
    2. Measure the slope of sum(g * f(x)) along each entry of x by a central difference, h = 1e-5.
    3. Compare with backward(g, x): the largest difference, relative to the largest slope, must be
       below 1e-6.

It will be tried on right and on wrong backwards.  A gradient of another shape than x is wrong.
"""

import numpy as np


def is_right(f, backward, x, rng):
    """True or False."""
    raise NotImplementedError
