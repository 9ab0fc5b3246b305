"""Carlini and Wagner's margin.

    f(Z) = max( max_{i != t} Z_i - Z_t, -kappa )        one value a row of logits Z: (N, K)

Positive while another class than the target t leads.  The maximum runs over the OTHER classes: put
-inf at t first.  arXiv:1608.04644, section VI.A.
"""

import numpy as np


def margin(z, t, kappa):
    """f.  z: (N, K), t: (N,) below K.  Returns (N,)."""
    raise NotImplementedError


def margin_backward(g, y, z, t, kappa):
    """dL/dz (N, K), given g = dL/df (N,)."""
    raise NotImplementedError
