"""Many products at once, with one matrix shared.

    y_b = a_b w         a: (B, N, D), w: (D, K), y: (B, N, K)

The matrix w takes part in every product of the batch: its gradient is the sum over all of them.
"""

import numpy as np


def batched_backward(g, y, a, w):
    """(dL/da (B, N, D), dL/dw (D, K)), given g = dL/dy (B, N, K)."""
    # BEGIN SOLUTION
    return g @ w.T, np.einsum("bnd,bnk->dk", a, g)
    # END SOLUTION
