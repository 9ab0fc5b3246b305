"""Measure a gradient, entry by entry.

    dL/dx_i = (L(x + h e_i) - L(x - h e_i)) / 2h

x has any shape.  Move one entry at a time, and leave x as you found it: whoever gave you the array
still needs it.
"""

import numpy as np


def numeric_gradient(f, x, h):
    """The gradient of the number f(x), an array of the shape of x, with step h."""
    raise NotImplementedError
