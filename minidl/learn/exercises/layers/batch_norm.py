"""Batch normalisation of images.  Passing this stands for the whole track.

    m_c, v_c = mean and variance of channel c over examples AND places (N, H, W)
    y = w_c (x - m_c) / sqrt(v_c + eps) + b_c           x: (N, C, H, W), w, b: (C,)

m and v depend on every entry of the channel, so every entry's gradient has three parts: its own,
one through m and one through v.  Ioffe and Szegedy 2015 (arXiv:1502.03167).
"""

import numpy as np


def batch_norm_backward(g, y, x, w, b, eps):
    """(dL/dx (N, C, H, W), dL/dw (C,), dL/db (C,)), given g = dL/dy (N, C, H, W)."""
    raise NotImplementedError
