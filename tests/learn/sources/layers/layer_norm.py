"""Layer normalisation: every row is standardised by itself.

    m_n = mean_d x_nd,  v_n = mean_d (x_nd - m_n)^2,  xhat_nd = (x_nd - m_n) / sqrt(v_n + eps)
    y_nd = w_d xhat_nd + b_d

With h = g w:   dL/dx = (h - mean_d h - xhat mean_d (h xhat)) / sqrt(v + eps)

Ba, Kiros and Hinton 2016 (arXiv:1607.06450).
"""

import numpy as np


def layer_norm_backward(g, y, x, w, b, eps):
    """(dL/dx (N, D), dL/dw (D,), dL/db (D,)), given g = dL/dy (N, D)."""
    # BEGIN SOLUTION
    scale = 1 / np.sqrt(x.var(axis=1, keepdims=True) + eps)
    xhat = (x - x.mean(axis=1, keepdims=True)) * scale
    h = g * w
    mean = lambda a: a.mean(axis=1, keepdims=True)
    return scale * (h - mean(h) - xhat * mean(h * xhat)), (g * xhat).sum(axis=0), g.sum(axis=0)
    # END SOLUTION
