"""Undo a broadcast.

An array b of shape (1, D) or (D,) was stretched to shape (N, D): every row is the same b.  So b
acts on the result N times, and its gradient is the sum of what arrives at the copies:

    y_nd = b_d          dL/db_d = sum_n dL/dy_nd

In general: sum over every axis that was stretched, and give the sum the shape of b.
    - axes that b does not have at all stand in front: sum them away
    - axes where b has length 1 and g has more: sum them, and keep the axis with length 1
"""

import numpy as np


def unbroadcast(g, shape):
    """The gradient of an array of `shape` that was broadcast to the shape of g.

    g: (...).  shape: a tuple, such as (5,), (1, 5) or ().  Returns an array of that shape.
    """
    # BEGIN SOLUTION
    lead = g.ndim - len(shape)
    g = g.sum(axis=tuple(range(lead)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=stretched, keepdims=True)
    # END SOLUTION
