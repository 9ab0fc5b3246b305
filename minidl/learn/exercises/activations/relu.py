"""ReLU and its gradient.

    y = max(x, 0)

Each entry of y depends on one entry of x alone, so dL/dx = dL/dy * dy/dx, entry by entry: the
gradient passes where x > 0 and is stopped where x < 0.  At x = 0 there is no slope; take 0.

    g = dL/dy, y and x have the same shape, say (N, D).
"""

import numpy as np


def relu(x):
    """max(x, 0).  x: (N, D).  Returns (N, D)."""
    raise NotImplementedError


def relu_backward(g, y, x):
    """dL/dx, given g = dL/dy."""
    raise NotImplementedError
