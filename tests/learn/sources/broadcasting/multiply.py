"""The gradient of a product, when both factors may be broadcast.

    y = a * b           a: (N, D), b: (1, D)          y: (N, D)

    dL/da = g * b       dL/db = g * a, summed over the axis along which b was repeated
"""

import numpy as np


def multiply_backward(g, y, a, b):
    """(dL/da, dL/db), of the shapes of a (N, D) and b (1, D), given g = dL/dy (N, D)."""
    # BEGIN SOLUTION
    return g * b, (g * a).sum(axis=0, keepdims=True)
    # END SOLUTION
