"""Max pooling, without overlap.

    y_nt = max(x_n(2t), x_n(2t+1))              x: (N, T) with T even, y: (N, T / 2)

Of each pair the larger entry gets the whole gradient.
"""

import numpy as np


def max_pool_backward(g, y, x):
    """dL/dx (N, T), given g = dL/dy (N, T / 2)."""
    # BEGIN SOLUTION
    pairs = x.reshape(len(x), -1, 2)
    winner = pairs == pairs.max(axis=2, keepdims=True)
    return (g[:, :, None] * winner).reshape(x.shape)
    # END SOLUTION
