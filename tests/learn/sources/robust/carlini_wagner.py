"""Carlini and Wagner's margin.

    f(Z) = max( max_{i != t} Z_i - Z_t, -kappa )        one value a row of logits Z: (N, K)

Positive while another class than the target t leads.  The maximum runs over the OTHER classes: put
-inf at t first.  arXiv:1608.04644, section VI.A.
"""

import numpy as np


def margin(z, t, kappa):
    """f.  z: (N, K), t: (N,) below K.  Returns (N,)."""
    # BEGIN SOLUTION
    rows = np.arange(len(z))
    others = z.copy()
    others[rows, t] = -np.inf
    return np.maximum(others.max(axis=1) - z[rows, t], -kappa)
    # END SOLUTION


def margin_backward(g, y, z, t, kappa):
    """dL/dz (N, K), given g = dL/df (N,)."""
    # BEGIN SOLUTION
    rows = np.arange(len(z))
    others = z.copy()
    others[rows, t] = -np.inf
    g = g * (others.max(axis=1) - z[rows, t] > -kappa)
    dz = np.zeros_like(z)
    dz[rows, others.argmax(axis=1)] += g
    dz[rows, t] -= g
    return dz
    # END SOLUTION
