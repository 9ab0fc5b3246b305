"""Find the bug: two layers.

    h = tanh(x w),   y = h v            x: (N, D), w: (D, H), v: (H, K)

One line of this backward is wrong.  The checker says: dL/dx and dL/dw are wrong, dL/dv is right.

    def two_layers_backward(g, y, x, w, v):
    1       h = np.tanh(x @ w)
    2       dv = h.T @ g
    3       dh = g @ v.T
    4       da = dh * (1 - h)
    5       dw = x.T @ da
    6       dx = da @ w.T
    7       return dx, dw, dv
"""

import numpy as np


def wrong_line():
    """The number of the wrong line."""
    raise NotImplementedError


def two_layers_backward(g, y, x, w, v):
    """The backward above, mended: (dL/dx, dL/dw, dL/dv)."""
    raise NotImplementedError
