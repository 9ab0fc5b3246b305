"""The Fisher information's diagonal, for logistic regression.

    p_n = sigmoid(x_n . w)
    F_d = 1/N sum_n  sum_{c in 0, 1} p(c | x_n) (d log p(c | x_n) / dw_d)^2
        = 1/N sum_n  p_n (1 - p_n) x_nd^2

The square is taken of each example's gradient, and then averaged.  The square of the average is
something else: near a minimum it is zero.
"""

import numpy as np


def fisher_diagonal(w, x):
    """F.  w: (D,), x: (N, D).  Returns (D,)."""
    # BEGIN SOLUTION
    p = 1 / (1 + np.exp(-x @ w))
    return np.mean((p * (1 - p))[:, None] * x**2, axis=0)
    # END SOLUTION
