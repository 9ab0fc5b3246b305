"""A form in three arguments.  Passing this stands for the whole track.

    y_n = sum_ij  x_ni w_ij z_nj        x: (N, D), w: (D, K), z: (N, K), y: (N,)

For each argument, leave it out of the sum and put the gradient g_n there instead:

    dL/dx_ni = sum_j g_n w_ij z_nj      and so on

np.einsum writes such sums as they stand on paper.
"""

import numpy as np


def bilinear_backward(g, y, x, w, z):
    """(dL/dx, dL/dw, dL/dz), given g = dL/dy (N,)."""
    raise NotImplementedError
