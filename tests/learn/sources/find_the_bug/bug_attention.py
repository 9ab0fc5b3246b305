"""Find the bug: attention with shared keys and values.  Passing this stands for the whole track.

    S = q x^T,  A = softmax of the rows of S,  Y = A x          q: (T, D), x: (S, D)

Here x is both key and value, as in the simplest self-attention.  One line of this backward is
wrong.  The checker says: dL/dq is right, dL/dx is not.

    def attend_backward(g, y, q, x):
    1       s = q @ x.T
    2       a = np.exp(s - s.max(axis=1, keepdims=True))
    3       a = a / a.sum(axis=1, keepdims=True)
    4       da = g @ x.T
    5       ds = a * (da - (da * a).sum(axis=1, keepdims=True))
    6       dq = ds @ x
    7       dx = ds.T @ q
    8       return dq, dx
"""

import numpy as np


def wrong_line():
    """The number of the wrong line."""
    # BEGIN SOLUTION
    return 7
    # END SOLUTION


def attend_backward(g, y, q, x):
    """The backward above, mended: (dL/dq, dL/dx)."""
    # BEGIN SOLUTION
    s = q @ x.T
    a = np.exp(s - s.max(axis=1, keepdims=True))
    a = a / a.sum(axis=1, keepdims=True)
    da = g @ x.T
    ds = a * (da - (da * a).sum(axis=1, keepdims=True))
    return ds @ x, ds.T @ q + a.T @ g
    # END SOLUTION
