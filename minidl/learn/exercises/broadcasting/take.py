"""The gradient of indexing, when an index occurs several times.

    y_k = x[i_k]                x: (V, D), i: (K,) integers, y: (K, D)

This is how an embedding looks words up.  A row that was taken twice gets both gradients: they add
up.  Beware: `dx[i] += g` adds only one of them, because NumPy reads, adds and writes all at once.
"""

import numpy as np


def take_backward(g, y, x, i):
    """dL/dx (V, D), given g = dL/dy (K, D).  (Return it alone; i is made of integers.)"""
    raise NotImplementedError
