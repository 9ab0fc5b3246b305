"""The gradient of a mean along an axis.

    y_d = 1/N sum_n x_nd        x: (N, D), y: (D,)

Every x_nd moves y_d by 1/N as much, so each entry of a column gets the same share of its gradient.
"""

import numpy as np


def mean_backward(g, y, x):
    """dL/dx (N, D), given g = dL/dy (D,)."""
    # BEGIN SOLUTION
    return np.broadcast_to(g / len(x), x.shape)
    # END SOLUTION
