"""A convolution by hand, as cross-correlation, which is what layers of that name compute.

    y_nkt = sum_c sum_s  w_kcs x_nc(t+s)        x: (N, C, T), w: (K, C, S), y: (N, K, T - S + 1)

Entry x_nct takes part in y_nk(t-s) for every s: its gradient runs over the kernel the other way
round.  A loop over s, the few taps of the kernel, is enough; the rest are matrix products.
"""

import numpy as np


def conv1d(x, w):
    """(N, C, T), (K, C, S) -> (N, K, T - S + 1)."""
    # BEGIN SOLUTION
    length = x.shape[2] - w.shape[2] + 1
    taps = (np.einsum("kc,nct->nkt", w[:, :, s], x[:, :, s : s + length])
            for s in range(w.shape[2]))
    return sum(taps)
    # END SOLUTION


def conv1d_backward(g, y, x, w):
    """(dL/dx, dL/dw), given g = dL/dy (N, K, T - S + 1)."""
    # BEGIN SOLUTION
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    length = g.shape[2]
    for s in range(w.shape[2]):
        dx[:, :, s : s + length] += np.einsum("kc,nkt->nct", w[:, :, s], g)
        dw[:, :, s] = np.einsum("nkt,nct->kc", g, x[:, :, s : s + length])
    return dx, dw
    # END SOLUTION
