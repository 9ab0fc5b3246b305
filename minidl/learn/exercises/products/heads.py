"""Views have gradients too: the split into heads of attention.

    x: (N, T, H D) -> (N, T, H, D) -> (N, H, T, D) = y

Nothing is computed, entries only change places; so do their gradients, back the same way: undo the
last step first.
"""

import numpy as np


def split_heads(x, heads):
    """(N, T, H D) -> (N, H, T, D), for a number of heads H."""
    raise NotImplementedError


def split_heads_backward(g, y, x, heads):
    """dL/dx (N, T, H D), given g = dL/dy (N, H, T, D)."""
    raise NotImplementedError
