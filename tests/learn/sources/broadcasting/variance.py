"""All at once: the gradient of a standardised column.  Passing this stands for the whole track.

    m_d = 1/N sum_n x_nd        v_d = 1/N sum_n (x_nd - m_d)^2
    y_nd = w_d (x_nd - m_d) / sqrt(v_d + eps)

x appears in the numerator, in the mean and in the variance.  Go backward one operation at a time,
and undo each broadcast by a sum.
"""

import numpy as np


def standardise_backward(g, y, x, w, eps):
    """(dL/dx, dL/dw), of the shapes of x (N, D) and w (D,), given g = dL/dy (N, D)."""
    # BEGIN SOLUTION
    centred = x - x.mean(axis=0)
    scale = 1 / np.sqrt(centred.var(axis=0) + eps)
    normal = centred * scale
    gn = g * w
    dx = scale * (gn - gn.mean(axis=0) - normal * (gn * normal).mean(axis=0))
    return dx, (g * normal).sum(axis=0)
    # END SOLUTION
